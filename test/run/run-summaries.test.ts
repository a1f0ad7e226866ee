import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { idOf } from '../../src/cid/digest-id.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import type { Repository } from '../../src/dataset/repository.ts'
import { editTree } from '../../src/manifest/edit-tree.ts'
import { scanTree } from '../../src/manifest/read-tree.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { StoredLink } from '../../src/repository/stored-link.ts'
import { runInfo, loadRun } from '../../src/run/find-run.ts'
import { parseRunKey, runKey, runLabel } from '../../src/run/run-key.ts'
import { readSummary, SUMMARIES_REF, summaryCodec, type SummaryEntry } from '../../src/run/run-summaries.ts'
import { summaryFields, summaryOf } from '../../src/run/run-summary.ts'
import { knownRuns, runOfName, scanRuns, summarisedRuns } from '../../src/run/stored-runs.ts'
import { commitRecord, listRuns } from '../../src/run/run-tree.ts'
import { runsOf } from '../../src/run/runs.ts'
import { summaryProblems } from '../../src/run/verify-summaries.ts'
import { create, gather } from '../dataset/in-memory.ts'
import { recordOf, run } from '../lineage/made-up-lineage.ts'

const hasher = nodePlatform.hasher('sha2-256')
const codec = summaryCodec(hasher)
const other = StoredLink.of(cidFromDigest(hasher, DAG_CBOR_CODE, new Uint8Array(32)))
const links = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((digest) => cidFromDigest(hasher, DAG_CBOR_CODE, digest))
const maybeLinks = fc.option(links)
const texts = fc.string({ unit: 'grapheme', maxLength: 20 })
const named = fc.array(fc.record({ name: texts, root: links }), { maxLength: 3 })
const finals = fc.dictionary(texts.filter((name) => name !== '__proto__'), fc.double().map((value) => (Object.is(value, -0) ? 0 : value)), { maxKeys: 3 })

const made = fc.record({
  outline: fc.record({ name: fc.constant('train'), why: fc.option(texts), tags: fc.uniqueArray(texts, { maxLength: 3 }), inputs: named.map((all) => all.map((one) => ({ ...one, revision: 'x', snapshot: null }))), seed: texts, code: maybeLinks, reproduces: maybeLinks, started: texts }),
  record: fc.option(fc.record({
    start: links, status: fc.constantFrom('running', 'succeeded', 'failed', 'aborted', 'lost'), reason: fc.option(texts), exitCode: fc.constant(null), signal: fc.constant(null), ended: fc.option(texts), final: finals, metrics: maybeLinks,
    log: maybeLinks, artifacts: named.map((all) => all.map((one) => ({ ...one, files: 1, bytes: 1 }))),
  })),
})

/** As another program might leave it. */
async function setSummary({ blocks }: Repository, label: string, change: (entry: SummaryEntry) => SummaryEntry): Promise<void> {
  const tree = (await blocks.getRef(SUMMARIES_REF)) as CID
  await blocks.withSession(async (session) => {
    const all = await gather(scanTree(blocks, tree, codec))
    const edits = all.filter(({ key }) => runLabel(parseRunKey(key)) === label).map(({ key, value }) => ({ key, value: change(value) }))
    expect(edits).toHaveLength(1)
    await session.commit({ action: 'test', refs: [{ name: SUMMARIES_REF, expected: tree, target: await editTree(session, session, tree, codec, edits), own: true }] })
  })
}

const fromBlocks = async ({ blocks }: Repository): Promise<unknown[]> => Promise.all((await gather(listRuns(blocks))).map(async (listed) => runInfo(await loadRun(blocks, listed))))
const known = async ({ blocks }: Repository): Promise<string[]> => (await gather(summarisedRuns(blocks))).flatMap((one) => (one.summary === undefined ? [] : runLabel(one.run)))

describe('a summary of a run', () => {
  it('is read back as it was written', () => {
    fc.assert(fc.property(made, links, ({ outline, record }, made) => {
      const summary = summaryOf(outline, record)
      const entry = { start: StoredLink.of(made), record: StoredLink.of(made), summary }
      const encoded = codec.encode(entry)
      expect(codec.decode(encoded)).toEqual(entry)
      expect(codec.weigh(entry)).toBe(encodeCbor(encoded).length)
      expect(codec.equals(entry, codec.decode(encoded))).toBe(true)
      expect(codec.equals(entry, { ...entry, summary: { ...summary, seed: `${summary.seed}1` } })).toBe(false)
    }))
  })

  it('is refused if anything else stands there', () => {
    const [sample] = fc.sample(made, { seed: 3, numRuns: 1 })
    if (sample === undefined) throw new Error('no sample')
    const digest = new Uint8Array(32)
    const fields = summaryFields(summaryOf(sample.outline, sample.record))
    for (let at = 0; at < fields.length; at++) {
      for (const wrong of [7, {}, new Uint8Array(31), [['a']], [['a', new Uint8Array(0)]]]) expect(() => codec.decode([digest, digest, fields.map((field, other) => (other === at ? wrong : field))])).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
    }
    for (const wrong of [[], fields.slice(1), [...fields, null], null]) expect(() => codec.decode([digest, digest, wrong])).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
    for (const wrong of [[], [1, 2, 3], [digest, new Uint8Array(31), fields], [digest, new Uint8Array(0), fields], [digest, digest, fields, 1], null]) expect(() => codec.decode(wrong)).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
  })
})

