import { describe, expect, it } from 'vitest'
import { type CID, cidText, DAG_CBOR_CODE, parseCid } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import type { Repository } from '../../src/dataset/repository.ts'
import type { Lineage, LineageNode } from '../../src/lineage/interface.ts'
import { lineageOf, type LineageOptions } from '../../src/lineage/lineage-of.ts'
import { editTree } from '../../src/manifest/edit-tree.ts'
import { impactOf } from '../../src/lineage/impact-of.ts'
import { trackedName } from '../../src/repository/tracked-ref.ts'
import { versionKey } from '../../src/registry/model-key.ts'
import { MODELS_REF } from '../../src/registry/model-tree.ts'
import { moveAlias } from '../../src/registry/models.ts'
import { versionEntryCodec } from '../../src/registry/version-entry.ts'
import { runEntryCodec } from '../../src/run/run-entry.ts'
import { runKey } from '../../src/run/run-key.ts'
import { SUMMARIES_REF } from '../../src/run/run-summaries.ts'
import { commitRecord, RUNS_REF } from '../../src/run/run-tree.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create, gather } from '../dataset/in-memory.ts'
import { derived, model, recordOf, run, snapshotRoot, store, wholeWay } from './made-up-lineage.ts'

/** Edges by labels: `covid/raw -raw- extract`. */
function edgesOf({ nodes, edges }: Lineage): readonly string[] {
  const labels = new Map(nodes.map(({ id, label }) => [id, label]))
  return edges.map(({ from, role, to }) => `${labels.get(from) ?? ''} -${role}- ${labels.get(to) ?? ''}`).sort()
}

function labelsOf({ nodes }: Lineage): readonly string[] {
  return nodes.map(({ label }) => label)
}

function nodeOf({ nodes }: Lineage, id: CID | string): LineageNode | undefined {
  return nodes.find((node) => node.id === (typeof id === 'string' ? id : cidText(id)))
}

const short = (root: CID): string => `${cidText(root).slice(0, 16)}…`

