import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { clone, pull, push, removeRemote } from '../../../src/index.ts'
import { type CID, DAG_CBOR_CODE, RAW_CODE } from '../../../src/cid/cid.ts'
import { leftRoots } from '../../../src/dataset/left-at-remote.ts'
import { addReachable } from '../../../src/repository/reachable.ts'
import { ReachedBlocks } from '../../../src/repository/reached-blocks.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { files, scratch } from '../two-colleagues.ts'

test('a lazy clone hands on no records in the place of data: neither to who clones it nor to where it pushes', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(files({ a: 'one' }), { ref: 'data' })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  const refused = { code: 'NOT_FOUND', message: expect.stringContaining('left at the remote "origin"') as string, data: { url: place.path('shared') } }
  await expect(clone(place.path('bob'), place.path('carl'))).rejects.toMatchObject(refused)
  await expect(clone(place.path('bob'), place.path('dora'), { lazy: true })).rejects.toMatchObject(refused)
  await expect(push(bob, { to: place.path('backup') })).rejects.toMatchObject(refused)
  expect((await (await place.of('backup')).blocks.refs().next()).done).toBe(true)
  // Where the data is, another name for it is no harm.
  await bob.setRef('data@v1', 'data')
  expect(await push(bob)).toMatchObject({ refs: [{ outcome: 'same' }, { outcome: 'new' }] })
  expect(await shared.verify()).toMatchObject({ ok: true, leftAtRemotes: 0 })
  // What is newer and whole goes; of what was before it only the record, which is said.
  await bob.snapshot(files({ a: 'two' }), { ref: 'data' })
  const pushed = await push(bob, { to: place.path('backup'), refs: ['data'] })
  expect(pushed.dropped).toHaveLength(1)
  await pull(bob, { refs: ['data', 'data@v1'] })
  await push(bob, { to: place.path('backup') })
  const backup = await place.of('backup')
  await backup.blocks.refresh()
  expect(await backup.verify()).toMatchObject({ ok: true })
  expect(Buffer.from(await backup.read('data@v1', 'a')).toString()).toBe('one')
}, 60_000)

test('a pull by name after one that was stopped when all was stored makes the data whole here', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(files({ a: 'one', b: 'two' }), { ref: 'data' })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  const { root } = await shared.resolve('data')
  const all: CID[] = []
  await addReachable({ has: (cid) => all.push(cid) > 0, async *readMany(requests) {
    for await (const result of shared.blocks.readMany(requests)) {
      all.push(result.cid)
      yield result
    }
  } }, [root], new ReachedBlocks())
  await bob.blocks.withSession(async (session) => {
    for (const cid of all) await session.put(cid.code === RAW_CODE ? RAW_CODE : DAG_CBOR_CODE, await shared.blocks.get(cid))
    await session.checkpoint()
  })
  expect(await pull(bob, { refs: ['data'] })).toMatchObject({ blocks: 0 })
  expect(await bob.blocks.isEvicted(root)).toBe(false)
  await bob.collectGarbage({ graceMs: 0 })
  expect(await bob.verify()).toMatchObject({ ok: true, leftAtRemotes: 0 })
}, 60_000)

test('a pull with data takes all that was left: of older snapshots, and of runs', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(files({ a: 'one' }), { ref: 'data' })
  await shared.snapshot(files({ a: 'two' }), { ref: 'data' })
  await shared.snapshot(files({ a: 'secret' }), { ref: 'other' })
  await pretendRun(shared, { inputs: { train: 'data~1', more: 'other' } })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  await shared.deleteRef('other')
  const bob = await place.of('bob')
  expect((await leftRoots(bob.blocks)).size).toBe(5)
  await pull(bob, { metadataOnly: false })
  expect((await leftRoots(bob.blocks)).size).toBe(0)
  await removeRemote(bob, 'origin')
  rmSync(place.path('shared'), { recursive: true })
  expect(await bob.verify()).toMatchObject({ ok: true, leftAtRemotes: 0 })
  expect(Buffer.from(await bob.read('data~1', 'a')).toString()).toBe('one')
}, 60_000)

test('what the remote has no more stays with what is missing, and hinders nothing else', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot(files({ a: 'one' }), { ref: 'data' })
  await shared.snapshot(files({ b: 'gone' }), { ref: 'other' })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  await shared.deleteRef('other')
  await shared.collectGarbage({ graceMs: 0 })
  const bob = await place.of('bob')
  await pull(bob, { metadataOnly: false })
  expect((await leftRoots(bob.blocks)).size).toBe(1)
  expect(Buffer.from(await bob.read('data', 'a')).toString()).toBe('one')
  await expect(bob.read('other', 'b')).rejects.toThrow(/is not there any more/)
}, 60_000)
