import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../../../src/bytes.ts'
import { type CID, DAG_CBOR_CODE } from '../../../src/cid/cid.ts'
import { moveAlias, openRepository, pull, push, registerModel, type Repository } from '../../../src/index.ts'
import { editTree } from '../../../src/manifest/edit-tree.ts'
import type { TreeItem, ValueCodec } from '../../../src/manifest/interface.ts'
import { getValue } from '../../../src/manifest/read-tree.ts'
import { MEMORY_REF, recall } from '../../../src/recipe/memory.ts'
import { encodeRunList } from '../../../src/recipe/run-object.ts'
import { recordTrees } from '../../../src/remote/records/record-trees.ts'
import { eventKey, versionKey } from '../../../src/registry/model-key.ts'
import { encodeModelEvent, encodeModelVersion, readModelEvent, readModelVersion } from '../../../src/registry/model-object.ts'
import { EVENTS_REF, getVersion, MODELS_REF } from '../../../src/registry/model-tree.ts'
import { type VersionEntry, versionEntryCodec } from '../../../src/registry/version-entry.ts'
import type { Session } from '../../../src/repository/index.ts'
import { linkCodec } from '../../../src/repository/link-codec.ts'
import { type RunEntry, runEntryCodec } from '../../../src/run/run-entry.ts'
import { runKey } from '../../../src/run/run-key.ts'
import { runDocumentOf } from '../../../src/run/runs.ts'
import { getRun, RUNS_REF } from '../../../src/run/run-tree.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { create } from '../../dataset/in-memory.ts'
import { pretend } from '../../recipe/made-up-derivations.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { startsOf } from './colleagues.ts'

interface Planted<V> {
  readonly ref: string
  readonly codec: ValueCodec<V>
  readonly items: readonly TreeItem<V>[]
}

/** Puts entries into a tree of a repository, whatever they say. */
async function plant<V>({ blocks }: Repository, make: (session: Session) => Promise<Planted<V>>): Promise<void> {
  await blocks.refresh()
  await blocks.withSession(async (session) => {
    const { ref, codec, items } = await make(session)
    const tree = (await blocks.getRef(ref)) ?? null
    // Without the checks of keys, which nobody who means harm would make.
    const unchecked: ValueCodec<V> = { encode: (value) => codec.encode(value), decode: (value) => codec.decode(value), weigh: (value) => codec.weigh(value), equals: (a, b) => codec.equals(a, b) }
    await session.commit({ action: 'test', refs: [{ name: ref, target: await editTree(session, session, tree, unchecked, items), own: true }] })
  })
}

interface Evil {
  readonly remote: MemoryStorage
  readonly theirs: Repository
  readonly run: { readonly start: CID; readonly record: CID }
  readonly other: { readonly start: CID; readonly record: CID }
  readonly open: { readonly start: CID; readonly record: CID }
}

async function evil(): Promise<Evil> {
  const [made, remote] = [await create(), new MemoryStorage()]
  const [run, other] = [await pretendRun(made), await pretendRun(made, { name: 'test' })]
  await registerModel(made, 'digits', { run: run.label })
  await moveAlias(made, 'digits', 'production', 1)
  await pretend(made, { from: 'raw', to: 'features' })
  await push(made, { to: remote })
  const theirs = await openRepository(remote)
  const open = await pretendRun(theirs, { status: 'running' })
  const entry = await recordOf(theirs, 'train', 2)
  const sealed = ({ start, record }: { readonly start: CID; readonly record: CID | null }): Evil['run'] => ({ start, record: record ?? start })
  return { remote, theirs, run: sealed(run), other: sealed(other), open: { start: open.start, record: entry } }
}

async function recordOf({ blocks }: Repository, name: string, number: number): Promise<CID> {
  return (await getRun(blocks, { name, number }))?.record as CID
}