describe('the lineage of a model', () => {
  it('leads from raw data through preprocessing, features and training to metrics, weights, logs, the model and its evaluation', async () => {
    const repository = await create()
    const way = await wholeWay(repository)
    const down = await lineageOf(repository, 'covid/raw', { direction: 'down' })
    expect(edgesOf(down)).toEqual([
      'covid/features -train- train#1', 'covid/raw -raw- extract', 'digits@1 -evaluation- evaluation of digits@1', 'extract -rows- covid/features', 'model of train#1 -weights of- digits@1', 'train#1 -log- log of train#1',
      'train#1 -made by- digits@1', 'train#1 -metrics- metrics of train#1', 'train#1 -model- model of train#1',
    ])
    expect(down.leftOut).toBe(0)
    const up = await lineageOf(repository, 'digits@1', { direction: 'up' })
    expect(up.start).toEqual([cidText(way.digits.cid), `${cidText(way.digits.cid)}#evaluation`])
    expect(edgesOf(up)).toEqual([
      'covid/features -train- train#1', 'covid/raw -raw- extract', 'covid/test -evaluated on- evaluation of digits@1', 'digits@1 -evaluation- evaluation of digits@1', 'extract -rows- covid/features',
      'model of train#1 -weights of- digits@1', `${short(way.code)} -code- train#1`, `${short(way.extractCode)} -code- extract`, 'train#1 -model- model of train#1', 'train#1 -made by- digits@1',
      // What its training kept of itself, though it lies below the run.
      'train#1 -metrics- metrics of train#1', 'train#1 -log- log of train#1',
    ].sort())
    const both = await lineageOf(repository, 'train#1')
    expect(new Set(both.nodes.map(({ kind }) => kind))).toEqual(new Set(['data', 'code', 'derivation', 'run', 'artifact', 'model', 'evaluation']))
    expect(both.nodes).toHaveLength(11)
  })

  it('has metrics and log of its run no nearer than that, and no more nodes than it may', async () => {
    const repository = await create()
    const way = await wholeWay(repository)
    const labels = async (options: LineageOptions): Promise<readonly string[]> => labelsOf(await lineageOf(repository, 'digits', { direction: 'up', ...options })).filter((label) => /^(metrics|log) /.test(label))
    expect(await labels({ depth: 1 })).toEqual([])
    expect(await labels({ depth: 2 })).toEqual(['metrics of train#1', 'log of train#1'])
    const all = await lineageOf(repository, 'digits', { direction: 'up' })
    const few = await lineageOf(repository, 'digits', { direction: 'up', mostNodes: all.nodes.length - 1 })
    expect([all.leftOut, few.leftOut, few.nodes.length]).toEqual([0, 1, all.nodes.length - 1])
    // What was made of the same data is no part of it.
    await run(repository, { inputs: { train: way.features }, metrics: await store(repository, { loss: 'other numbers' }) })
    expect(await lineageOf(repository, 'digits', { direction: 'up' })).toEqual(all)
    expect((await lineageOf(repository, 'train#1', { direction: 'up' })).nodes.map(({ kind }) => kind)).not.toContain('artifact')
  })

  it('tells code from data, unless it was stored as data, or read as such, too', async () => {
    const repository = await create()
    const way = await wholeWay(repository)
    const kindOf = async (wanted: string, id: CID): Promise<string | undefined> => nodeOf(await lineageOf(repository, wanted, { direction: 'up' }), id)?.kind
    expect([await kindOf('train#1', way.code), await kindOf('train#1', way.extractCode), await kindOf(cidText(way.code), way.code)]).toEqual(['code', 'code', 'code'])
    const { label } = await run(repository, { code: way.code, inputs: { data: way.code } })
    expect([await kindOf(label, way.code), await kindOf(cidText(way.code), way.code)]).toEqual(['data', 'data'])
    expect((await run(repository, { name: 'named', code: way.features })).label).toBe('named#1')
    expect(await kindOf('named#1', way.features)).toBe('data')
  })

  it('says of each node what it is, what became of it, when, and why', async () => {
    const repository = await create()
    const way = await wholeWay(repository)
    await moveAlias(repository, 'digits', 'production', 1)
    const all = await lineageOf(repository, 'digits@1')
    expect(nodeOf(all, way.train.start)).toMatchObject({ kind: 'run', label: 'train#1', status: 'succeeded', why: 'a smaller rate', when: '2026-01-01T01:00:00.000Z', facts: { seed: '7', metrics: { loss: 0.25 } } })
    expect(nodeOf(all, way.raw)).toMatchObject({ kind: 'data', label: 'covid/raw', why: 'as downloaded', facts: { names: ['covid/raw'] } })
    expect(nodeOf(all, way.derivation)).toMatchObject({ kind: 'derivation', label: 'extract', status: 'succeeded', facts: { seed: '0', runs: 1 } })
    expect(nodeOf(all, way.digits.cid)).toMatchObject({ kind: 'model', label: 'digits@1', facts: { aliases: ['production'], metrics: { accuracy: 0.98 } } })
    expect(nodeOf(all, `${cidText(way.digits.cid)}#evaluation`)).toMatchObject({ kind: 'evaluation', facts: { metrics: { accuracy: 0.98 } } })
    expect(nodeOf(all, way.weights)).toMatchObject({ kind: 'artifact', label: 'model of train#1' })
    expect(nodeOf(await lineageOf(repository, cidText(way.weights), { depth: 0 }), way.weights)).toMatchObject({ kind: 'artifact' })
  })

  it('is that of the run it was registered from, and of no other that made the same bytes', async () => {
    const repository = await create()
    const [first, second, weights] = [await snapshotRoot(repository, 'first', { a: '1' }), await snapshotRoot(repository, 'second', { a: '2' }), await store(repository, { model: 'weights' })]
    await derived(repository, { name: 'same-bytes', inputs: { raw: first }, outputs: { out: weights } })
    const runs = [await run(repository, { inputs: { data: first }, artifacts: { model: weights } }), await run(repository, { name: 'other', inputs: { data: second }, artifacts: { model: weights } })] as const
    await run(repository, { inputs: { data: first }, artifacts: { model: weights }, reproduces: runs[0].start })
    await model(repository, 'digits', weights, runs[0])
    await model(repository, 'letters', weights, runs[1])
    const up = async (wanted: string): Promise<readonly string[]> => edgesOf(await lineageOf(repository, wanted, { direction: 'up' }))
    expect(await up('digits@1')).toEqual(['first -data- train#1', 'model of train#1 -weights of- digits@1', 'train#1 -made by- digits@1', 'train#1 -model- model of train#1'])
    expect(await up('letters@1')).toEqual(['model of other#1 -weights of- letters@1', 'other#1 -made by- letters@1', 'other#1 -model- model of other#1', 'second -data- other#1'])
    const models = async (wanted: string): Promise<readonly string[]> => (await lineageOf(repository, wanted, { direction: 'down' })).nodes.filter(({ kind }) => kind === 'model').map(({ label }) => label).sort()
    expect([await models('first'), await models('second'), await models('other#1'), await models('train#2'), await models(cidText(weights))]).toEqual([['digits@1'], ['letters@1'], ['letters@1'], [], ['digits@1', 'letters@1']])
    const affected = async (wanted: string): Promise<readonly string[]> => (await impactOf(repository, wanted)).models.map(({ label }) => label).sort()
    expect([await affected('first'), await affected('second'), await affected(cidText(weights))]).toEqual([['digits@1'], ['letters@1'], ['digits@1', 'letters@1']])
    expect((await lineageOf(repository, 'digits@1', { direction: 'up', depth: 1 })).nodes.map(({ label, kind }) => `${kind} ${label}`)).toEqual(['model digits@1', 'data model of train#1', 'run train#1'])
    expect(labelsOf(await lineageOf(repository, 'digits@1', { direction: 'up', mostNodes: 2 }))).toEqual(['digits@1', short(weights)])
  })

  it('goes on above weights that its run read too', async () => {
    const repository = await create()
    const weights = await store(repository, { model: 'weights' })
    // What it is does not depend on whether its run is shown.
    await model(repository, 'pretrained', weights, await run(repository, { name: 'pretrain', artifacts: { model: weights } }))
    expect((await lineageOf(repository, 'pretrained@1', { direction: 'up', mostNodes: 2 })).nodes.map(({ kind }) => kind)).toEqual(['model', 'artifact'])
    const before = await run(repository, { name: 'before', artifacts: { model: weights } })
    const unchanged = await run(repository, { inputs: { model: weights }, artifacts: { model: weights } })
    await model(repository, 'digits', weights, unchanged)
    expect(edgesOf(await lineageOf(repository, 'digits@1', { direction: 'up' }))).toContain(`${before.label} -model- model of train#1`)
  })

  it('is found of versions that were registered before their entries named the run', async () => {
    const repository = await create()
    const { digits } = await wholeWay(repository)
    const { blocks } = repository
    await blocks.withSession(async (session) => {
      const tree = await blocks.getRef(MODELS_REF)
      const target = await editTree(session, session, tree ?? null, versionEntryCodec, [{ key: versionKey('digits', 1), value: { cid: digits.cid, root: digits.root, evaluatedOn: digits.evaluation?.root ?? null, run: null } }])
      // The entry is another one, though its version is the same.
      expect(target.equals(tree as CID)).toBe(false)
      await session.commit({ action: 'test', refs: [{ name: MODELS_REF, expected: tree ?? null, target, own: true }] })
    })
    expect(edgesOf(await lineageOf(repository, 'digits@1', { direction: 'up' }))).toContain('train#1 -made by- digits@1')
  })

  it('is JSON through and through, also where a metric is no number', async () => {
    const repository = await create()
    const { label } = await run(repository, { final: { loss: NaN } })
    const found = await lineageOf(repository, label)
    expect(found.nodes[0]?.facts).toMatchObject({ metrics: { loss: 'NaN' } })
    expect(JSON.parse(JSON.stringify(found))).toEqual(found)
  })
})

