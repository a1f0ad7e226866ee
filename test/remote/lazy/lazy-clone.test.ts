import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clone, fetchRefs, openCache, openRepository, prefetch, pull, push, removeRemote, type Repository } from '../../../src/index.ts'
import { files, noise, scratch } from '../two-colleagues.ts'
import { serveFolder } from '../folder-server.ts'

const FILE_BYTES = 10_000

/** Two folders of files, `small` of a few and `big` of many. */
function dataset(seed = 0): ReturnType<typeof files> {
  const contents: Record<string, Uint8Array> = {}
  for (let at = 0; at < 300; at++) contents[`big/${at}.bin`] = noise(FILE_BYTES, seed + at)
  for (let at = 0; at < 20; at++) contents[`small/${at}.bin`] = noise(FILE_BYTES, seed + 1000 + at)
  return files(contents)
}

function isDataPack(path: string): boolean {
  return path.endsWith('.pack') && readFileSync(path)[9] === 0
}

async function log(repository: Repository, ref: string): Promise<{ evicted: boolean; leftAt: string | null }[]> {
  const all = []
  for await (const { evicted, leftAt } of repository.log(ref)) all.push({ evicted, leftAt })
  return all
}

test('a lazy clone moves the history alone; a checkout of one folder moves the bytes of that folder, and what is read is what it was', async () => {
  await using place = scratch()
  await using server = await serveFolder(place.folder)
  const shared = await place.of('shared')
  await shared.snapshot(dataset(5), { ref: 'data' })
  const { root } = await shared.snapshot(dataset(), { ref: 'data' })
  const cloned = await clone(`${server.url}/shared`, place.path('bob'), { lazy: true })
  expect(cloned).toMatchObject({ left: 2, refs: [{ ref: 'data', outcome: 'new' }] })
  expect(server.tally().bytes).toBeLessThan(200_000)
  const bob = await place.of('bob')
  expect(await log(bob, 'data')).toEqual([{ evicted: false, leftAt: 'origin' }, { evicted: false, leftAt: 'origin' }])
  expect(await bob.verify()).toMatchObject({ ok: true, leftAtRemotes: 2 })
  expect(server.tally()).toEqual({ requests: 0, bytes: 0 })
  await bob.checkout('data:small', place.path('out'))
  expect(readdirSync(place.path('out/small'))).toHaveLength(20)
  expect(readFileSync(join(place.path('out/small'), '7.bin')).equals(noise(FILE_BYTES, 1007))).toBe(true)
  const { requests, bytes } = server.tally()
  expect(bytes).toBeGreaterThan(20 * FILE_BYTES)
  expect(bytes).toBeLessThan(20 * FILE_BYTES + 300_000)
  expect(requests).toBeLessThan(20)
  expect((await bob.resolve('data')).root.toString()).toBe(root)
  expect(Buffer.from(await bob.read('data~1', 'big/3.bin')).equals(noise(FILE_BYTES, 8))).toBe(true)
}, 60_000)

