import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { parseCid } from '../../src/cid/cid.ts'
import { decodeCbor } from '../../src/codec/dag-cbor.ts'
import { walkBlocks } from '../../src/dataset/links.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { openManifest } from '../../src/manifest/manifest.ts'
import { pathFromText } from '../../src/manifest/path.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { indexedBlocks } from '../../src/repository/gc/pack-usage.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import type { BlockLocation } from '../../src/repository/index-set.ts'
import { packKey } from '../../src/repository/pack-format.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from './in-memory.ts'

const PATH = 'table.csv'

async function copyOf(storage: MemoryStorage): Promise<MemoryStorage> {
  const copy = new MemoryStorage()
  for await (const { key } of storage.list('')) await copy.put(key, await storage.get(key))
  return copy
}

async function opened(storage: MemoryStorage): Promise<Repository> {
  return new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
}

async function damagedOne(storage: MemoryStorage): Promise<Repository> {
  return new Repository(await BlockRepository.openDamaged(storage, { platform: nodePlatform }))
}

async function replace(storage: MemoryStorage, key: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const bytes = change(await storage.get(key))
  await storage.delete(key)
  await storage.put(key, bytes)
}

/** Flips a bit in the middle of a block's payload. */
async function damage(storage: MemoryStorage, { pack, offset, storedSize }: BlockLocation): Promise<void> {
  const at = offset + 48 + (storedSize >> 1)
  await replace(storage, packKey(pack.id), (bytes) => bytes.with(at, (bytes[at] as number) ^ 4))
}

async function locations(storage: MemoryStorage): Promise<BlockLocation[]> {
  const found: BlockLocation[] = []
  for await (const { location } of indexedBlocks((await opened(storage)).blocks.indexes)) found.push(location)
  return found
}

async function locationOf(repository: Repository, cid: string): Promise<BlockLocation> {
  const [location] = await repository.blocks.indexes.find(parseCid(cid).multihash.digest)
  if (location === undefined) throw new Error(`${cid} is nowhere`)
  return location
}

/** Two snapshots of one ref and one of another, which share a file. */
async function sample(): Promise<{ storage: MemoryStorage; roots: readonly string[] }> {
  const storage = new MemoryStorage()
  const repository = await create(storage)
  const entries = [{ path: 'a', content: 'first file' }, { path: 'b/c', content: 'second file '.repeat(100) }]
  const { root: first } = await repository.snapshot(entries, { ref: 'data', message: 'one' })
  const { root: second } = await repository.snapshot([...entries, { path: 'd', content: 'third file' }], { ref: 'data', message: 'two' })
  await repository.snapshot([{ path: 'e', content: 'first file' }], { ref: 'other', message: 'three' })
  return { storage, roots: [first, second] }
}

/** Version `number` of a table of some 300 KB that is stored as a delta. */
function version(number: number): Uint8Array {
  const rows: string[] = []
  for (let row = 0; row < 8000; row++) rows.push(`${row},${(row * 2_654_435_761) % 1_000_003},${(row * 40_503 + (row % 50 === number ? number : 0) * 977) % 65_537}`)
  return utf8(rows.join('\n'))
}