describe('what lineage begins at', () => {
  it('is found by ref, tag, place in a history, snapshot, root, run, record, model and alias', async () => {
    const repository = await create()
    const way = await wholeWay(repository)
    await repository.setRef('covid/raw@v1', 'covid/raw')
    const { snapshot } = await repository.resolve('covid/raw')
    await snapshotRoot(repository, 'covid/raw', { 'a.csv': '2' })
    await moveAlias(repository, 'digits', 'production', 1)
    const startOf = async (wanted: string): Promise<string | undefined> => (await lineageOf(repository, wanted, { depth: 0 })).start[0]
    const raw = cidText(way.raw)
    for (const wanted of ['covid/raw~1', 'covid/raw@v1', raw, raw.slice(0, 20), String(snapshot)]) expect(await startOf(wanted)).toBe(raw)
    const train = cidText(way.train.start)
    for (const wanted of ['train#1', 'train', train, train.slice(0, 20), String(way.train.record)]) expect(await startOf(wanted)).toBe(train)
    for (const wanted of ['digits@1', 'digits@production', 'digits', cidText(way.digits.cid)]) expect(await startOf(wanted)).toBe(cidText(way.digits.cid))
    expect(await startOf(cidText(way.derivation))).toBe(cidText(way.derivation))
  })

  it('is named by what is here before what remotes had, whose names are those that one can ask for', async () => {
    const repository = await create()
    const first = await snapshotRoot(repository, 'data', { a: '1' })
    const second = await snapshotRoot(repository, 'data', { a: '2' })
    const theirs = await snapshotRoot(repository, 'theirs', { a: '3' })
    const { snapshot: tip } = await repository.resolve('data')
    const { snapshot: other } = await repository.resolve('theirs')
    await repository.blocks.withSession(async (session) => void (await session.commit({ action: 'test', refs: [
      { name: trackedName('origin', 'data'), target: tip ?? null, own: true }, { name: trackedName('origin', 'theirs'), target: other ?? null, own: true }, { name: 'theirs', target: null },
    ] })))
    const named = async (root: CID): Promise<unknown> => (await lineageOf(repository, cidText(root))).nodes[0]?.facts['names']
    expect([await named(first), await named(second), await named(theirs)]).toEqual([['data~1'], ['data', 'origin/data'], ['origin/theirs']])
    expect((await lineageOf(repository, 'origin/theirs')).nodes[0]?.label).toBe('origin/theirs')
  })

  it('is named by tags before refs, and by both before places in a history', async () => {
    const repository = await create()
    const first = await snapshotRoot(repository, 'data', { a: '1' })
    const second = await snapshotRoot(repository, 'data', { a: '2' })
    await snapshotRoot(repository, 'data', { a: '3' })
    await repository.setRef('data@v1', 'data~2')
    const named = async (root: CID): Promise<unknown> => (await lineageOf(repository, cidText(root))).nodes[0]?.facts['names']
    expect(await named(first)).toEqual(['data@v1', 'data~2'])
    expect(await named(second)).toEqual(['data~1'])
  })

  it('is refused where it is not there, or could be two things, or is a path', async () => {
    const repository = await create()
    const { digits, weights, train } = await wholeWay(repository)
    const failure = async (wanted: string, options: LineageOptions = {}): Promise<unknown> => lineageOf(repository, wanted, options).then(() => 'found', (error: unknown) => (error as { code: string }).code)
    for (const wanted of ['nothing', 'nothing@3', 'train#2', 'digits@2', 'digits@staging', cidText(train.start).replace(/.{8}$/, 'aaaaaaaa')]) expect([wanted, await failure(wanted)]).toEqual([wanted, 'NOT_FOUND'])
    expect(await failure('covid/raw:a.csv')).toBe('INVALID_ARGUMENT')
    expect(await failure('covid/raw', { depth: NaN })).toBe('INVALID_ARGUMENT')
    expect(await failure('covid/raw', { mostNodes: 0 })).toBe('INVALID_ARGUMENT')
    const { root: chunk } = await repository.resolve('covid/raw')
    expect(await failure(String((await repository.blocks.get(chunk)).length))).toBe('NOT_FOUND')
    await snapshotRoot(repository, 'digits', { a: '1' })
    await repository.setRef('digits@production', 'digits')
    await moveAlias(repository, 'digits', 'production', 1)
    expect(await failure('digits@production')).toBe('AMBIGUOUS_REVISION')
    // A dataset of that name comes first, and the model has a name of its own.
    expect((await lineageOf(repository, 'digits')).nodes[0]).toMatchObject({ kind: 'data' })
    expect((await lineageOf(repository, 'digits@1')).start[0]).toBe(cidText(digits.cid))
    await model(repository, 'digits', weights, train)
    expect((await lineageOf(repository, 'digits@2')).nodes[0]).toMatchObject({ kind: 'model' })
  })
})