test('what the remote serves wrongly is never handed out', async () => {
  await using place = scratch()
  await using server = await serveFolder(place.folder)
  const shared = await place.of('shared')
  await shared.snapshot(dataset(), { ref: 'data' })
  await clone(`${server.url}/shared`, place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  server.alter = (path, bytes) => (isDataPack(path) ? bytes.map((byte, at) => (at % 1000 === 500 ? byte ^ 1 : byte)) : bytes)
  await expect(bob.read('data', 'small/1.bin')).rejects.toMatchObject({ code: 'CORRUPT_BLOCK' })
  await expect(bob.checkout('data:small', place.path('out'))).rejects.toMatchObject({ code: 'CORRUPT_BLOCK', data: { paths: ['small/0.bin'] } })
  server.alter = undefined
  expect(Buffer.from(await bob.read('data', 'small/1.bin')).equals(noise(FILE_BYTES, 1001))).toBe(true)
}, 60_000)

test('of a remote that is away it is told what was left there, and nothing is wrong here', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(dataset(), { ref: 'data' })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  const once = await openRepository(place.path('bob'))
  await once.read('data', 'small/3.bin')
  await once.close()
  renameSync(place.path('shared'), place.path('gone'))
  const bob = await place.of('bob')
  expect(await bob.verify()).toMatchObject({ ok: true })
  expect(await log(bob, 'data')).toHaveLength(1)
  // Manifests came first, and what was read is kept.
  let entries = 0
  for await (const _entry of bob.entries('data')) entries++
  expect(entries).toBe(320)
  expect(Buffer.from(await bob.read('data', 'small/3.bin')).equals(noise(FILE_BYTES, 1003))).toBe(true)
  await expect(bob.read('data', 'small/1.bin')).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringMatching(/^small\/1.bin cannot be read: Block .* was left at the remote "origin"/) as string, data: { remote: 'origin', paths: ['small/1.bin'] } })
  rmSync(place.path('bob/cache'), { recursive: true })
  const emptied = await openRepository(place.path('bob'))
  await expect(emptied.entries('data').next()).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { remote: 'origin' } })
  await emptied.close()
  renameSync(place.path('gone'), place.path('shared'))
  const again = await openRepository(place.path('bob'))
  expect(Buffer.from(await again.read('data', 'small/3.bin')).equals(noise(FILE_BYTES, 1003))).toBe(true)
  await again.close()
}, 60_000)

test('a snapshot on a lazy ref is stored here and pushed alone; garbage collection drops nothing that is read, and pulling by name brings the data', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(dataset(), { ref: 'data' })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  await bob.checkout('data', place.path('out'))
  expect((await bob.diff('data', 'data'))).toMatchObject({ summary: { added: 0, removed: 0, modified: 0 } })
  const edited = [...dataset(), ...files({ 'small/9.bin': 'edited' })]
  const next = await bob.snapshot(edited, { ref: 'data', lastWins: true })
  expect(next).toMatchObject({ newFiles: 1 })
  const pushed = await push(bob)
  expect(pushed).toMatchObject({ refs: [{ outcome: 'forward' }], dropped: [] })
  expect(pushed.blocks).toBeLessThan(20)
  expect(await shared.verify()).toMatchObject({ ok: true, leftAtRemotes: 0 })
  expect(await log(bob, 'data')).toEqual([{ evicted: false, leftAt: null }, { evicted: false, leftAt: 'origin' }])
  await bob.collectGarbage({ graceMs: 0 })
  expect(await bob.verify()).toMatchObject({ ok: true, leftAtRemotes: 1 })
  expect((await bob.diff('data~1', 'data'))).toMatchObject({ summary: { added: 0, removed: 0, modified: 1 } })
  expect((await bob.prove('data~1', 'small/9.bin')).path).toBe('small/9.bin')
  expect(Buffer.from(await bob.read('data~1', 'small/9.bin')).equals(noise(FILE_BYTES, 1009))).toBe(true)
  await bob.setRef('data@v1', 'data~1')
  expect((await pull(bob, { refs: ['data'] })).left).toBe(0)
  expect(await bob.verify()).toMatchObject({ ok: true, leftAtRemotes: 1 })
  await pull(bob, { metadataOnly: false })
  await shared.blocks.refresh()
  await shared.setRef('data@v1', 'data~1')
  await pull(bob, { refs: ['data@v1'] })
  expect(await bob.verify()).toMatchObject({ ok: true, leftAtRemotes: 0 })
  expect(await log(bob, 'data')).toEqual([{ evicted: false, leftAt: null }, { evicted: false, leftAt: null }])
}, 60_000)

