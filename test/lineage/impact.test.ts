import { describe, expect, it } from 'vitest'
import { type CID, cidText, parseCid } from '../../src/cid/cid.ts'
import type { BlockSource } from '../../src/codec/interface.ts'
import type { Repository } from '../../src/dataset/repository.ts'
import { listChunks } from '../../src/file/index.ts'
import { ContentSearch } from '../../src/lineage/content-search.ts'
import { findContent } from '../../src/lineage/find-content.ts'
import { impactOf } from '../../src/lineage/impact-of.ts'
import type { Impact } from '../../src/lineage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from '../dataset/in-memory.ts'
import { derived, model, run, snapshotRoot, store, wholeWay } from './made-up-lineage.ts'

/** Labels alone. */
function brief({ derivations, runs, models }: Impact): object {
  return {
    derivations: derivations.map(({ recipe }) => recipe), runs: runs.map(({ label }) => label),
    models: models.map(({ label, isMadeOf, isEvaluatedOn }) => `${label}${isMadeOf ? ' made' : ''}${isEvaluatedOn ? ' evaluated' : ''}`),
  }
}

const NOTHING = { derivations: [], runs: [], models: [] }

describe('the impact of a dataset', () => {
  it('is what was derived from it, trained on that, and made a model', async () => {
    const repository = await create()
    const { raw, features, extractCode, code } = await wholeWay(repository)
    const all = { derivations: ['extract'], runs: ['train#1'], models: ['digits@1 made'] }
    expect(brief(await impactOf(repository, 'covid/raw'))).toEqual(all)
    expect(brief(await impactOf(repository, cidText(extractCode)))).toEqual(all)
    expect(brief(await impactOf(repository, 'covid/features'))).toEqual({ ...all, derivations: [] })
    expect(brief(await impactOf(repository, cidText(code)))).toEqual({ ...all, derivations: [] })
    expect(brief(await impactOf(repository, 'covid/test'))).toEqual({ ...NOTHING, models: ['digits@1 evaluated'] })
    const { wanted, data, derivations } = await impactOf(repository, 'covid/raw')
    expect(wanted).toEqual({ root: cidText(raw), path: null, content: null })
    expect(data).toEqual([{ root: cidText(raw), names: ['covid/raw'], paths: [], count: 0 }])
    expect(derivations[0]?.outputs).toEqual([{ name: 'rows', root: cidText(features), names: ['covid/features'] }])
  })

  it('goes on through what a run made and another read', async () => {
    const repository = await create()
    const raw = await snapshotRoot(repository, 'raw', { a: '1' })
    const [base, tuned, other] = [await store(repository, { model: 'base' }), await store(repository, { model: 'tuned' }), await store(repository, { model: 'other' })]
    await run(repository, { name: 'pretrain', inputs: { raw }, artifacts: { model: base } })
    const second = await run(repository, { name: 'tune', inputs: { base }, artifacts: { model: tuned } })
    await derived(repository, { name: 'shrink', inputs: { model: tuned }, outputs: { small: await store(repository, { model: 'small' }) } })
    const third = await run(repository, { name: 'unrelated', artifacts: { model: other } })
    await model(repository, 'digits', tuned, second)
    await model(repository, 'digits', other, third, raw)
    expect(brief(await impactOf(repository, 'raw'))).toEqual({ derivations: ['shrink'], runs: ['pretrain#1', 'tune#1'], models: ['digits@2 evaluated', 'digits@1 made'] })
  })

  it('is nothing where nothing used it, and an error where it is not there', async () => {
    const repository = await create()
    await wholeWay(repository)
    await snapshotRoot(repository, 'unused', { a: '1' })
    expect(brief(await impactOf(repository, 'unused'))).toEqual(NOTHING)
    expect(brief(await impactOf(repository, 'unused:a'))).toEqual(NOTHING)
    const failure = async (wanted: string): Promise<unknown> => impactOf(repository, wanted).then(() => 'found', (error: unknown) => (error as { code: string }).code)
    expect(await failure('nothing')).toBe('NOT_FOUND')
    expect(await failure('unused:b')).toBe('NOT_FOUND')
    expect(await failure('unused:../b')).toBe('UNSAFE_PATH')
    expect(await failure('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy')).toBe('NOT_FOUND')
  })
})