describe('a walk', () => {
  it('goes no deeper than it is told, and counts what it leaves out', async () => {
    const repository = await create()
    const way = await wholeWay(repository)
    const one = await lineageOf(repository, 'covid/features', { depth: 1 })
    expect(new Set(labelsOf(one))).toEqual(new Set(['covid/features', 'extract', 'train#1']))
    // Above the recipe its code and the raw data, below the run three roots and the model; the code of the run is neither above nor below.
    expect(one.leftOut).toBe(6)
    const none = await lineageOf(repository, 'covid/features', { depth: 0 })
    expect([labelsOf(none), none.edges, none.leftOut]).toEqual([['covid/features'], [], 2])
    expect((await lineageOf(repository, cidText(way.log), { direction: 'down' })).leftOut).toBe(0)
  })

  it('takes no more nodes than it is told, the nearest first, and counts what it leaves out', async () => {
    const repository = await create()
    const raw = await snapshotRoot(repository, 'raw', { a: '1' })
    for (let number = 0; number < 5; number++) await run(repository, { inputs: { data: raw }, artifacts: { model: await store(repository, { model: `${number}` }) } })
    const found = await lineageOf(repository, 'raw', { mostNodes: 4 })
    expect(labelsOf(found)).toEqual(['raw', 'train#5', 'train#4', 'train#3'])
    expect(found.leftOut).toBe(2 + 3)
    expect((await lineageOf(repository, 'raw', { mostNodes: 11 })).leftOut).toBe(0)
    expect((await lineageOf(repository, 'raw', { mostNodes: 10 })).leftOut).toBe(1)
  })

  it('ends where a recipe gives what it was given', async () => {
    const repository = await create()
    const raw = await snapshotRoot(repository, 'raw', { a: '1' })
    await derived(repository, { name: 'same', inputs: { in: raw }, outputs: { out: raw } })
    const found = await lineageOf(repository, 'raw', { direction: 'down' })
    expect(edgesOf(found)).toEqual(['raw -in- same', 'same -out- raw'])
  })

  it('shows two ways between the same things, and both names of an input', async () => {
    const repository = await create()
    const raw = await snapshotRoot(repository, 'raw', { a: '1' })
    const rows = await snapshotRoot(repository, 'rows', { a: '2' })
    await derived(repository, { inputs: { raw }, outputs: { rows } })
    await run(repository, { inputs: { train: rows, again: rows, raw } })
    expect(edgesOf(await lineageOf(repository, 'raw', { direction: 'down' }))).toEqual(['extract -rows- rows', 'raw -raw- extract', 'raw -raw- train#1', 'rows -again- train#1', 'rows -train- train#1'])
  })

  it('follows reproductions, and the same root made twice', async () => {
    const repository = await create()
    const weights = await store(repository, { model: '1' })
    const first = await run(repository, { artifacts: { model: weights } })
    const second = await run(repository, { artifacts: { model: weights }, reproduces: first.start })
    expect(edgesOf(await lineageOf(repository, first.label, { direction: 'down' }))).toEqual(['train#1 -model- model of train#1', 'train#1 -reproduced by- train#2', 'train#2 -model- model of train#1'])
    expect(edgesOf(await lineageOf(repository, second.label, { direction: 'up' }))).toEqual(['train#1 -reproduced by- train#2'])
    expect(labelsOf(await lineageOf(repository, cidText(weights), { direction: 'up' }))).toHaveLength(3)
  })

  it('knows a run that has only begun, and one whose artifact was written over since', async () => {
    const repository = await create()
    const raw = await snapshotRoot(repository, 'raw', { a: '1' })
    const [early, late] = [await store(repository, { model: 'early' }), await store(repository, { model: 'late' })]
    const begun = await run(repository, { inputs: { raw }, status: 'running' })
    expect((await lineageOf(repository, begun.label)).nodes[0]).toMatchObject({ status: 'running', when: '2026-01-01T00:00:00.000Z' })
    for (const [artifact, status] of [[early, 'running'], [late, 'failed']] as const) {
      await repository.blocks.withSession(async (session) => commitRecord(repository.blocks, session, begun, () => recordOf(begun.start, { artifacts: { model: artifact }, status }), { message: '', actor: null }))
    }
    expect(edgesOf(await lineageOf(repository, begun.label, { direction: 'down' }))).toEqual(['train#1 -model- model of train#1'])
    expect((await lineageOf(repository, cidText(late), { direction: 'up' })).nodes).toHaveLength(3)
    expect((await lineageOf(repository, cidText(early), { direction: 'up' })).nodes).toHaveLength(1)
  })

  it('is the same whether runs have summaries or are read', async () => {
    const repository = await create()
    await wholeWay(repository)
    const starts = ['covid/raw', 'digits@1', 'train#1'] as const
    const told = await Promise.all(starts.map((start) => lineageOf(repository, start)))
    const summaries = (await repository.blocks.getRef(SUMMARIES_REF)) ?? null
    expect(summaries).not.toBeNull()
    await repository.blocks.withSession(async (session) => session.commit({ action: 'test', refs: [{ name: SUMMARIES_REF, expected: summaries, target: null, own: true }] }))
    expect(await Promise.all(starts.map((start) => lineageOf(repository, start)))).toEqual(told)
  })

  it('stops when it is told to', async () => {
    const repository = await create()
    await wholeWay(repository)
    await expect(lineageOf(repository, 'covid/raw', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })
})

describe('records that are damaged', () => {
  it('are named in the error, and never counted as absent', async () => {
    const repository = await create()
    await snapshotRoot(repository, 'raw', { a: '1' })
    const { root: raw } = await repository.resolve('raw')
    const made = await run(repository, { inputs: { raw } })
    const gone = { ...made, start: made.start, record: parseCid('bafyreicfvy73v2pxhqzrrmjgjtonwfl5kb2ddxbdqx5ypqcjwq6gsvhhvu') }
    await setEntry(repository, made, { start: made.start, record: gone.record, isOver: true })
    await expect(lineageOf(repository, 'raw')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', message: expect.stringContaining('The record of train#1') as string })
    const other = await repository.blocks.withSession(async (session) => {
      const cid = await session.put(DAG_CBOR_CODE, encodeCbor({ type: 'run', format: 1, start: made.start }))
      await session.commit({ action: 'test' })
      return cid
    })
    await setEntry(repository, made, { start: made.start, record: other, isOver: true })
    await expect(lineageOf(repository, 'raw')).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringContaining(cidText(other)) as string })
    await setEntry(repository, made, { start: other, record: null, isOver: false })
    await expect(lineageOf(repository, 'raw')).rejects.toMatchObject({ code: 'MALFORMED_DATA', message: expect.stringContaining('train#1') as string })
    expect((await lineageOf(repository, 'raw', { depth: 0 })).leftOut).toBe(1)
  })

  it('are corrupt blocks where the bytes are wrong', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    await wholeWay(repository)
    for (const { key } of await gather(storage.list('packs/'))) {
      const bytes = await storage.get(key)
      await storage.delete(key)
      await storage.put(key, bytes.map((byte, at) => (at > 60 && at < bytes.length - 400 ? byte ^ 1 : byte)))
    }
    await expect(lineageOf(repository, 'digits@1')).rejects.toMatchObject({ code: expect.stringMatching(/^CORRUPT_/) as string })
  })
})

async function setEntry(repository: Repository, made: { readonly name: string; readonly number: number }, value: Parameters<typeof runEntryCodec.encode>[0]): Promise<void> {
  const tree = (await repository.blocks.getRef(RUNS_REF)) ?? null
  await repository.blocks.withSession(async (session) => {
    const target = await editTree(session, session, tree, runEntryCodec, [{ key: runKey(made), value }])
    await session.commit({ action: 'test', refs: [{ name: RUNS_REF, expected: tree, target, own: true }] })
  })
}
