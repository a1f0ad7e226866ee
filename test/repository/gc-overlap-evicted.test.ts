import { describe, expect, it } from 'vitest'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, DAG_CBOR_CODE } from '../../src/repository/index.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { assertSound, blob, commitTree, putTree, removeRef } from './trees.ts'

const options = { platform: nodePlatform }
const now = { graceMs: 0 }

describe('a session that outlives a collection', () => {
  it('commits what leads to data that is declared as dropped in the same commit', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    await commitTree(repository, 'gone', [blob(1), blob(2)])
    const elsewhere = await BlockRepository.create(new MemoryStorage(), options)
    await repository.withSession(async (session) => {
      // Only the record of a tree comes, as to a lazy clone.
      const { top } = await elsewhere.withSession((other) => putTree(other, 'left', [blob(5), blob(6)]).then(async (tree) => (await other.checkpoint(), tree)))
      await session.put(DAG_CBOR_CODE, await elsewhere.get(top))
      const above = await session.put(DAG_CBOR_CODE, encodeCbor({ root: top }))
      await removeRef(repository, 'gone')
      expect((await repository.collectGarbage(now)).removed.blocks).toBeGreaterThan(0)
      await session.commit({ action: 'pull', refs: [{ name: 'left', target: above }], dropped: async () => [top] })
    })
    await assertSound(storage)
  })

  it('makes sure of what it says is whole again', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const { top, leaves } = await commitTree(repository, 'kept', [blob(1), blob(2)])
    await repository.collectGarbage({ ...now, evict: async () => [top] })
    expect(await repository.isEvicted(top)).toBe(true)
    // The same leaves are here because something else has them.
    await commitTree(repository, 'other', [blob(1), blob(2), blob(3)])
    await repository.withSession(async (session) => {
      await removeRef(repository, 'other')
      await repository.collectGarbage(now)
      await session.commit({ action: 'restore', whole: [top] })
    })
    expect(await repository.isEvicted(top)).toBe(false)
    const reopened = await assertSound(storage)
    for (const [index, cid] of leaves.entries()) expect(await reopened.get(cid)).toEqual(blob(index + 1))
  })
})