async function refused(remote: MemoryStorage): Promise<void> {
  const here = await create()
  await pretendRun(here, { name: 'mine' })
  const before = await recordTrees(here.blocks)
  await expect(pull(here, { from: remote })).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  await here.blocks.refresh()
  expect(await recordTrees(here.blocks)).toEqual(before)
  // Who wants the refs alone is not hindered.
  await pull(here, { from: remote, records: false })
}

const runs = (key: Uint8Array, start: CID, record: CID): Planted<RunEntry> => ({ ref: RUNS_REF, codec: runEntryCodec, items: [{ key, value: { start, record, isOver: true } }] })
const rawKey = (name: string, end: readonly number[]): Uint8Array => concatBytes([utf8(name), Uint8Array.of(0, ...end)])

describe('runs of a remote that means harm', () => {
  it.each(['../up', '_varve/x', 'a b', 'x@y', 'a\0b'])('with the name %j are refused', async (name) => {
    const { remote, theirs, run } = await evil()
    await plant(theirs, async () => runs(rawKey(name, [0xff, 0xff, 0xff, 0xf0]), run.start, run.record))
    await refused(remote)
  })

  it('with the number 0, or without one, are refused', async () => {
    for (const key of [rawKey('train', [0xff, 0xff, 0xff, 0xff]), utf8('xy')]) {
      const { remote, theirs, run } = await evil()
      await plant(theirs, async () => runs(key, run.start, run.record))
      await refused(remote)
    }
  })

  it('that are something else than they say are refused', async () => {
    const key = runKey({ name: 'train', number: 7 })
    const lies: readonly ((evil: Evil) => Planted<RunEntry>)[] = [
      ({ run }) => runs(key, run.record, run.record), ({ open }) => runs(key, open.start, open.start), ({ open, other }) => runs(key, open.start, other.record),
      ({ other }) => runs(key, other.start, other.record), ({ open }) => runs(key, open.start, open.record),
    ]
    for (const lie of lies) {
      const all = await evil()
      await plant(all.theirs, async () => lie(all))
      await refused(all.remote)
    }
  })

  it('that stand there twice come once, as they are', async () => {
    const { remote, theirs, run, other } = await evil()
    await plant(theirs, async () => runs(runKey({ name: 'train', number: 7 }), run.start, other.record))
    const here = await create()
    expect((await pull(here, { from: remote })).records?.runs.added).toBe(2)
    expect(await startsOf(here)).toEqual({ 'train#1': run.start.toString(), 'test#1': other.start.toString() })
    expect((await runDocumentOf(here, 'train#1')).record?.toString()).toBe(run.record.toString())
  })

  it('with numbers near the end leave room for the runs of others', async () => {
    const { remote, theirs } = await evil()
    const theirOwn = await pretendRun(theirs, { name: 'far' })
    await plant(theirs, async () => runs(runKey({ name: 'far', number: 0xfffffffe }), theirOwn.start, theirOwn.record as CID))
    await plant(theirs, async () => ({ ref: RUNS_REF, codec: runEntryCodec, items: [{ key: runKey({ name: 'far', number: 1 }), value: undefined as unknown as RunEntry }] }))
    const here = await create()
    const { records } = await pull(here, { from: remote })
    expect(records?.runs.renumbered).toEqual([{ id: theirOwn.start.toString(), from: 'far#4294967294', to: 'far#1' }])
    expect((await pretendRun(here, { name: 'far' })).label).toBe('far#2')
    expect(Object.keys(await startsOf(here))).toContain('far#1')
  })
})

