import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { type CID, DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, verifyStorage } from '../../src/repository/index.ts'
import { packKey } from '../../src/repository/pack-format.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }

/** Passes calls on, and lets a test hold some of them back. */
function gated(inner: Storage): { storage: Storage; hold: (matches: (operation: string, key: string) => boolean) => () => void } {
  let gate: { matches: (operation: string, key: string) => boolean; opened: Promise<void> } | undefined
  const wait = async (operation: string, key: string): Promise<void> => {
    if (gate?.matches(operation, key) === true) await gate.opened
  }
  return {
    storage: {
      location: inner.location,
      put: async (key, body, opts) => (await wait('put', key), inner.put(key, body, opts)),
      get: async (key, opts) => (await wait('get', key), inner.get(key, opts)),
      stat: async (key, opts) => {
        const answer = await inner.stat(key, opts)
        await wait('stat', key)
        return answer
      },
      list: (prefix, opts) => inner.list(prefix, opts),
      delete: (key, opts) => inner.delete(key, opts),
      close: () => inner.close(),
    },
    hold: (matches) => {
      let open: () => void = () => undefined
      gate = { matches, opened: new Promise<void>((resolve) => { open = resolve }) }
      return () => {
        gate = undefined
        open()
      }
    },
  }
}

async function commitTarget(repository: BlockRepository, name: string): Promise<CID> {
  return repository.withSession(async (session) => {
    const target = await session.put(DAG_CBOR_CODE, encodeCbor({ name }))
    await session.commit({ action: 'test', refs: [{ name, target }] })
    return target
  })
}

describe('a session', () => {
  it('refuses to write while its commit is under way, and loses nothing that was put before', async () => {
    const repository = await BlockRepository.create(new MemoryStorage(), options)
    const session = await repository.session()
    const before = await session.put(RAW_CODE, utf8('before'))
    const committing = session.commit({ action: 'test' })
    expect(() => session.put(RAW_CODE, utf8('during'))).toThrow(/under way/)
    await expect(session.commit({ action: 'test' })).rejects.toThrow(/under way/)
    await committing
    const after = await session.put(RAW_CODE, utf8('after'))
    await session.commit({ action: 'test' })
    for (const cid of [before, after]) await repository.get(cid)
    expect((await verifyStorage(repository)).problems).toEqual([])
  })

  it('includes puts that are still waiting for the index when it commits', async () => {
    const storage = new MemoryStorage()
    const first = await BlockRepository.create(storage, options)
    await commitTarget(first, 'filled')
    const repository = await BlockRepository.open(storage, options)
    const session = await repository.session()
    // Digests before the first of the index need no page.
    const waiting = Array.from({ length: 40 }, (_, seed) => session.put(RAW_CODE, randomBytes(1000, seed)))
    expect(waiting.some((put) => put instanceof Promise)).toBe(true)
    await session.commit({ action: 'test' })
    for (const put of waiting) await repository.get(await put)
  })

  it('keeps the bytes as they were when put was called', async () => {
    const storage = new MemoryStorage()
    await commitTarget(await BlockRepository.create(storage, options), 'filled')
    const repository = await BlockRepository.open(storage, options)
    const session = await repository.session()
    const pending = Array.from({ length: 40 }, (_, seed) => {
      const bytes = randomBytes(1000, seed)
      const put = session.put(RAW_CODE, bytes)
      bytes.fill(0)
      return put
    })
    const cids: CID[] = []
    for (const put of pending) cids.push(await put)
    await session.commit({ action: 'test' })
    for (const [seed, cid] of cids.entries()) expect(equalBytes(await repository.get(cid), randomBytes(1000, seed))).toBe(true)
  })

  it('refuses options that no pack could be made with', async () => {
    const repository = await BlockRepository.create(new MemoryStorage(), options)
    for (const packSizeBytes of [Number.NaN, -1, 0, 1.5, 8e9]) await expect(repository.session({ packSizeBytes })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(repository.session({ compression: 'brotli' as 'auto' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('a commit', () => {
  it('keeps another writer’s commit, though a slow refresh ends in the middle of it', async () => {
    const inner = new MemoryStorage()
    await BlockRepository.create(inner, options)
    const { storage, hold } = gated(inner)
    const repository = await BlockRepository.open(storage, options)
    const other = await BlockRepository.open(inner, options)
    await commitTarget(other, 'x')
    const session = await repository.session()
    // A refresh looks for record 2, finds none, and hangs there.
    const release = hold((operation, key) => operation === 'stat' && key.endsWith('2'))
    const slow = repository.refresh()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await commitTarget(other, 'y')
    const target = await session.put(DAG_CBOR_CODE, encodeCbor('z'))
    const committing = session.commit({ action: 'test', refs: [{ name: 'z', target }] })
    await new Promise((resolve) => setTimeout(resolve, 5))
    release()
    await Promise.all([slow, committing])
    const reopened = await BlockRepository.open(inner, options)
    for (const name of ['x', 'y', 'z']) await reopened.get((await reopened.getRef(name)) as CID)
    expect((await verifyStorage(reopened)).problems).toEqual([])
    expect(repository.root.number).toBe(3)
  })

  it('refuses a ref to file content, which no reader of refs would accept', async () => {
    const repository = await BlockRepository.create(new MemoryStorage(), options)
    await using session = await repository.session()
    const target = await session.put(RAW_CODE, utf8('content'))
    await expect(session.commit({ action: 'test', refs: [{ name: 'bad', target }] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await commitTarget(repository, 'good')
    expect(await repository.getRef('good')).toBeDefined()
  })

  it('is refused if a pack that it relies on is missing or cut short', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    await repository.withSession(async (session) => {
      await session.put(RAW_CODE, utf8('shared'))
      await session.commit({ action: 'test' })
    })
    const [pack] = [...repository.indexes.packs].filter(({ kind }) => kind === 'data')
    const key = packKey(pack?.id ?? new Uint8Array(0))
    const bytes = await storage.get(key)
    for (const left of [undefined, bytes.subarray(0, 50)]) {
      await storage.delete(key)
      if (left !== undefined) await storage.put(key, left)
      await using session = await repository.session()
      await session.put(RAW_CODE, utf8('shared'))
      await expect(session.commit({ action: 'test' })).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', data: { key } })
    }
  })

  it('leaves no index file behind that no record names', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    for (let count = 0; count < 40; count++) await commitTarget(repository, `ref-${count}`)
    const indexes: string[] = []
    for await (const { key } of storage.list('index/')) indexes.push(key)
    // Those that were merged stay for readers of older records; those that never were named are gone.
    expect(indexes.length).toBeLessThanOrEqual(45)
    expect(repository.indexes.files.length).toBeLessThanOrEqual(16)
  })
})

describe('a repository', () => {
  it('that lost its config is not taken for an empty place', async () => {
    const storage = new MemoryStorage()
    await commitTarget(await BlockRepository.create(storage, options), 'x')
    await storage.delete('config.json')
    await expect(BlockRepository.create(storage, { ...options, hash: 'blake3' })).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
    expect(await storage.stat('config.json')).toBeUndefined()
  })

  it('works with BLAKE3 as with SHA-256', async () => {
    const storage = new MemoryStorage()
    const target = await commitTarget(await BlockRepository.create(storage, { ...options, hash: 'blake3' }), 'x')
    expect(target.multihash.code).toBe(0x1e)
    const reopened = await BlockRepository.open(storage, options)
    expect((await reopened.getRef('x'))?.equals(target)).toBe(true)
    expect((await verifyStorage(reopened)).problems).toEqual([])
  })
})
