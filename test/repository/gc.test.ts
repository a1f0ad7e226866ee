import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { packKey } from '../../src/repository/pack-format.ts'
import { BlockRepository, type CID, DAG_CBOR_CODE, RAW_CODE, type Session } from '../../src/repository/index.ts'
import { verifyStorage } from '../../src/repository/verify-storage.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { StorageError } from '../../src/errors.ts'
import { DELETION_REFUSED } from '../../src/storage/deletion-refused.ts'
import { FaultyStorage } from '../../src/storage/faulty-storage.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import type { ObjectEntry } from '../../src/storage/interface.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }
const now = { graceMs: 0 }

/** A block with the given content below it, and the CIDs of all of it. */
async function putTree(session: Session, contents: readonly Uint8Array[]): Promise<{ top: CID; leaves: CID[] }> {
  const leaves: CID[] = []
  for (const content of contents) leaves.push(await session.put(RAW_CODE, content))
  return { top: await session.put(DAG_CBOR_CODE, encodeCbor(leaves)), leaves }
}

async function commitTree(repository: BlockRepository, name: string, contents: readonly Uint8Array[]): Promise<{ top: CID; leaves: CID[] }> {
  return repository.withSession(async (session) => {
    const tree = await putTree(session, contents)
    await session.commit({ action: 'test', refs: [{ name, target: tree.top }] })
    return tree
  })
}

async function removeRef(repository: BlockRepository, name: string): Promise<void> {
  await repository.withSession((session) => session.commit({ action: 'delete-ref', refs: [{ name, target: null }] }))
}

async function assertSound(storage: MemoryStorage): Promise<BlockRepository> {
  const reopened = await BlockRepository.open(storage, options)
  expect((await verifyStorage(reopened)).problems).toEqual([])
  return reopened
}

const blob = (seed: number): Uint8Array => randomBytes(20_000, seed)

