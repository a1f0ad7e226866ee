import { describe, expect, it } from 'vitest'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type CID, RAW_CODE } from '../../src/repository/index.ts'
import { packKey } from '../../src/repository/pack-format.ts'
import { recordKey } from '../../src/repository/root-record.ts'
import { MeddlingStorage } from './meddling-storage.ts'
import { assertSound, blob, commitTree, pointTo, putDelta, removeRef, variant } from './trees.ts'

const options = { platform: nodePlatform }

describe('a repair beside others', () => {
  it('that has filled a gap of the log and is then overtaken leaves what its record names: others have gone on from it', async () => {
    const storage = new MeddlingStorage()
    const repository = await BlockRepository.create(storage, options)
    const { leaves } = await commitTree(repository, 'first', [blob(1)])
    for (const name of ['second', 'third']) await commitTree(repository, name, [blob(2)])
    const other = await BlockRepository.open(storage, options)
    // Records 4 to 6 are lost.
    await storage.put('hints/6', new Uint8Array(0))
    const stop = new AbortController()
    const reason = new Error('stopped')
    storage.before('put', recordKey(5), async () => {
      for (const name of ['fifth', 'sixth']) await commitTree(other, name, [blob(7)])
      stop.abort(reason)
    })
    await expect((await BlockRepository.openDamaged(storage, options)).repair({ signal: stop.signal })).rejects.toBe(reason)
    expect(storage.isDone).toBe(true)
    const reopened = await assertSound(storage)
    expect(reopened.root.number).toBe(6)
    expect(await reopened.get(leaves[0] as CID)).toEqual(blob(1))
    expect(await reopened.getRef('sixth')).toBeDefined()
  })

  it('lets go of a pack that was deleted after it had been read, whose blocks nothing leads to', async () => {
    const storage = new MeddlingStorage()
    const repository = await BlockRepository.create(storage, options)
    const kept = await commitTree(repository, 'kept', [blob(1)])
    const delta = await repository.withSession(async (session) => {
      await session.put(RAW_CODE, blob(3))
      const leaf = await putDelta(session, variant(blob(1), 2), kept.leaves[0] as CID)
      await pointTo(session, 'gone', [leaf])
      return leaf
    })
    await removeRef(repository, 'gone')
    const garbage = packKey((await repository.indexes.find(delta.multihash.digest))[0]?.pack.id ?? new Uint8Array(16))
    await commitTree(repository, 'newest', [blob(5)])
    const newest = recordKey(repository.root.number)
    await storage.delete(newest)
    await storage.put(newest, new Uint8Array(40))
    // As a collection does that looked for leases before the repair had left one.
    storage.before('put', recordKey(repository.root.number + 1), () => storage.delete(garbage))
    const report = await (await BlockRepository.openDamaged(storage, options)).repair()
    expect(storage.isDone).toBe(true)
    expect(report).toMatchObject({ indexRebuilt: true, packs: { missing: [garbage], torn: [] }, lost: [], damaged: [] })
    const mended = await assertSound(storage)
    expect([...mended.indexes.packs].map(({ id }) => packKey(id))).not.toContain(garbage)
    expect(await mended.has(delta)).toBe(false)
    await mended.collectGarbage({ graceMs: 0 })
    expect(await (await assertSound(storage)).get(kept.leaves[0] as CID)).toEqual(blob(1))
  })
})