describe('runs that are over', () => {
  it('are listed without reading any of them, and as they would be by reading them', async () => {
    const repository = await create()
    for (let number = 0; number < 5; number++) await run(repository, { status: number === 2 ? 'failed' : 'succeeded' })
    await run(repository, { name: 'eval', status: 'running' })
    expect(await known(repository)).toEqual([5, 4, 3, 2, 1].map((number) => `train#${number}`))
    const get = vi.spyOn(repository.blocks, 'get')
    const infos = await gather(runsOf(repository))
    const read = new Set(get.mock.calls.map(([cid]) => String(cid)))
    get.mockRestore()
    const listed = await gather(listRuns(repository.blocks))
    for (const { name, start, record } of listed) for (const cid of [start, record]) if (cid !== null) expect(read.has(cidText(cid))).toBe(name === 'eval')
    expect(infos).toEqual(await fromBlocks(repository))
    expect(infos.map(({ status }) => status)).toEqual(['running', 'succeeded', 'succeeded', 'failed', 'succeeded', 'succeeded'])
  })

  it('are found by their numbers, in any order, and told from those that are not there', async () => {
    const repository = await create()
    await run(repository)
    const open = await run(repository, { name: 'eval', status: 'running' })
    await run(repository)
    const [first, second, none, begun] = [{ name: 'train', number: 1 }, { name: 'train', number: 2 }, { name: 'train', number: 3 }, { name: 'eval', number: 1 }]
    const found = await knownRuns(repository.blocks, [second, none, begun, first])
    const listed = await gather(listRuns(repository.blocks))
    for (const wanted of [first, second, begun]) expect(found.get(wanted)?.entry.start.cid.toString()).toBe(listed.find(({ name, number }) => name === wanted.name && number === wanted.number)?.start.toString())
    expect([first, second, none, begun].map((wanted) => found.get(wanted)?.summary?.status)).toEqual(['succeeded', 'succeeded', undefined, undefined])
    expect(found.has(none)).toBe(false)
    expect(found.get(begun)?.entry).toMatchObject({ record: null, isOver: false })
    const { blocks } = repository
    await blocks.withSession(async (session) => commitRecord(blocks, session, open, () => recordOf(open.start, { status: 'running' }), { message: '', actor: null }))
    expect(await runOfName(blocks, 'train', idOf(listed[1]?.start as CID))).toEqual({ name: listed[1]?.name, number: listed[1]?.number })
    expect([await runOfName(blocks, 'eval', idOf(listed[1]?.start as CID)), await runOfName(blocks, 'train', idOf(open.start)), await runOfName(blocks, 'zzz', idOf(open.start))]).toEqual([undefined, undefined, undefined])
    const stored = (await gather(scanRuns(blocks))).map(({ start, record, ...rest }) => ({ ...rest, start: start.cid.toString(), record: record?.cid.toString() ?? null }))
    expect(stored).toEqual((await gather(listRuns(blocks))).map(({ start, record, ...rest }) => ({ ...rest, start: start.toString(), record: record?.toString() ?? null })))
    expect(stored[0]).toMatchObject({ name: 'eval', isOver: false, record: expect.any(String) as string })
  })

  it('have none if there is too much to say, and are read', async () => {
    const repository = await create()
    const started = await run(repository, { status: 'running' })
    const { blocks } = repository
    const final = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`metric-${at}`, at]))
    await blocks.withSession(async (session) => commitRecord(blocks, session, started, () => ({ ...recordOf(started.start, {}), final }), { message: '', actor: null }))
    expect(await known(repository)).toEqual([])
    expect((await gather(runsOf(repository)))[0]).toMatchObject({ status: 'succeeded', final })
  })

  it('are read if what is said of them was made from another record or start', async () => {
    const repository = await create()
    await run(repository)
    await run(repository)
    await setSummary(repository, 'train#1', (entry) => ({ ...entry, record: other }))
    await setSummary(repository, 'train#2', (entry) => ({ ...entry, start: other }))
    expect(await known(repository)).toEqual([])
    expect(await gather(runsOf(repository))).toEqual(await fromBlocks(repository))
    expect(await gather(summaryProblems(repository.blocks))).toEqual([])
  })

  it('are not believed by who verifies', async () => {
    const repository = await create()
    await run(repository)
    await run(repository)
    expect(await gather(summaryProblems(repository.blocks))).toEqual([])
    const [newest] = await gather(listRuns(repository.blocks))
    if (newest === undefined) throw new Error('no run')
    const lie = { ...(await readSummary(repository.blocks, newest)), final: { accuracy: 1 } }
    await setSummary(repository, 'train#2', (entry) => ({ ...entry, summary: lie }))
    expect(await gather(summaryProblems(repository.blocks))).toEqual([{ key: SUMMARIES_REF, problem: 'the summary of train#2 is not what its start and its record say' }])
    const { blocks } = repository
    const broken = await blocks.withSession(async (session) => {
      const target = await session.put(DAG_CBOR_CODE, encodeCbor([0, [[0, runKey(newest), [1]]]]))
      await session.commit({ action: 'test', refs: [{ name: SUMMARIES_REF, expected: (await blocks.getRef(SUMMARIES_REF)) ?? null, target, own: true }] })
      return target
    })
    expect(await gather(summaryProblems(blocks))).toMatchObject([{ key: SUMMARIES_REF, problem: expect.stringContaining(cidText(broken)) as string }])
  })
})
