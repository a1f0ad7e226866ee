import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { cidText, DAG_CBOR_CODE, RAW_CODE, type CID } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type Session } from '../../src/repository/index.ts'
import { RootLog } from '../../src/repository/root-log.ts'
import { encodeRootRecord, type ReadRecord, recordKey } from '../../src/repository/root-record.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }

async function putMany(session: Session, blocks: readonly Uint8Array[]): Promise<CID[]> {
  const cids: CID[] = []
  for (const block of blocks) cids.push(await session.put(RAW_CODE, block))
  return cids
}

/** A block that a ref may point to. */
async function putTarget(session: Session, name: string): Promise<CID> {
  return session.put(DAG_CBOR_CODE, encodeCbor({ name }))
}

describe('a repository of blocks', () => {
  it('gives back every block after it is opened again', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const blocks = Array.from({ length: 300 }, (_, index) => randomBytes(index * 37, index))
    const session = await repository.session({ packSizeBytes: 200_000 })
    const cids = await putMany(session, blocks)
    await session.commit({ action: 'test' })
    await session.close()

    const reopened = await BlockRepository.open(storage, options)
    for (const [index, cid] of cids.entries()) expect(equalBytes(await reopened.get(cid), blocks[index] as Uint8Array)).toBe(true)
    let count = 0
    for await (const result of reopened.readMany(cids.map((cid) => ({ cid })))) {
      expect(result.cid.equals(cids[count] as CID)).toBe(true)
      expect('bytes' in result && equalBytes(result.bytes, blocks[count] as Uint8Array)).toBe(true)
      count++
    }
    expect(count).toBe(300)
    expect([...reopened.indexes.packs].length).toBeGreaterThan(5)
  })

  it('shows nothing of a session before it commits, and nothing of one that never does', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const session = await repository.session({ packSizeBytes: 1000 })
    const [cid] = await putMany(session, [randomBytes(2000, 1), randomBytes(2000, 2)])
    await session.close()
    const reopened = await BlockRepository.open(storage, options)
    await expect(reopened.get(cid as CID)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(reopened.root.number).toBe(0)
  })

  it('stores equal blocks once, within a session and across sessions', async () => {
    const repository = await BlockRepository.create(new MemoryStorage(), options)
    const block = randomBytes(5000, 7)
    await using first = await repository.session()
    await putMany(first, [block, block, block])
    expect(first.added).toMatchObject({ blocks: 1, contentBytes: 5000 })
    await first.commit({ action: 'test' })
    await using second = await repository.session()
    await putMany(second, [block])
    expect(second.added.blocks).toBe(0)
  })

  it('lets a session read its own blocks wherever they are: in memory, being stored, stored', async () => {
    const repository = await BlockRepository.create(new MemoryStorage(), options)
    await using session = await repository.session({ packSizeBytes: 3000 })
    const blocks = Array.from({ length: 20 }, (_, index) => randomBytes(1000, index))
    const cids = await putMany(session, blocks)
    for (const [index, cid] of cids.entries()) expect(await session.get(cid)).toEqual(blocks[index])
  })

  it('moves refs only from where they are expected to be', async () => {
    const repository = await BlockRepository.create(new MemoryStorage(), options)
    await using session = await repository.session()
    const [one, two] = [await putTarget(session, 'one'), await putTarget(session, 'two')]
    await session.commit({ action: 'test', refs: [{ name: 'main', expected: null, target: one }] })
    await expect(session.commit({ action: 'test', refs: [{ name: 'main', expected: null, target: two }] })).rejects.toMatchObject({
      code: 'REF_CONFLICT', data: { ref: 'main', expected: null, actual: cidText(one) },
    })
    await expect(session.commit({ action: 'test', refs: [{ name: 'main', expected: two, target: one }] })).rejects.toMatchObject({ code: 'REF_CONFLICT' })
    await session.commit({ action: 'test', refs: [{ name: 'main', expected: one, target: two }] })
    expect((await repository.getRef('main'))?.equals(two)).toBe(true)
    await session.commit({ action: 'test', refs: [{ name: 'main', expected: two, target: null }] })
    expect(await repository.getRef('main')).toBeUndefined()
  })

  it('carries out all ref changes of a commit or none', async () => {
    const repository = await BlockRepository.create(new MemoryStorage(), options)
    await using session = await repository.session()
    const one = await putTarget(session, 'one')
    const changes = [{ name: 'a', expected: null, target: one }, { name: 'b', expected: one, target: one }]
    await expect(session.commit({ action: 'test', refs: changes })).rejects.toMatchObject({ code: 'REF_CONFLICT', data: { ref: 'b' } })
    expect(await repository.getRef('a')).toBeUndefined()
  })

  it('refuses a ref to a block that is not there', async () => {
    const repository = await BlockRepository.create(new MemoryStorage(), options)
    await using session = await repository.session()
    const elsewhere = await BlockRepository.create(new MemoryStorage(), options)
    await using other = await elsewhere.session()
    const absent = await putTarget(other, 'absent')
    await expect(session.commit({ action: 'test', refs: [{ name: 'a', target: absent }] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('lets many writers commit at once, all of whom succeed', async () => {
    const storage = new MemoryStorage()
    await BlockRepository.create(storage, options)
    await Promise.all(Array.from({ length: 12 }, async (_, writer) => {
      const repository = await BlockRepository.open(storage, options)
      await using session = await repository.session()
      for (let commit = 0; commit < 3; commit++) {
        const target = await putTarget(session, `${writer}/${commit}`)
        await session.commit({ action: 'test', refs: [{ name: `writer-${writer}/${commit}`, expected: null, target }] })
      }
    }))
    const repository = await BlockRepository.open(storage, options)
    const names: string[] = []
    for await (const { name, target } of repository.refs()) {
      names.push(name)
      await repository.get(target)
    }
    expect(names.length).toBe(36)
    expect(repository.root.number).toBe(36)
    expect(repository.indexes.files.length).toBeLessThanOrEqual(16)
  })

  it('keeps every operation, in order, whatever their number', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    await using session = await repository.session()
    for (let number = 0; number < 150; number++) {
      const target = await putTarget(session, `target ${number}`)
      await session.commit({ action: 'test', message: `commit ${number}`, actor: 'me', refs: [{ name: 'main', target }] })
    }
    const reopened = await BlockRepository.open(storage, options)
    const messages: string[] = []
    let last: CID | null = null
    for await (const operation of reopened.operations()) {
      messages.push(operation.message)
      expect(operation.changes[0]?.before?.toString()).toBe(last?.toString())
      last = operation.changes[0]?.after ?? null
    }
    expect(messages).toEqual(Array.from({ length: 150 }, (_, number) => `commit ${number}`))
    expect(reopened.indexes.files.length).toBeLessThanOrEqual(16)
  })

  it('finds the newest record without its hints, and from stale ones', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    await using session = await repository.session()
    for (let number = 1; number <= 130; number++) await session.commit({ action: 'test' })
    expect((await BlockRepository.open(storage, options)).root.number).toBe(130)
    await storage.delete('hints/128')
    expect((await BlockRepository.open(storage, options)).root.number).toBe(130)
    await storage.put('hints/5', new Uint8Array(0))
    expect((await BlockRepository.open(storage, options)).root.number).toBe(130)
    await storage.put('hints/500', new Uint8Array(0))
    await expect(BlockRepository.open(storage, options)).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
  })

  it('never lets a revoked session commit', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const session = await repository.session()
    await session.put(RAW_CODE, utf8('kept'))
    await session.commit({ action: 'test' })
    const { record, digest } = await readNewest(repository)
    await storage.put(recordKey(2), encodeRootRecord(repository.hasher, { ...record, number: 2, previous: digest, revoked: [session.id], writer: randomBytes(16, 9) }))
    await session.put(RAW_CODE, utf8('lost'))
    await expect(session.commit({ action: 'test' })).rejects.toMatchObject({ code: 'SESSION_REVOKED' })
  })

  it.each([true, false])('takes packs that are gone from the index into its own again, or refuses to commit if they are gone altogether (%s)', async (isDeleted) => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    await using writer = await repository.session()
    const shared = await writer.put(RAW_CODE, utf8('shared'))
    await writer.commit({ action: 'test' })
    await using session = await repository.session()
    await session.put(RAW_CODE, utf8('shared'))
    const { record, digest } = await readNewest(repository)
    await storage.put(recordKey(2), encodeRootRecord(repository.hasher, { ...record, number: 2, previous: digest, indexes: [], operations: { tree: null, total: 0, tail: [] }, writer: randomBytes(16, 9) }))
    if (isDeleted) {
      for await (const { key } of storage.list('packs/')) await storage.delete(key)
      await expect(session.commit({ action: 'test' })).rejects.toMatchObject({ code: 'SESSION_REVOKED' })
    } else {
      await session.commit({ action: 'test' })
      const reopened = await BlockRepository.open(storage, options)
      expect(await reopened.get(shared)).toEqual(utf8('shared'))
    }
  })
})

async function readNewest(repository: BlockRepository): Promise<ReadRecord> {
  return new RootLog(repository.storage, repository.hasher).newest()
}