test('what a lazy clone fetches stays at the remote unless refs are named, and the remote is not forgotten unnoticed', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(dataset(), { ref: 'data' })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  await shared.snapshot(dataset(1), { ref: 'data' })
  // The connection is open, and is to see what comes.
  await bob.read('data', 'small/1.bin')
  expect(await pull(bob)).toMatchObject({ left: 1, refs: [{ outcome: 'forward' }] })
  expect(Buffer.from(await bob.read('data', 'small/1.bin')).equals(noise(FILE_BYTES, 1002))).toBe(true)
  expect(Buffer.from(await bob.read('data', 'small/19.bin')).equals(noise(FILE_BYTES, 1020))).toBe(true)
  expect(await pull(bob)).toMatchObject({ left: 0, blocks: 0 })
  await expect(removeRemote(bob, 'origin')).rejects.toMatchObject({ code: 'WOULD_LOSE', data: { left: 2 } })
  await expect(fetchRefs(bob, { from: place.path('shared'), metadataOnly: true })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await pull(bob, { refs: ['data'] })
  expect(await log(bob, 'data')).toEqual([{ evicted: false, leftAt: null }, { evicted: false, leftAt: 'origin' }])
  await removeRemote(bob, 'origin', { force: true })
  // It is known that it was left there, so that a remote of that name finds it again.
  expect(await log(bob, 'data')).toEqual([{ evicted: false, leftAt: null }, { evicted: false, leftAt: 'origin' }])
  expect(await bob.verify()).toMatchObject({ ok: true, leftAtRemotes: 1 })
  await expect(bob.read('data~1', 'small/0.bin')).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { remote: 'origin', url: null } })
}, 60_000)

test('repair, repack and garbage collection with rules leave what is at the remote readable', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(dataset(5), { ref: 'data' })
  await shared.snapshot(dataset(), { ref: 'data' })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  expect(await bob.repair()).toMatchObject({ lost: [] })
  await bob.repack({ graceMs: 0 })
  expect((await bob.collectGarbage({ graceMs: 0, keepLast: 1 })).evicted).toEqual([])
  expect(await bob.verify()).toMatchObject({ ok: true })
  expect(Buffer.from(await bob.read('data', 'small/1.bin')).equals(noise(FILE_BYTES, 1001))).toBe(true)
  expect(Buffer.from(await bob.read('data~1', 'small/1.bin')).equals(noise(FILE_BYTES, 1006))).toBe(true)
}, 60_000)

test('an older version is listed by few requests, though its tree is not here', async () => {
  await using place = scratch()
  await using server = await serveFolder(place.folder)
  const shared = await place.of('shared')
  const version = (text: string): ReturnType<typeof files> => files(Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [`${'folder-'.repeat(8)}/${noise(20, at).join('')}/${at}.txt`, `${text} ${at}`])))
  await shared.snapshot(version('old'), { ref: 'data' })
  await shared.snapshot(version('new'), { ref: 'data' })
  await clone(`${server.url}/shared`, place.path('bob'), { lazy: true })
  const bob = await openRepository(place.path('bob'))
  server.packReads = 0
  let entries = 0
  for await (const _entry of bob.entries('data~1')) entries++
  expect(entries).toBe(6000)
  const nodes = (await (await openCache(bob)).status()).blocks / 2
  expect(nodes).toBeGreaterThan(15)
  expect(server.packReads).toBeLessThan(6)
  await bob.close()
}, 60_000)

test('where the files of a folder are is not looked for in the whole index', async () => {
  await using place = scratch()
  await using server = await serveFolder(place.folder)
  const shared = await place.of('shared')
  // Each in packs of its own.
  for (let part = 0; part < 4; part++) {
    const many = Array.from({ length: 4000 }, (_, at) => ({ path: `p${part}/${String(at).padStart(4, '0')}`, content: Buffer.from(`${part} ${at}`) }))
    await shared.snapshot(part === 0 ? many.slice(0, 400) : many, { ref: `part${part}` })
  }
  await clone(`${server.url}/shared`, place.path('bob'), { lazy: true })
  const bob = await openRepository(place.path('bob'))
  await bob.entries('part0').next()
  server.tally()
  await bob.checkout('part0', place.path('out'))
  expect(readFileSync(place.path('out/p0/0123'), 'utf8')).toBe('0 123')
  const { bytes } = server.tally()
  let index = 0
  for (const name of readdirSync(place.path('shared/index'))) index += statSync(place.path(`shared/index/${name}`)).size
  expect(index).toBeGreaterThan(500_000)
  expect(bytes).toBeLessThan(index)
  await bob.close()
}, 60_000)

