import { describe, expect, it } from 'vitest'
import { DAG_CBOR_CODE } from '../../../src/cid/cid.ts'
import { fetchRefs, openRepository, pull, push } from '../../../src/index.ts'
import { findRun } from '../../../src/run/find-run.ts'
import { encodeRunRecord } from '../../../src/run/run-object.ts'
import { readRunRecord } from '../../../src/run/run-checkpoint.ts'
import { commitRecord, listOpenRuns } from '../../../src/run/run-tree.ts'
import { runDocumentOf } from '../../../src/run/runs.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { create, gather } from '../../dataset/in-memory.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { noise } from '../two-colleagues.ts'
import { colleagues, edgesOf } from './colleagues.ts'

/** The same objects in another storage: a repository that was copied by hand. */
async function copyOf(storage: MemoryStorage): Promise<MemoryStorage> {
  const copy = new MemoryStorage()
  for await (const { key } of storage.list('')) await copy.put(key, await storage.get(key))
  return copy
}

describe('a run whose input was dropped', () => {
  it('goes over all the same, with the record of the input, and says so', async () => {
    const { ada, bob, send, take, shared } = await colleagues()
    const { root } = await ada.snapshot([{ path: 'a', content: noise(50_000, 1) }], { ref: 'data' })
    await pretendRun(ada, { inputs: { train: 'data' } })
    const { root: cid } = await ada.resolve('data')
    await ada.blocks.collectGarbage({ graceMs: 0, evict: async () => [cid] })
    await ada.deleteRef('data')
    const pushed = await send(ada)
    expect(pushed).toMatchObject({ dropped: [root], records: { runs: { added: 1 } } })
    await take(bob)
    expect((await findRun(bob.blocks, 'train#1')).started.inputs[0]?.root.toString()).toBe(root)
    await expect(bob.read(root, 'a')).rejects.toMatchObject({ code: 'EVICTED' })
    for (const repository of [bob, await openRepository(shared)]) {
      expect(await repository.verify()).toMatchObject({ ok: true })
      await repository.collectGarbage({ graceMs: 0 })
      expect(await repository.verify()).toMatchObject({ ok: true })
    }
    // Who has the data brings it along with a run of his own.
    await bob.snapshot([{ path: 'a', content: noise(50_000, 1) }], { ref: 'mine' })
    await pretendRun(bob, { inputs: { train: 'mine' } })
    expect((await send(bob)).dropped).toEqual([])
    expect((await (await openRepository(shared)).read(root, 'a')).length).toBe(50_000)
  })
})

describe('a run that both sides have, from a copy made by hand', () => {
  it('is over there once it is over here; one that ended differently on both sides keeps both ends', async () => {
    const storage = new MemoryStorage()
    const ada = await create(storage)
    const [first, second] = [await pretendRun(ada, { status: 'running' }), await pretendRun(ada, { status: 'running' })]
    const shared = await copyOf(storage)
    const end = async (who: typeof ada, { start, label }: typeof first, status: 'succeeded' | 'failed'): Promise<string> => {
      const number = Number(label.split('#')[1])
      const record = await who.blocks.withSession(async (session) =>
        commitRecord(who.blocks, session, { name: 'train', number, start }, (before) => ({ ...(before as NonNullable<typeof before>), status, ended: '2026-11-30T00:00:00.000Z' }), { message: '', actor: null }))
      return record.toString()
    }
    const ours = [await end(ada, first, 'succeeded'), await end(ada, second, 'succeeded')]
    const theirs = await openRepository(shared)
    const other = await end(theirs, second, 'failed')
    expect((await push(ada, { to: shared })).records?.runs).toEqual({ added: 0, updated: 1, renumbered: [], kept: [{ id: second.start.toString(), label: 'train#2', sent: ours[1], kept: other }], open: 0 })
    await theirs.blocks.refresh()
    expect((await runDocumentOf(theirs, 'train#1')).status).toBe('succeeded')
    expect((await runDocumentOf(theirs, 'train#2')).status).toBe('failed')
    expect(await gather(listOpenRuns(theirs.blocks))).toEqual([])
    expect((await pull(ada, { from: shared })).records?.runs).toMatchObject({ updated: 0, kept: [{ sent: other, kept: ours[1] }] })
    expect((await runDocumentOf(ada, 'train#2')).status).toBe('succeeded')
  })
})

describe('what was fetched and not pulled', () => {
  it('is no record here, and pull makes it one', async () => {
    const { ada, bob, send, shared, take } = await colleagues()
    await ada.snapshot([{ path: 'a', content: 'data' }], { ref: 'data' })
    const run = await pretendRun(ada, { inputs: { train: 'data' } })
    await send(ada)
    await fetchRefs(bob, { from: shared })
    await expect(runDocumentOf(bob, 'train#1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    // A block that is here by itself is not taken for a run that is here with all it leads to.
    await bob.blocks.withSession(async (session) => {
      await session.put(DAG_CBOR_CODE, await ada.blocks.get(run.start))
      await session.put(DAG_CBOR_CODE, encodeRunRecord(await readRunRecord(ada.blocks, run.record ?? run.start)))
      await session.commit({ action: 'test' })
    })
    await take(bob)
    expect(await bob.verify()).toMatchObject({ ok: true })
    expect(await edgesOf(bob, 'train#1')).toEqual(await edgesOf(ada, 'train#1'))
  })
})