describe('garbage collection', () => {
  it('keeps what refs lead to, deletes the rest, and gives the room back', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const kept = await commitTree(repository, 'kept', [blob(1), blob(2)])
    const gone = await commitTree(repository, 'gone', [blob(2), blob(3), blob(4)])
    await removeRef(repository, 'gone')
    const before = await sizeOf(storage)
    const planned = await repository.collectGarbage({ dryRun: true })
    expect(await sizeOf(storage)).toBe(before)
    const report = await repository.collectGarbage(now)
    expect(report.removed.bytes).toBeGreaterThan(40_000)
    expect(planned.removed).toEqual(report.removed)
    expect(report.live).toEqual(planned.live)
    expect(before - (await sizeOf(storage))).toBeGreaterThan(38_000)
    const reopened = await assertSound(storage)
    for (const [index, cid] of kept.leaves.entries()) expect(await reopened.get(cid)).toEqual(blob(index + 1))
    for (const cid of [gone.top, gone.leaves[1] as CID]) await expect(reopened.get(cid)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await repository.collectGarbage(now)).removed.blocks).toBe(0)
  })

  it('goes on, and says so, where the storage does not let files be deleted', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    await commitTree(repository, 'kept', [blob(1)])
    await commitTree(repository, 'gone', [blob(2)])
    await removeRef(repository, 'gone')
    const locked = new FaultyStorage(storage, ({ operation, key }) =>
      operation === 'delete' && key.startsWith('packs/') ? { type: 'before', error: new StorageError('locked', { data: { reason: DELETION_REFUSED } }) } : undefined)
    const before = await sizeOf(storage)
    const report = await (await BlockRepository.open(locked, options)).collectGarbage(now)
    expect(report.refusedFiles).toBeGreaterThan(0)
    expect(report.removed.bytes).toBeGreaterThan(20_000)
    expect(report.freedBytes).toBeLessThanOrEqual(0)
    expect(await sizeOf(storage)).toBeGreaterThan(before - 5000)
    const again = await (await assertSound(storage)).collectGarbage(now)
    expect([again.refusedFiles, again.freedBytes > 20_000]).toEqual([0, true])
    const broken = new FaultyStorage(storage, ({ operation }) => (operation === 'delete' ? { type: 'before', error: new StorageError('no connection') } : undefined))
    await removeRef(await BlockRepository.open(storage, options), 'kept')
    await expect((await BlockRepository.open(broken, options)).collectGarbage(now)).rejects.toThrow('no connection')
  })

  it('keeps the log of operations and not what it mentions', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    for (let number = 0; number < 70; number++) await commitTree(repository, 'moving', [utf8(`state ${number}`)])
    await repository.collectGarbage(now)
    const reopened = await assertSound(storage)
    const operations = await collect(reopened.operations())
    expect(operations.map(({ action }) => action)).toEqual([...Array.from({ length: 70 }, () => 'test'), 'gc'])
    await expect(reopened.get(operations[0]?.changes[0]?.after as CID)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect([...reopened.indexes.packs].length).toBeLessThan(8)
  })

  it('lets a session commit that counts on blocks which were garbage when they were dropped', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const shared = await commitTree(repository, 'old', [blob(1), blob(2)])
    await removeRef(repository, 'old')
    const writer = await BlockRepository.open(storage, options)
    const session = await writer.session()
    const tree = await putTree(session, [blob(1), blob(2), blob(3)])
    const report = await repository.collectGarbage(now)
    expect(report.sessions.map(({ id }) => id)).toEqual([session.id])
    expect(report.deferredPacks).toBeGreaterThan(0)
    await session.commit({ action: 'test', refs: [{ name: 'new', target: tree.top }] })
    await session.close()
    const reopened = await assertSound(storage)
    for (const [index, cid] of tree.leaves.entries()) expect(await reopened.get(cid)).toEqual(blob(index + 1))
    expect(tree.leaves[0]?.equals(shared.leaves[0])).toBe(true)
    await repository.collectGarbage(now)
    expect((await (await assertSound(storage)).get(tree.leaves[1] as CID))).toEqual(blob(2))
  })

  it('keeps a ref whole that was moved back to what a collection dropped meanwhile', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const old = await commitTree(repository, 'old', [blob(1), blob(2)])
    await removeRef(repository, 'old')
    const writer = await BlockRepository.open(storage, options)
    const session = await writer.session()
    await repository.collectGarbage(now)
    await session.commit({ action: 'test', refs: [{ name: 'again', target: old.top }] })
    await session.close()
    await repository.collectGarbage(now)
    const reopened = await assertSound(storage)
    expect(await reopened.get(old.leaves[1] as CID)).toEqual(blob(2))
  })

  it('gives up sessions whose process is gone, and never lets them commit', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    await commitTree(repository, 'old', [blob(1)])
    await removeRef(repository, 'old')
    const writer = await BlockRepository.open(storage, options)
    const session = await writer.session({ packSizeBytes: 1 })
    const tree = await putTree(session, [blob(1), blob(5)])
    const report = await repository.collectGarbage({ ...now, isGone: ({ id }) => id === session.id })
    expect(report.revoked.map(({ id }) => id)).toEqual([session.id])
    expect(report.deferredPacks).toBe(0)
    await expect(session.commit({ action: 'test', refs: [{ name: 'new', target: tree.top }] })).rejects.toMatchObject({ code: 'SESSION_REVOKED' })
    expect(await storageKeys(storage, 'sessions/')).toEqual([])
    await assertSound(storage)
  })

  it('removes nothing where the log may be lost, and verify says that it is', async () => {
    const storage = new MemoryStorage()
    await commitTree(await BlockRepository.create(storage, options), 'x', [blob(1)])
    for (const key of await storageKeys(storage, 'log/')) await storage.delete(key)
    const reopened = await BlockRepository.open(storage, options)
    const before = await storageKeys(storage, 'packs/')
    await reopened.collectGarbage(now)
    expect(await storageKeys(storage, 'packs/')).toEqual(before)
    expect(before.length).toBeGreaterThan(0)
    expect((await verifyStorage(reopened)).problems).toMatchObject([{ key: 'log/' }])
  })

  it('takes a first commit that died at its last step for no lost log', async () => {
    const storage = new MemoryStorage()
    const session = await (await BlockRepository.create(storage, options)).session()
    const { top } = await putTree(session, [blob(1)])
    const dead = new FaultyStorage(storage, ({ operation, key }) => (operation === 'put' && key.startsWith('log/') ? { type: 'before', error: new StorageError('died') } : undefined))
    const dying = await (await BlockRepository.open(dead, options)).session()
    await putTree(dying, [blob(1)])
    await expect(dying.commit({ action: 'test', refs: [{ name: 'x', target: top }] })).rejects.toThrow('died')
    expect(await storageKeys(storage, 'index/')).toHaveLength(1)
    await assertSound(storage)
    await session.close()
    await dying.close()
    expect((await verifyStorage(await BlockRepository.open(storage, options))).problems).toMatchObject([{ key: 'log/', problem: expect.stringContaining('taking it again') as string }])
  })

  it('sweeps packs of sessions that ended without a commit, and none of a session at work', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const dead = await repository.session({ packSizeBytes: 1 })
    await dead.put(RAW_CODE, blob(1))
    await dead.close()
    const atWork = await repository.session({ packSizeBytes: 1 })
    const cid = await atWork.put(RAW_CODE, blob(2))
    await atWork.put(RAW_CODE, blob(3))
    await repository.collectGarbage(now)
    expect((await storageKeys(storage, 'packs/')).length).toBe(3)
    await atWork.commit({ action: 'test', refs: [{ name: 'x', target: await atWorkTop(atWork, cid) }] })
    await atWork.close()
    await repository.collectGarbage(now)
    const reopened = await assertSound(storage)
    expect(await reopened.get(cid)).toEqual(blob(2))
    expect((await storageKeys(storage, 'packs/')).length).toBe([...reopened.indexes.packs].length)
  })

  it('removes nothing where a listing is not complete', async () => {
    const storage = new HidingStorage()
    const repository = await BlockRepository.create(storage, options)
    await commitTree(repository, 'kept', [blob(1)])
    await commitTree(repository, 'gone', [blob(2)])
    await removeRef(repository, 'gone')
    const before = await storageKeys(storage, '')
    for (const hidden of ['packs/', ...before.filter((key) => key.startsWith('packs/'))]) {
      storage.hidden = hidden
      await expect(repository.collectGarbage(now)).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
    }
    storage.hidden = undefined
    expect(await storageKeys(storage, '')).toEqual(before)
  })

  it('removes nothing where a block that is needed cannot be read', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const kept = await commitTree(repository, 'kept', [blob(1)])
    await commitTree(repository, 'gone', [blob(2)])
    await removeRef(repository, 'gone')
    const [location] = await repository.indexes.find(kept.top.multihash.digest)
    const key = packKey(location?.pack.id ?? new Uint8Array(0))
    const bytes = await storage.get(key)
    bytes[(location?.offset ?? 0) + 50] = 0xff
    await storage.delete(key)
    await storage.put(key, bytes)
    const before = await storageKeys(storage, '')
    await expect(repository.collectGarbage(now)).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', hint: expect.stringContaining('repair') as string })
    expect(await storageKeys(storage, '')).toEqual(before)
  })

  it('keeps evicted blocks without what they lead to, and lets no ref point to them again', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const first = await commitTree(repository, 'data', [blob(1), blob(2)])
    const second = await repository.withSession(async (session) => {
      const tree = await putTree(session, [blob(2), blob(3)])
      const top = await session.put(DAG_CBOR_CODE, encodeCbor({ parent: first.top, tree: tree.top }))
      await session.commit({ action: 'test', refs: [{ name: 'data', target: top }] })
      return { ...tree, top }
    })
    const report = await repository.collectGarbage({ ...now, evict: async () => [first.top] })
    expect(report.evicted).toEqual([first.top])
    const reopened = await assertSound(storage)
    await reopened.get(first.top)
    expect(await reopened.isEvicted(first.top)).toBe(true)
    await expect(reopened.get(first.leaves[0] as CID)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await reopened.get(first.leaves[1] as CID)).toEqual(blob(2))
    expect(await reopened.get(second.leaves[1] as CID)).toEqual(blob(3))
    await reopened.withSession((session) => expect(session.commit({ action: 'test', refs: [{ name: 'old', target: first.top }] })).rejects.toMatchObject({ code: 'NOT_FOUND' }))
    await reopened.collectGarbage(now)
    await (await assertSound(storage)).get(first.top)
  })

  it('serves readers of the state before', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const kept = await commitTree(repository, 'kept', [blob(1), blob(2)])
    await commitTree(repository, 'gone', [blob(3)])
    await removeRef(repository, 'gone')
    const reader = await BlockRepository.open(storage, options)
    await repository.collectGarbage(now)
    expect(await reader.get(kept.leaves[0] as CID)).toEqual(blob(1))
    const many = await collect((await BlockRepository.open(storage, options)).readMany(kept.leaves.map((cid) => ({ cid }))))
    expect(many.every((result) => 'bytes' in result)).toBe(true)
  })
})

/** Leaves objects out of its listings, as a storage that is slow to list what it holds. */
class HidingStorage extends MemoryStorage {
  hidden: string | undefined

  override async *list(prefix: string): AsyncGenerator<ObjectEntry, void, undefined> {
    for await (const entry of super.list(prefix)) if (this.hidden === undefined || !entry.key.startsWith(this.hidden)) yield entry
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

async function atWorkTop(session: Session, cid: CID): Promise<CID> {
  return session.put(DAG_CBOR_CODE, encodeCbor([cid]))
}

async function storageKeys(storage: MemoryStorage, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of storage.list(prefix)) keys.push(key)
  return keys.sort()
}

async function sizeOf(storage: MemoryStorage): Promise<number> {
  let bytes = 0
  for await (const { size } of storage.list('')) bytes += size
  return bytes
}
