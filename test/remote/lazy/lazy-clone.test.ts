import { readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clone, fetchRefs, pull, push, removeRemote, type Repository } from '../../../src/index.ts'
import { files, noise, scratch } from '../two-colleagues.ts'
import { serveFolder } from './folder-server.ts'

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
  renameSync(place.path('shared'), place.path('gone'))
  const bob = await place.of('bob')
  expect(await bob.verify()).toMatchObject({ ok: true })
  expect(await log(bob, 'data')).toHaveLength(1)
  await expect(bob.read('data', 'small/1.bin')).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringMatching(/^Block .* was left at the remote "origin"/) as string, data: { remote: 'origin' } })
  renameSync(place.path('gone'), place.path('shared'))
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
  expect(await pull(bob)).toMatchObject({ left: 1, refs: [{ outcome: 'forward' }] })
  expect(await pull(bob)).toMatchObject({ left: 0, blocks: 0 })
  await expect(removeRemote(bob, 'origin')).rejects.toMatchObject({ code: 'WOULD_LOSE', data: { left: 2 } })
  await expect(fetchRefs(bob, { from: place.path('shared'), metadataOnly: true })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await pull(bob, { refs: ['data'] })
  expect(await log(bob, 'data')).toEqual([{ evicted: false, leftAt: null }, { evicted: false, leftAt: 'origin' }])
  await removeRemote(bob, 'origin', { force: true })
  expect(await log(bob, 'data')).toEqual([{ evicted: false, leftAt: null }, { evicted: true, leftAt: null }])
  await expect(bob.read('data~1', 'small/1.bin')).rejects.toMatchObject({ code: 'EVICTED' })
}, 60_000)
