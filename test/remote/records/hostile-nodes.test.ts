import { expect, it } from 'vitest'
import { pull } from '../../../src/index.ts'
import { type CID, DAG_CBOR_CODE } from '../../../src/cid/cid.ts'
import { encodeInner, encodeLeaf } from '../../../src/manifest/node.ts'
import { loadRoot } from '../../../src/manifest/load-node.ts'
import { scanTree } from '../../../src/manifest/read-tree.ts'
import { runEntryCodec } from '../../../src/run/run-entry.ts'
import { RUNS_REF } from '../../../src/run/run-tree.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { create } from '../../dataset/in-memory.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { manyRuns, startsOf } from './colleagues.ts'

it('a tree of runs that says of a node it shares with ours that it ends sooner puts nothing in the place of a run', async () => {
  const storage = new MemoryStorage()
  const here = await create()
  await manyRuns(here, 400)
  const before = await startsOf(here)
  const there = await create(storage)
  await pull(there, { from: here.blocks.storage })
  const evil = await pretendRun(there)
  await there.blocks.withSession(async (session) => {
    const tree = (await there.blocks.getRef(RUNS_REF)) as CID
    const ours = await loadRoot(here.blocks, runEntryCodec, (await here.blocks.getRef(RUNS_REF)) as CID)
    if (ours.kind !== 'inner' || ours.level !== 1) throw new Error('the tree has another form')
    const [shared] = ours.links
    if (shared === undefined) return
    const keys: Uint8Array[] = []
    for await (const { key } of scanTree(there.blocks, tree, runEntryCodec)) keys.push(key)
    const leaf = encodeLeaf([{ key: shared.key, value: { start: evil.start, record: evil.record, isOver: true } }], runEntryCodec)
    const cid = await session.put(DAG_CBOR_CODE, leaf)
    const root = await session.put(DAG_CBOR_CODE, encodeInner(1, [{ ...shared, key: keys[1] as Uint8Array }, { key: shared.key, cid, count: 1 }]))
    await session.commit({ action: 'test', refs: [{ name: RUNS_REF, target: root, own: true }] })
  })
  await expect(pull(here, { from: storage })).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  expect(await startsOf(here)).toEqual(before)
}, 60_000)
