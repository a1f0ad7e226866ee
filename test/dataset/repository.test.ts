import { describe, expect, it } from 'vitest'
import { concatBytes, equalBytes, utf8 } from '../../src/bytes.ts'
import { Repository } from '../../src/dataset/repository.ts'
import type { InputEntry } from '../../src/dataset/input-entries.ts'
import { checkProof } from '../../src/manifest/proof.ts'
import { parseCid } from '../../src/cid/cid.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create, gather } from './in-memory.ts'
import { randomBytes } from '../repository/random-bytes.ts'

const large = randomBytes(3_000_000, 1)
const entries: readonly InputEntry[] = [
  { path: 'train/b.txt', content: 'second' },
  { path: 'README', content: 'about' },
  { path: 'train/a.bin', content: large },
  { path: 'run.sh', content: '#!/bin/sh\n', executable: true },
  { path: 'latest', symlink: 'train/a.bin' },
  { path: 'empty', directory: true },
  { path: 'empty.txt', content: '' },
]

describe('a snapshot of entries', () => {
  it('keeps every entry, whatever the order in which they come', async () => {
    const repository = await create()
    const first = await repository.snapshot(entries, { ref: 'data', message: 'first' })
    const second = await repository.snapshot([...entries].reverse(), { ref: 'other' })
    expect(second.root).toBe(first.root)
    expect(first).toMatchObject({ files: 5, newFiles: 5, bytes: 3_000_000 + 6 + 5 + 10, created: true, parent: null, skipped: [] })
    expect(first.newBytes).toBe(first.bytes)
    expect(second.newBytes).toBe(0)
    const listed = await gather(repository.entries('data'))
    expect(listed.map(({ path, kind }) => [path, kind])).toEqual([
      ['README', 'file'], ['empty', 'directory'], ['empty.txt', 'file'], ['latest', 'symlink'], ['run.sh', 'executable'], ['train/a.bin', 'file'], ['train/b.txt', 'file'],
    ])
  })

  it('reads files back, whole and in part', async () => {
    const repository = await create()
    await repository.snapshot(entries, { ref: 'data' })
    expect(equalBytes(await repository.read('data', 'train/a.bin'), large)).toBe(true)
    expect(equalBytes(await repository.read('data', 'train/a.bin', { start: 1_000_000, end: 2_100_001 }), large.subarray(1_000_000, 2_100_001))).toBe(true)
    expect(equalBytes(await repository.read('data', 'train/b.txt', { start: 2, end: 99 }), utf8('cond'))).toBe(true)
    expect(await repository.read('data', 'empty.txt')).toHaveLength(0)
    await expect(repository.read('data', 'train/c.txt')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(gather(repository.entries('data', 'trian'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await gather(repository.entries('data', './train/'))).map(({ path }) => path)).toEqual(['train/a.bin', 'train/b.txt'])
    await expect(repository.read('data', 'train')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(repository.read('data', 'latest')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('records why, who, where from, and any JSON', async () => {
    const repository = await create()
    const meta = { columns: ['a', 'b'], nested: { '__proto__x': 1, z: [1.5, null, true] } }
    await repository.snapshot(entries, { ref: 'data', message: 'why', author: 'me', source: { uri: 'https://example.org/data.zip', licence: 'CC0-1.0' }, meta })
    const { snapshot } = await repository.show('data')
    expect(snapshot).toMatchObject({ message: 'why', author: 'me', source: { uri: 'https://example.org/data.zip', retrievedAt: null, licence: 'CC0-1.0' }, meta })
  })

  it('makes no snapshot if nothing changed and nothing new is said, and one if something is', async () => {
    const repository = await create()
    const first = await repository.snapshot(entries, { ref: 'data', message: 'first' })
    expect(await repository.snapshot(entries, { ref: 'data' })).toMatchObject({ created: false, snapshot: first.snapshot, newBytes: 0 })
    expect(await repository.snapshot(entries, { ref: 'data', message: 'checked again' })).toMatchObject({ created: true, parent: first.snapshot, root: first.root, newFiles: 0 })
    expect((await gather(repository.log('data'))).map(({ message }) => message)).toEqual(['checked again', 'first'])
  })

  it('refuses a path that comes twice, and a file that is also a folder', async () => {
    const repository = await create()
    await expect(repository.snapshot([...entries, { path: 'README', content: 'again' }], { ref: 'data' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(repository.snapshot([...entries, { path: 'README/x', content: 'below' }], { ref: 'data' })).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
    await expect(repository.snapshot([{ path: '../x', content: 'out' }], { ref: 'data' })).rejects.toBeInstanceOf(Error)
    expect(await gather(repository.refs())).toEqual([])
  })
})

describe('history', () => {
  it('is named by refs, tags, parents and the beginnings of CIDs', async () => {
    const repository = await create()
    const results = []
    for (const version of ['one', 'two', 'three']) results.push(await repository.snapshot([{ path: 'v', content: version }], { ref: 'data/raw', message: version }))
    const [one, two, three] = results
    await repository.setRef('data/raw@v1', 'data/raw~2')
    const roots = async (...revisions: string[]): Promise<string[]> => Promise.all(revisions.map(async (revision) => (await repository.resolve(revision)).root.toString()))
    expect(await roots('data/raw', 'data/raw~1', 'data/raw~~', 'data/raw@v1', one?.snapshot ?? '', two?.root ?? '', (three?.snapshot ?? '').slice(0, 20))).toEqual([
      three?.root, two?.root, one?.root, one?.root, one?.root, two?.root, three?.root,
    ])
    expect((await repository.resolve('data/raw@v1:a/b')).path).toBe('a/b')
    await expect(repository.resolve('data/raw~3')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(repository.resolve('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(repository.resolve('bafyreiz')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(repository.setRef('data/raw@v1', 'data/raw')).rejects.toMatchObject({ code: 'REF_CONFLICT' })
    expect((await gather(repository.refs())).map(({ name, kind }) => [name, kind])).toEqual([['data/raw', 'ref'], ['data/raw@v1', 'tag']])
  })

  it('goes on from the other writer’s snapshot if two write to one ref at once', async () => {
    const storage = new MemoryStorage()
    await create(storage)
    await Promise.all([1, 2, 3, 4].map(async (writer) => {
      const repository = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
      await repository.snapshot([{ path: 'w', content: `writer ${writer}` }], { ref: 'data', message: `writer ${writer}` })
    }))
    const repository = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    expect((await gather(repository.log('data'))).map(({ message }) => message).sort()).toEqual(['writer 1', 'writer 2', 'writer 3', 'writer 4'])
  })

  it('tells the differences of two revisions by path', async () => {
    const repository = await create()
    await repository.snapshot(entries, { ref: 'data' })
    await repository.snapshot([...entries.filter(({ path }) => path !== 'README' && path !== 'run.sh'), { path: 'run.sh', content: '#!/bin/sh\n' }, { path: 'new', content: 'n' }], { ref: 'data', message: 'changes' })
    const diff = await repository.diff('data~1', 'data')
    expect(diff.added.map(({ path }) => path)).toEqual(['new'])
    expect(diff.removed.map(({ path }) => path)).toEqual(['README'])
    expect(diff.modified).toMatchObject([{ path: 'run.sh', before: { kind: 'executable' }, after: { kind: 'file' } }])
    expect(diff.summary).toEqual({ added: 1, removed: 1, modified: 1, bytesAdded: 11, bytesRemoved: 15 })
  })
})

describe('verify', () => {
  it('finds nothing wrong with what is sound', async () => {
    const repository = await create()
    await repository.snapshot(entries, { ref: 'data' })
    expect(await repository.verify()).toMatchObject({ ok: true, damaged: [], problems: [] })
    expect(await repository.verify('data')).toMatchObject({ ok: true, damaged: [] })
  })

  it('names every path that a damaged chunk reaches, in each snapshot that has it', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    await repository.snapshot(entries, { ref: 'data' })
    await repository.snapshot([...entries, { path: 'copy', content: large }], { ref: 'data' })
    const { cid } = (await gather(repository.entries('data', 'train/b.txt')))[0] ?? {}
    await flip(storage, repository, cid ?? '')
    const reopened = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    const whole = await reopened.verify()
    expect(whole.ok).toBe(false)
    expect(whole.damaged.map(({ cid: damaged, paths }) => ({ damaged, paths }))).toEqual([{ damaged: cid, paths: ['data:train/b.txt', 'data~1:train/b.txt'] }])
    const one = await reopened.verify('data')
    expect(one).toMatchObject({ ok: false, damaged: [{ cid, paths: ['data:train/b.txt'] }] })
    await expect(reopened.read('data', 'train/b.txt')).rejects.toMatchObject({ code: 'CORRUPT_BLOCK', data: { paths: ['train/b.txt'] } })
    expect(equalBytes(await reopened.read('data', 'copy'), large)).toBe(true)
  })
})

describe('a CAR file', () => {
  it('carries a dataset to another repository', async () => {
    const source = await create()
    const { root } = await source.snapshot(entries, { ref: 'data' })
    const target = await create()
    expect(await target.importCar(source.exportCar('data'), { ref: 'imported' })).toMatchObject({ root, created: true })
    expect(await target.verify()).toMatchObject({ ok: true })
    expect(equalBytes(await target.read('imported', 'train/a.bin'), large)).toBe(true)
  })

  it('carries the history along if asked to', async () => {
    const source = await create()
    for (const version of ['one', 'two']) await source.snapshot([{ path: 'v', content: version }], { ref: 'data', message: version })
    const target = await create()
    await target.importCar(source.exportCar('data', { history: true }), { ref: 'data' })
    expect(await gather(target.log('data'))).toEqual(await gather(source.log('data')))
  })

  it('is refused if a byte of it is altered, or its end is missing, and nothing is committed', async () => {
    const source = await create()
    await source.snapshot([{ path: 'a', content: 'alpha' }, { path: 'b', content: 'beta' }], { ref: 'data' })
    const car = concatBytes(await gather(source.exportCar('data')))
    const target = await create()
    for (let at = 0; at < car.length; at++) {
      const altered = car.slice()
      altered[at] = (altered[at] as number) ^ 1
      await expect(target.importCar([altered], { ref: 'x' }), `byte ${at}`).rejects.toBeInstanceOf(Error)
      if (at > 0) await expect(target.importCar([car.subarray(0, at)], { ref: 'x' }), `cut to ${at}`).rejects.toBeInstanceOf(Error)
    }
    expect(await gather(target.refs())).toEqual([])
  })
})

describe('a proof', () => {
  it('shows a stranger who knows the root that a path is in it', async () => {
    const repository = await create()
    const { root } = await repository.snapshot(entries, { ref: 'data' })
    const proof = await repository.prove('data', 'train/b.txt')
    const entry = await checkProof(nodePlatform.hasher('sha2-256'), JSON.parse(JSON.stringify(proof)), parseCid(root))
    expect(entry.value).toMatchObject({ kind: 'file', size: 6 })
    await expect(repository.prove('data', 'train/c.txt')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

async function flip(storage: MemoryStorage, repository: Repository, cid: string): Promise<void> {
  const [place] = await repository.blocks.indexes.find(parseCid(cid).multihash.digest)
  if (place === undefined) throw new Error('not stored')
  const { packKey } = await import('../../src/repository/pack-format.ts')
  const key = packKey(place.pack.id)
  const bytes = await storage.get(key)
  bytes[place.offset + 50] = (bytes[place.offset + 50] as number) ^ 1
  await storage.delete(key)
  await storage.put(key, bytes)
}