describe('repair of a dataset', () => {
  it('with a sound copy makes a repository whole, whichever block is damaged', async () => {
    const { storage, roots } = await sample()
    const places = await locations(storage)
    expect(places.length).toBeGreaterThan(15)
    for (const place of places) {
      const harmed = await copyOf(storage)
      await damage(harmed, place)
      expect(await (await opened(harmed)).verify()).toMatchObject({ ok: false })
      const result = await (await damagedOne(harmed)).repair({ from: await copyOf(storage) })
      expect(result).toMatchObject({ lost: [], affected: [], lostOperations: [], refsGivenUp: false, ok: true })
      const mended = await opened(harmed)
      expect(await mended.verify()).toMatchObject({ ok: true, damaged: [] })
      expect([(await mended.resolve('data~1')).root.toString(), (await mended.resolve('data')).root.toString()]).toEqual(roots)
      expect(await mended.repair()).toMatchObject({ ok: true, number: null })
    }
  }, 60_000)

  it('without one names every path of every snapshot that is affected, and is healed by a snapshot of the same files', async () => {
    const { storage } = await sample()
    const repository = await opened(storage)
    // The very same tree under another snapshot.
    await repository.snapshot([{ path: 'e', content: 'first file' }], { ref: 'other', message: 'four' })
    const { cid } = await entryOf(repository, 'data', 'a')
    await damage(storage, await locationOf(repository, cid))
    const planned = await (await damagedOne(storage)).repair({ dryRun: true })
    const before = await copyOf(storage)
    const result = await (await damagedOne(storage)).repair()
    for (const { ok, affected } of [planned, result]) {
      expect(ok).toBe(false)
      expect(affected.map(({ ref, path, block }) => [ref, path, block])).toEqual([['data', 'a', cid], ['data~1', 'a', cid], ['other', 'e', cid], ['other~1', 'e', cid]])
    }
    expect(planned.number).toBe(result.number)
    expect(await (await opened(before)).repair({ dryRun: true, from: storage })).toMatchObject({ ok: false })
    const mended = await opened(storage)
    await mended.snapshot([{ path: 'e', content: 'first file' }], { ref: 'again' })
    expect(await mended.verify()).toMatchObject({ ok: true })
    expect(equalBytes(await mended.read('data~1', 'a'), utf8('first file'))).toBe(true)
  })

  it('that lost a block leaves verify to name its paths in every snapshot, old ones too', async () => {
    const { storage } = await sample()
    const { cid } = await entryOf(await opened(storage), 'data', 'a')
    await damage(storage, await locationOf(await opened(storage), cid))
    await (await damagedOne(storage)).repair()
    const { ok, damaged } = await (await opened(storage)).verify()
    expect(ok).toBe(false)
    expect(damaged.map((block) => [block.cid, [...block.paths].sort()])).toEqual([[cid, ['data:a', 'data~1:a', 'other:e']]])
  })

  it('says what a rehearsal would fetch, and stores none of it', async () => {
    const { storage } = await sample()
    const clone = await copyOf(storage)
    const repository = await opened(storage)
    await damage(storage, await locationOf(repository, (await entryOf(repository, 'data', 'a')).cid))
    const before: string[] = []
    for await (const { key, size } of storage.list('')) before.push(`${key} ${size}`)
    expect(await (await damagedOne(storage)).repair({ dryRun: true, from: clone })).toMatchObject({ dryRun: true, ok: true, fetched: { blocks: 1, bytes: 10 }, lost: [], affected: [] })
    const after: string[] = []
    for await (const { key, size } of storage.list('')) after.push(`${key} ${size}`)
    expect(after).toEqual(before)
  })

  it('lists the part of a tree whose paths are not known, and goes on behind it', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    const names = Array.from({ length: 3000 }, (_, number) => `folder/file-${String(number).padStart(5, '0')}`)
    const { root } = await repository.snapshot(names.map((path) => ({ path, content: path.slice(-1) })), { ref: 'data' })
    const leaves: string[] = []
    const top = (await repository.resolve('data')).root
    expect(top.toString()).toBe(root)
    for await (const { cid, bytes } of walkBlocks(repository.blocks, top)) {
      const value = cid.code === 0x71 ? decodeCbor(bytes) : undefined
      if (Array.isArray(value) && value[0] === 0) leaves.push(cid.toString())
    }
    expect(leaves.length).toBeGreaterThan(3)
    await damage(storage, await locationOf(repository, leaves[1] ?? ''))
    const clone = await copyOf(storage)
    const { ok, affected } = await (await damagedOne(storage)).repair()
    expect(ok).toBe(false)
    expect(affected).toHaveLength(1)
    const [{ path, range, block } = { path: '', range: null, block: '' }] = affected
    expect([path, block]).toEqual([null, leaves[1]])
    const [after, to] = [names.indexOf(range?.after ?? ''), names.indexOf(range?.to ?? '')]
    expect(after).toBeGreaterThan(0)
    expect(to - after).toBe(range?.entries)
    // Chunks that are damaged behind the part that is lost are found too.
    const last = (await entryOf(await opened(clone), 'data', names.at(-1) ?? '')).cid
    await damage(clone, await locationOf(await opened(clone), last))
    const both = await (await damagedOne(clone)).repair()
    expect(both.affected.filter(({ path: known }) => known !== null).length).toBeGreaterThan(100)
    expect(both.affected.map(({ path: known }) => known)).toContain(names.at(-1))
  })

  it('counts a delta whose base is damaged as damaged, and takes both from elsewhere', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    for (let number = 0; number < 3; number++) await repository.snapshot([{ path: PATH, content: version(number) }], { ref: 'data', message: `version ${number}` })
    const deltas = (await locations(storage)).filter(({ codec }) => codec === 4)
    expect(deltas.length).toBeGreaterThan(1)
    const clone = await copyOf(storage)
    const base = (await locations(storage)).filter(({ codec, pack }) => codec !== 4 && pack.kind === 'data').sort((a, b) => b.size - a.size)[0]
    if (base === undefined) throw new Error('there is no base')
    await damage(storage, base)
    const alone = await (await damagedOne(await copyOf(storage))).repair()
    expect(alone.damaged.length).toBeGreaterThan(1)
    expect(new Set(alone.affected.map(({ ref, path }) => `${ref}:${path ?? ''}`))).toEqual(new Set([`data:${PATH}`, `data~1:${PATH}`, `data~2:${PATH}`]))
    expect(await (await damagedOne(storage)).repair({ from: clone })).toMatchObject({ ok: true })
    const mended = await opened(storage)
    for (const age of [0, 1, 2]) expect(equalBytes(await mended.read(age === 0 ? 'data' : `data~${age}`, PATH), version(2 - age))).toBe(true)
    expect(await mended.verify()).toMatchObject({ ok: true })
  })

  it('brings deltas back when what they are made from is stored again', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    for (let number = 0; number < 3; number++) await repository.snapshot([{ path: PATH, content: version(number) }], { ref: 'data', message: `version ${number}` })
    const bases = (await locations(storage)).filter(({ codec, pack }) => codec !== 4 && pack.kind === 'data')
    for (const base of bases) await damage(storage, base)
    expect(await (await damagedOne(storage)).repair()).toMatchObject({ ok: false })
    await (await opened(storage)).snapshot([{ path: PATH, content: version(0) }], { ref: 'first-version-again' })
    expect(await (await damagedOne(storage)).repair()).toMatchObject({ ok: true, lost: [] })
    const mended = await opened(storage)
    for (const age of [0, 1, 2]) expect(equalBytes(await mended.read(age === 0 ? 'data' : `data~${age}`, PATH), version(2 - age))).toBe(true)
    expect(await mended.verify()).toMatchObject({ ok: true })
  })

  it('makes refs to snapshots that a damaged root record named, and says which ref it was', async () => {
    const { storage } = await sample()
    const repository = await opened(storage)
    const { number } = repository.blocks.root
    await repository.snapshot([{ path: 'f', content: 'newest' }], { ref: 'data', message: 'newest' })
    await replace(storage, `log/${String(number + 1).padStart(12, '0')}`, (bytes) => bytes.slice(0, 30))
    const result = await (await damagedOne(storage)).repair()
    expect(result).toMatchObject({ ok: false, refsGivenUp: true, log: { takenUp: number, givenUp: [number + 1] }, lost: [], recovered: [{ ref: 'recovered/1', message: 'newest', former: 'data' }] })
    const mended = await opened(storage)
    expect(equalBytes(await mended.read('recovered/1', 'f'), utf8('newest'))).toBe(true)
    expect(equalBytes(await mended.read('data', 'd'), utf8('third file'))).toBe(true)
    expect(await mended.verify()).toMatchObject({ ok: true })
    expect(await mended.repair()).toMatchObject({ ok: true, number: null })
  })

  it('finds the snapshots where config and packs are all that is left', async () => {
    const { storage } = await sample()
    for await (const { key } of storage.list('')) if (!/^(packs|config)/.test(key)) await storage.delete(key)
    const planned = await (await damagedOne(storage)).repair({ dryRun: true })
    const { recovered, ok } = await (await damagedOne(storage)).repair()
    expect(ok).toBe(false)
    expect(recovered.map(({ message, former }) => [message, former])).toEqual([['two', 'data'], ['three', 'other']])
    expect(recovered).toEqual(planned.recovered)
    const mended = await opened(storage)
    expect(equalBytes(await mended.read('recovered/1~1', 'a'), utf8('first file'))).toBe(true)
    expect(await mended.verify()).toMatchObject({ ok: true })
    await mended.setRef('data', 'recovered/1')
  })

  it('knows what was evicted on purpose, and takes older knowledge of it where the newest is lost', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    const take = (number: number): Promise<unknown> => repository.snapshot([{ path: 'a', content: `content ${number}` }], { ref: 'data', message: `${number}` })
    for (let number = 0; number < 4; number++) await take(number)
    await repository.collectGarbage({ keepLast: 2, graceMs: 0 })
    for (let number = 4; number < 6; number++) await take(number)
    await repository.collectGarbage({ keepLast: 2, graceMs: 0 })
    expect(await repository.repair()).toMatchObject({ ok: true, number: null })
    await damage(storage, await locationOf(repository, repository.blocks.root.evicted?.toString() ?? ''))
    const { ok, evictedGivenUp, affected } = await (await damagedOne(storage)).repair()
    expect([ok, evictedGivenUp]).toEqual([false, true])
    // Two of them were evicted by the first collection, whose knowledge is left.
    expect(affected.map(({ ref, path }) => [ref, path])).toEqual([['data~2', null], ['data~3', null]])
    const mended = await opened(storage)
    await mended.collectGarbage({ keepLast: 2, graceMs: 0 })
    expect(await mended.repair()).toMatchObject({ ok: true, number: null })
    expect(await mended.verify()).toMatchObject({ ok: true })
  })

  it('leaves a repository alone in which nothing was committed yet', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    await using session = await repository.blocks.session({ packSizeBytes: 1 })
    await session.put(0x55, utf8('not committed'))
    await session.put(0x55, utf8('nor this'))
    expect(await (await damagedOne(storage)).repair()).toMatchObject({ ok: true, number: null, refsGivenUp: false })
    await session.commit({ action: 'test' })
    expect(await (await opened(storage)).verify()).toMatchObject({ ok: true })
  })
})

async function entryOf(repository: Repository, revision: string, path: string): Promise<{ readonly cid: string }> {
  const manifest = await openManifest(repository.blocks, (await repository.resolve(revision)).root)
  const value = await manifest.get(pathFromText(path))
  if (value?.kind !== 'file') throw new Error(`There is no file ${path}`)
  return { cid: value.cid.toString() }
}