describe('derivations of a remote that means harm', () => {
  it('with a list of another derivation, or with runs of another, are refused', async () => {
    for (const lie of ['list', 'run'] as const) {
      const { remote, theirs } = await evil()
      const [a, b] = [await pretend(theirs, { name: 'a', from: '1', to: '2' }), await pretend(theirs, { name: 'b', from: '1', to: '3' })]
      const { runs: ofB } = await recall(theirs.blocks, b.derivation)
      await plant(theirs, async (session) => {
        const list = await session.put(DAG_CBOR_CODE, encodeRunList({ derivation: lie === 'list' ? b.derivation : a.derivation, runs: ofB.map(({ cid }) => cid) }))
        return { ref: MEMORY_REF, codec: linkCodec, items: [{ key: a.derivation.multihash.digest, value: list }] }
      })
      await refused(remote)
    }
  })
})

describe('models of a remote that means harm', () => {
  type Change = (session: Session, theirs: Repository) => Promise<Planted<VersionEntry> | Planted<CID>>
  const version = async (session: Session, theirs: Repository, number: number, change: object): Promise<Planted<VersionEntry>> => {
    const known = await getVersion(theirs.blocks, 'digits', 1)
    const { cid: _, ...rest } = known as NonNullable<typeof known>
    const cid = await session.put(DAG_CBOR_CODE, encodeModelVersion({ ...rest, number, ...change }))
    const made = await readModelVersion(session, cid)
    return { ref: MODELS_REF, codec: versionEntryCodec, items: [{ key: versionKey('digits', number), value: { cid, root: made.root, evaluatedOn: null, run: made.run } }] }
  }
  const event = async (session: Session, theirs: Repository, change: object): Promise<Planted<CID>> => {
    const about = { name: 'digits', alias: 'production' }
    const tree = await theirs.blocks.getRef(EVENTS_REF)
    const head = (await getValue(theirs.blocks, tree as CID, linkCodec, eventKey(about))) as CID
    const cid = await session.put(DAG_CBOR_CODE, encodeModelEvent({ ...(await readModelEvent(theirs.blocks, head)), previous: head, ...change }))
    return { ref: EVENTS_REF, codec: linkCodec, items: [{ key: eventKey(about), value: cid }] }
  }
  const lies: Readonly<Record<string, Change>> = {
    'a version that says another number': async (session, theirs) => version(session, theirs, 2, { number: 3 }),
    'a version that says another name': async (session, theirs) => version(session, theirs, 2, { name: 'letters' }),
    'a version after a gap': async (session, theirs) => version(session, theirs, 5, {}),
    'a version of what its run did not make': async (session, theirs) => version(session, theirs, 2, { artifact: 'other' }),
    'a version with a record of another run': async (session, theirs) => version(session, theirs, 2, { record: await recordOf(theirs, 'test', 1) }),
    'an event of another alias': async (session, theirs) => event(session, theirs, { alias: 'staging' }),
    'an event of another model': async (session, theirs) => event(session, theirs, { model: 'letters' }),
    'an event of another kind': async (session, theirs) => event(session, theirs, { kind: 'approval' }),
    'an event of a version that there is not': async (session, theirs) => event(session, theirs, { number: 2 }),
    'an event whose version is none': async (session, theirs) => event(session, theirs, { version: (await pretendRun(theirs)).start }),
    'a key of no kind': async (_, theirs) => ({ ref: EVENTS_REF, codec: linkCodec, items: [{ key: rawKey('digits', [0x7a, 0x61]), value: (await pretendRun(theirs)).start }] }),
    'an alias that is a number': async (_, theirs) => ({ ref: EVENTS_REF, codec: linkCodec, items: [{ key: rawKey('digits', [0x61, 0x31]), value: (await pretendRun(theirs)).start }] }),
    'a name that is a path': async (_, theirs) => ({ ref: EVENTS_REF, codec: linkCodec, items: [{ key: rawKey('../digits', [0x61, 0x62]), value: (await pretendRun(theirs)).start }] }),
  }
  it.each(Object.keys(lies))('are refused: %s', async (name) => {
    const { remote, theirs } = await evil()
    await plant(theirs, async (session) => (await lies[name]?.(session, theirs)) as Planted<unknown>)
    await refused(remote)
  })
})