describe('the impact of a file', () => {
  async function versions(): Promise<Repository> {
    const repository = await create()
    const roots: CID[] = []
    for (const b of ['old', 'new', 'old']) roots.push(await snapshotRoot(repository, 'data', { 'a/1': 'same', 'a/2': b, c: `${roots.length}` }))
    roots.push(await store(repository, { elsewhere: 'old', 'a/2': 'other' }))
    for (const root of roots) await run(repository, { inputs: { data: root } })
    return repository
  }

  it('is on whoever used a dataset with the same content in that place', async () => {
    const repository = await versions()
    const found = await impactOf(repository, 'data~2:a/2')
    expect(brief(found)).toMatchObject({ runs: ['train#3', 'train#1'] })
    expect(found.searched).toBe(4)
    expect(found.data.map(({ names, paths, count }) => ({ names, paths, count })).sort((a, b) => (a.names[0] ?? '').localeCompare(b.names[0] ?? ''))).toEqual([{ names: ['data'], paths: ['a/2'], count: 1 }, { names: ['data~2'], paths: ['a/2'], count: 1 }])
    expect(brief(await impactOf(repository, 'data~1:a/2'))).toMatchObject({ runs: ['train#2'] })
    expect(brief(await impactOf(repository, 'data~2:c'))).toMatchObject({ runs: ['train#1'] })
  })

  it('is on whoever had it under another name, if that is asked', async () => {
    const found = await impactOf(await versions(), 'data:a/2', { anywhere: true })
    expect(brief(found)).toMatchObject({ runs: ['train#4', 'train#3', 'train#1'] })
    expect(found.data.flatMap(({ paths }) => paths).sort()).toEqual(['a/2', 'a/2', 'elsewhere'])
  })

  it('is, for a folder, on whoever had any of its files', async () => {
    const repository = await versions()
    expect(brief(await impactOf(repository, 'data:a'))).toMatchObject({ runs: ['train#3', 'train#2', 'train#1'] })
    expect(brief(await impactOf(repository, 'data:a/'))).toMatchObject({ runs: ['train#3', 'train#2', 'train#1'] })
    expect(brief(await impactOf(repository, 'data:a', { anywhere: true }))).toMatchObject({ runs: ['train#4', 'train#3', 'train#2', 'train#1'] })
  })

  it('counts content alone: what may be executed is the same file', async () => {
    const repository = await create()
    const { root } = await repository.snapshot([{ path: 'a', content: 'same', executable: true }], { ref: 'executable' })
    await snapshotRoot(repository, 'plain', { a: 'same' })
    await run(repository, { inputs: { data: parseCid(root) } })
    expect(brief(await impactOf(repository, 'plain:a'))).toMatchObject({ runs: ['train#1'] })
  })
})

describe('the impact of a chunk', () => {
  it('is on whoever used a file that has it, however large', async () => {
    const repository = await create()
    let state = 1
    const large = new Uint8Array(3 * 1024 * 1024).map(() => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24)
    const data = await snapshotRoot(repository, 'large', { 'deep/large': large })
    const changed = await store(repository, { renamed: new Uint8Array([1, 2, 3, ...large]) })
    const without = await store(repository, { small: 'small' })
    for (const root of [data, changed, without]) await run(repository, { inputs: { data: root } })
    const { wanted } = await findContent(repository.blocks, 'large:deep/large', false)
    if (wanted?.kind !== 'entry' || !('cid' in wanted.value)) throw new Error('There is no file')
    const chunks = await chunksOf(repository, wanted.value)
    expect(chunks.length).toBeGreaterThan(5)
    const found = await impactOf(repository, String(chunks.at(-1)))
    expect(brief(found)).toMatchObject({ runs: ['train#2', 'train#1'] })
    expect(found.data.flatMap(({ paths }) => paths).sort()).toEqual(['deep/large', 'renamed'])
    expect(found.wanted).toEqual({ root: null, path: null, content: String(chunks.at(-1)) })
    expect(brief(await impactOf(repository, String(chunks[0])))).toMatchObject({ runs: ['train#1'] })
    // The list of chunks is a block too.
    expect(brief(await impactOf(repository, String(wanted.value.cid)))).toMatchObject({ runs: ['train#1'] })
  })
})

async function chunksOf(repository: Repository, { cid, size }: { readonly cid: CID; readonly size: number }): Promise<readonly CID[]> {
  const chunks: CID[] = []
  for await (const chunk of listChunks(repository.blocks, { cid, size })) chunks.push(chunk.cid)
  return chunks
}

describe('a search', () => {
  it('reads what datasets share once, and on the way to a path only the way', async () => {
    const repository = await create(new MemoryStorage())
    const files = (changed: string): Record<string, string> => Object.fromEntries(Array.from({ length: 4000 }, (_, at) => [`folder-${at % 10}/${String(at).padStart(5, '0')}-${'name'.repeat(8)}`, at === 1234 ? changed : `content ${at % 7}`]))
    const roots = [await snapshotRoot(repository, 'data', files('one')), await snapshotRoot(repository, 'data', files('two')), await snapshotRoot(repository, 'data', files('three'))]
    let reads = 0
    const source: BlockSource = { get: (cid) => (reads++, repository.blocks.get(cid)) }
    const path = `folder-4/01234-${'name'.repeat(8)}`
    const readsOf = async (wanted: string, anywhere: boolean): Promise<readonly [counts: readonly number[], reads: readonly number[]]> => {
      const found = await findContent(repository.blocks, wanted, anywhere)
      if (found.wanted === undefined) throw new Error('A whole dataset needs no search')
      const search = new ContentSearch(source, found.wanted)
      const all: { count: number; reads: number }[] = []
      for (const root of roots) {
        reads = 0
        all.push({ count: (await search.inRoot(root)).count, reads })
      }
      return [all.map(({ count }) => count), all.map((one) => one.reads)]
    }
    const [exact, few] = await readsOf(`data~1:${path}`, false)
    expect(exact).toEqual([0, 1, 0])
    expect(Math.max(...few)).toBeLessThanOrEqual(4)
    const [anywhere, [first = 0, ...later]] = await readsOf(`data:folder-0/00000-${'name'.repeat(8)}`, true)
    const same = Array.from({ length: 4000 }, (_, at) => at).filter((at) => at % 7 === 0 && at !== 1234).length
    expect(anywhere).toEqual([same, same, same])
    expect(first).toBeGreaterThan(8)
    expect(Math.max(...later)).toBeLessThanOrEqual(5)
    // 400 files, of which the changed one is in the middle version only.
    expect((await readsOf('data~1:folder-4', false))[0]).toEqual([399, 400, 399])
  })
})
