import { describe, expect, it } from 'vitest'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type CID, RAW_CODE } from '../../src/repository/index.ts'
import { MeddlingStorage } from './meddling-storage.ts'
import { assertSound, blob, commitTree, pointTo, putTree, removeRef } from './trees.ts'

const options = { platform: nodePlatform }
const now = { graceMs: 0 }

/** A repository with something to keep and something to collect. */
async function untidy(): Promise<{ storage: MeddlingStorage; repository: BlockRepository; kept: { top: CID; leaves: CID[] } }> {
  const storage = new MeddlingStorage()
  const repository = await BlockRepository.create(storage, options)
  const kept = await repository.withSession(async (session) => {
    // In the same pack, so that what is kept moves.
    await session.put(RAW_CODE, blob(4))
    return putTree(session, 'kept', [blob(1), blob(2)])
  })
  await commitTree(repository, 'gone', [blob(2), blob(3)])
  await removeRef(repository, 'gone')
  return { storage, repository, kept }
}

describe('garbage collection', () => {
  it('keeps what the same process commits while it looks for garbage', async () => {
    for (const operation of ['get', 'put'] as const) {
      const { storage, repository } = await untidy()
      let added: { leaves: CID[] } | undefined
      storage.before(operation, 'packs/', async () => (added = await commitTree(repository, 'new', [blob(7)])))
      await repository.collectGarbage(now)
      expect(storage.isDone).toBe(true)
      const reopened = await assertSound(storage)
      expect(await reopened.getRef('new')).toBeDefined()
      expect(await reopened.get(added?.leaves[0] as CID)).toEqual(blob(7))
    }
  })

  it('that was given up by another collection removes nothing', async () => {
    const { storage, repository, kept } = await untidy()
    const other = await BlockRepository.open(storage, options)
    storage.before('put', 'log/', async () => expect((await other.collectGarbage({ ...now, isGone: () => true })).revoked.length).toBe(1))
    await expect(repository.collectGarbage(now)).rejects.toMatchObject({ code: 'SESSION_REVOKED' })
    const reopened = await assertSound(storage)
    expect(await reopened.get(kept.leaves[1] as CID)).toEqual(blob(2))
  })

  it('that is overtaken looks only at what came since', async () => {
    const storage = new MeddlingStorage()
    const repository = await BlockRepository.create(storage, options)
    for (let number = 0; number < 12; number++) await commitTree(repository, `kept-${number}`, [blob(number)])
    await commitTree(repository, 'gone', [blob(50)])
    await removeRef(repository, 'gone')
    const other = await BlockRepository.open(storage, options)
    const reads = (): number => storage.calls.filter((call) => call.startsWith('get packs/')).length
    let first = 0
    storage.before('put', 'log/', async () => {
      first = reads()
      await commitTree(other, 'new', [blob(60)])
      storage.calls = []
    })
    storage.calls = []
    await repository.collectGarbage(now)
    expect(first).toBeGreaterThan(30)
    // Each pack's trailer is read again; the tree and the blocks that were moved are not.
    expect(reads()).toBeLessThan(first * 0.75)
    expect(await (await assertSound(storage)).getRef('new')).toBeDefined()
  })

  it('that is overtaken keeps what is not to be evicted any more', async () => {
    const { storage, repository, kept } = await untidy()
    const other = await BlockRepository.open(storage, options)
    storage.before('put', 'log/', () => commitTree(other, 'new', [blob(9)]))
    let asked = 0
    await repository.collectGarbage({ ...now, evict: async () => (asked++ === 0 ? [kept.top] : []) })
    expect(asked).toBe(2)
    expect(await (await assertSound(storage)).get(kept.leaves[0] as CID)).toEqual(blob(1))
  })

  it('refuses a ref to what it evicts at that moment', async () => {
    const storage = new MeddlingStorage()
    const repository = await BlockRepository.create(storage, options)
    const first = await commitTree(repository, 'data', [blob(1)])
    await repository.withSession((session) => pointTo(session, 'data', [first.top]))
    const other = await BlockRepository.open(storage, options)
    await repository.withSession(async (session) => {
      await session.has(first.top)
      storage.before('stat', 'log/', () => other.collectGarbage({ ...now, evict: async () => [first.top] }))
      await expect(session.commit({ action: 'tag', refs: [{ name: 'data@first', target: first.top }] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })
    expect(storage.isDone).toBe(true)
    await assertSound(storage)
  })

  it('does not call damage what another collection removed, while others take the same repository on to that state', async () => {
    let met = 0
    for (let reads = 0; reads < 12; reads++) {
      const { storage, kept } = await untidy()
      const other = await BlockRepository.open(storage, options)
      await commitTree(other, 'doomed', [blob(5), blob(6)])
      // Nothing of it is known yet.
      const repository = await BlockRepository.open(storage, options)
      const afterReads = (left: number, work: () => Promise<unknown>): void => storage.before('get', 'packs/', async () => (left === 0 ? work() : afterReads(left - 1, work)))
      afterReads(reads, async () => {
        await removeRef(other, 'doomed')
        await other.collectGarbage(now)
        await repository.refresh()
        met++
      })
      await repository.collectGarbage(now)
      const reopened = await assertSound(storage)
      expect(await reopened.getRef('doomed')).toBeUndefined()
      for (const [index, cid] of kept.leaves.entries()) expect(await reopened.get(cid)).toEqual(blob(index + 1))
    }
    expect(met).toBeGreaterThan(8)
  })

  it('does not disturb one who opens the repository at that moment', async () => {
    const { storage, repository, kept } = await untidy()
    storage.before('get', 'index/', () => repository.collectGarbage(now))
    const reader = await BlockRepository.open(storage, options)
    expect(storage.isDone).toBe(true)
    expect(await reader.get(kept.leaves[0] as CID)).toEqual(blob(1))
  })

  it('does not disturb several reads at once of one who opened it long before', async () => {
    const { storage, repository, kept } = await untidy()
    const reader = await BlockRepository.open(storage, options)
    for (const cid of kept.leaves) await reader.get(cid)
    await repository.collectGarbage(now)
    // The second read looks where the block was, and is slow to be told; the first one goes on to the newer state meanwhile.
    storage.before('get', 'packs/', async () => expect(await reader.get(kept.leaves[0] as CID)).toEqual(blob(1)))
    expect(await reader.get(kept.leaves[1] as CID)).toEqual(blob(2))
    expect(storage.isDone).toBe(true)
  })

  it('leaves no index file that names nothing, and no name twice', async () => {
    const storage = new MeddlingStorage()
    const repository = await BlockRepository.create(storage, options)
    for (let round = 0; round < 6; round++) {
      await commitTree(repository, 'gone', [blob(round)])
      await removeRef(repository, 'gone')
      await repository.collectGarbage(now)
    }
    const { root, indexes } = await assertSound(storage)
    expect(indexes.files.filter((file) => file.packs.length === 0)).toEqual([])
    expect(new Set(root.indexes.map(({ id }) => String(id))).size).toBe(root.indexes.length)
  })

  it('lets a session commit that counts on packs which have a block in common', async () => {
    const { storage, repository } = await untidy()
    const sessions = await Promise.all(['one', 'two'].map(async () => (await BlockRepository.open(storage, options)).session()))
    for (const [number, session] of sessions.entries()) {
      await putTree(session, `both-${number}`, [blob(10), blob(20 + number)])
      await session.close()
    }
    const writer = await (await BlockRepository.open(storage, options)).session()
    const leaves = [await writer.put(RAW_CODE, blob(20)), await writer.put(RAW_CODE, blob(21))]
    for (const number of sessions.keys()) await removeRef(repository, `both-${number}`)
    await repository.collectGarbage(now)
    await pointTo(writer, 'new', leaves)
    await writer.close()
    const reopened = await assertSound(storage)
    for (const [number, cid] of leaves.entries()) expect(await reopened.get(cid)).toEqual(blob(20 + number))
  })

  it('lets a session commit that was overtaken by two collections', async () => {
    const { storage, repository } = await untidy()
    await commitTree(repository, 'old', [blob(10)])
    const writer = await (await BlockRepository.open(storage, options)).session()
    const leaf = await writer.put(RAW_CODE, blob(10))
    await removeRef(repository, 'old')
    await repository.collectGarbage(now)
    storage.before('put', 'log/', async () => {
      await commitTree(repository, 'gone', [blob(11)])
      await removeRef(repository, 'gone')
      await repository.collectGarbage(now)
    })
    await pointTo(writer, 'new', [leaf])
    await writer.close()
    expect(storage.isDone).toBe(true)
    expect(await (await assertSound(storage)).get(leaf)).toEqual(blob(10))
  })
})