test('thousands of small files are some requests, and a second reading none', async () => {
  await using place = scratch()
  await using server = await serveFolder(place.folder)
  const shared = await place.of('shared')
  // Two snapshots, so that the files lie in more than one pack, and not in the order of their paths.
  const all = Array.from({ length: 2000 }, (_, at) => ({ path: `f${String(at).padStart(4, '0')}`, content: noise(3000, at) }))
  await shared.snapshot(all.filter((_, at) => at % 3 === 0), { ref: 'data' })
  await shared.snapshot(all, { ref: 'data' })
  await clone(`${server.url}/shared`, place.path('bob'), { lazy: true })
  server.tally()
  const bob = await openRepository(place.path('bob'))
  await bob.checkout('data', place.path('out'))
  const first = server.tally()
  expect(first.requests).toBeLessThan(40)
  expect(first.bytes).toBeLessThan(1.2 * 2000 * 3000)
  expect(readdirSync(place.path('out'))).toHaveLength(2000)
  await bob.close()
  const again = await openRepository(place.path('bob'))
  await again.checkout('data', place.path('out2'))
  expect(server.tally()).toEqual({ requests: 0, bytes: 0 })
  await again.close()
}, 60_000)

test('a part is fetched ahead, and is then read without the remote; more than the cache may hold is refused', async () => {
  await using place = scratch()
  await using server = await serveFolder(place.folder)
  const shared = await place.of('shared')
  await shared.snapshot(dataset(), { ref: 'data' })
  await clone(`${server.url}/shared`, place.path('bob'), { lazy: true })
  const bob = await openRepository(place.path('bob'))
  server.tally()
  expect(await prefetch(bob, 'data:small')).toMatchObject({ files: 20, bytes: 20 * FILE_BYTES, fetchedBlocks: 20, fetchedBytes: 20 * FILE_BYTES })
  expect(server.tally().bytes).toBeLessThan(20 * FILE_BYTES + 100_000)
  expect(await prefetch(bob, 'data', { paths: ['small/1*', 'big/7.bin'] })).toMatchObject({ files: 12, fetchedBlocks: 1 })
  server.tally()
  await bob.checkout('data:small', place.path('out'))
  expect(server.tally()).toEqual({ requests: 0, bytes: 0 })
  const cache = await openCache(bob)
  expect(await cache.status()).toMatchObject({ blocks: expect.any(Number) as number })
  await cache.limit(1_000_000)
  await expect(prefetch(bob, 'data')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', data: { limitBytes: 1_000_000 } })
  await expect(prefetch(bob, 'data', { paths: ['absent/*'] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await bob.close()
}, 60_000)

test('what the cache could not keep is not said to be readable without the remote', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(dataset(), { ref: 'data' })
  const bytes = 320 * FILE_BYTES
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  const cache = await openCache(bob)
  // The files themselves would fit.
  await cache.limit(bytes + 1)
  const refused: unknown = await prefetch(bob, 'data').catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^data cannot be read without the remote: \d+ of its blocks, \d+ of \d+ bytes, are not in the cache, which may hold 3200001 bytes/) as string, hint: expect.stringContaining('varve cache limit <size>') as string })
  await cache.limit(2 * bytes)
  expect(await prefetch(bob, 'data')).toMatchObject({ files: 320, bytes })
  await clone(place.path('shared'), place.path('carol'), { lazy: true })
  rmSync(place.path('carol/cache'), { recursive: true })
  mkdirSync(place.path('carol/cache'))
  writeFileSync(place.path('carol/cache/blocks'), 'no folder')
  const carol = await place.of('carol')
  const failed: unknown = await prefetch(carol, 'data:small').catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringMatching(/are not in the cache, since .*carol.cache.blocks cannot be written: E/) as string, data: { absent: expect.any(Number) as number } })
  // It is no more than slow.
  expect(await carol.read('data', 'small/3.bin')).toHaveLength(FILE_BYTES)
}, 60_000)
