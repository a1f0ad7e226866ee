import { beforeEach, describe, expect, it } from 'vitest'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { EvictedError, CorruptBlockError } from '../../src/errors.ts'
import { cidText, type CID } from '../../src/cid/cid.ts'
import { compareRuns } from '../../src/run/compare-runs.ts'
import { comparisonTable } from '../../src/run/comparison-table.ts'
import type { RunToCompare } from '../../src/run/compare-interface.ts'
import type { JsonValue } from '../../src/types.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { madeRun, manifestOf } from './made-runs.ts'

let blocks = new MemoryBlocks(nodePlatform.hasher('sha2-256'))
beforeEach(() => void (blocks = new MemoryBlocks(nodePlatform.hasher('sha2-256'))))

function input(root: CID, revision: string, name = 'train'): RunToCompare['start']['inputs'][number] {
  return { name, revision, snapshot: null, root }
}

/** Two revisions of the data; a baseline and another rate on the first, the same rate on the second. */
async function threeRuns(): Promise<readonly RunToCompare[]> {
  const v1 = await manifestOf(blocks, { 'a.csv': '1', 'b/c.csv': '2', 'old': '3' })
  const v2 = await manifestOf(blocks, { 'a.csv': '1', 'b/c.csv': '2 and more', 'new': '4' })
  const code = [await manifestOf(blocks, { 'train.mjs': 'a' }), await manifestOf(blocks, { 'train.mjs': 'b' })]
  const rate = (value: number, layer: 'default' | 'set') => [{ key: 'train.rate', value, origin: { layer }, overrides: [] }, { key: 'train.steps', value: 100, origin: { layer: 'default' as const }, overrides: [] }]
  return [
    madeRun(blocks, 'train#1', { config: rate(0.1, 'default'), final: { loss: 0.5, acc: 0.8 }, start: { inputs: [input(v1, 'features@v1')], code: code[0] ?? null, started: '2026-03-01T10:00:00.000Z' } }),
    madeRun(blocks, 'train#2', { config: rate(0.1, 'default'), final: { loss: 0.25, acc: 0.8 }, start: { inputs: [input(v2, 'features@v2')], code: code[0] ?? null, started: '2026-03-02T10:00:00.000Z' } }),
    madeRun(blocks, 'train#3', {
      config: rate(0.01, 'set'), final: { loss: Number.NaN }, capture: { packages: { lockFile: null, installed: [{ name: 'zod', version: '4.1.0', integrity: null }, { name: 'zod', version: '3.0.0', integrity: null }], differences: [] } },
      start: { inputs: [input(v1, 'features')], seed: '8', code: code[1] ?? null, started: '2026-03-03T10:00:00.000Z' },
    }),
  ]
}

describe('the comparison of runs', () => {
  it('has what differs, value by value, and nothing else but all metrics', async () => {
    const runs = await threeRuns()
    const found = await compareRuns(blocks, runs)
    expect(found.runs.map(({ label, status }) => [label, status])).toEqual([['train#1', 'succeeded'], ['train#2', 'succeeded'], ['train#3', 'succeeded']])
    expect(found.parameters).toEqual([{ name: 'train.rate', values: [{ value: 0.1, origin: { layer: 'default' } }, { value: 0.1, origin: { layer: 'default' } }, { value: 0.01, origin: { layer: 'set' } }] }])
    expect(found.seeds).toEqual({ name: 'seed', values: ['7', '7', '8'] })
    expect(found.inputs.map(({ name, values }) => [name, values.map((value) => value?.revision)])).toEqual([['train', ['features@v1', 'features@v2', 'features']]])
    expect(found.files.map(({ name, before, after, added, removed, changed, paths, unknown }) => [name, before, after, added, removed, changed, paths.map(({ path, change }) => `${change} ${path}`), unknown])).toEqual([
      ['train', 'train#1', 'train#2', 1, 1, 1, ['changed b/c.csv', 'added new', 'removed old'], null],
      [null, 'train#1', 'train#3', 0, 0, 1, ['changed train.mjs'], null],
    ])
    expect(found.code.map(({ name }) => name)).toEqual(['root'])
    expect(found.packages).toEqual([{ name: 'zod', values: ['4.1.0', '4.1.0', '4.1.0, 3.0.0'] }])
    expect(found.runtime).toEqual([{ name: 'lock file', values: ['ab', 'ab', null] }])
    expect(found.metrics).toEqual([{ name: 'acc', values: [0.8, 0.8, null] }, { name: 'loss', values: [0.5, 0.25, 'NaN'] }])
    expect(found.groups).toBeNull()
    expect(JSON.parse(JSON.stringify(found))).toEqual(found)
  })

  it('by data puts those together that read the same bytes, oldest data first', async () => {
    const runs = await threeRuns()
    const { runs: sorted, groups, metrics } = await compareRuns(blocks, [...runs].reverse(), { by: 'data' })
    expect(sorted.map(({ label }) => label)).toEqual(['train#1', 'train#3', 'train#2'])
    // The same bytes by another revision's name are the same data.
    expect(groups?.map(({ inputs, runs }) => [inputs.map(({ name, revision }) => `${name}=${revision}`), runs])).toEqual([[['train=features@v1'], ['train#1', 'train#3']], [['train=features@v2'], ['train#2']]])
    expect(metrics.find(({ name }) => name === 'loss')?.values).toEqual([0.5, 'NaN', 0.25])
  })

  it('has the artifacts whose roots differ, and folders path by path', async () => {
    const made = async (files: Readonly<Record<string, string>>) => ({ root: await manifestOf(blocks, files), files: Object.keys(files).length, bytes: Object.values(files).join('').length })
    const same = { name: 'vocabulary', ...(await made({ 'words.txt': 'a b' })) }
    const runs = [
      madeRun(blocks, 'train#1', { artifacts: [{ name: 'model', ...(await made({ 'a.bin': '1', 'b/c.bin': '2' })) }, same] }),
      madeRun(blocks, 'train#2', { artifacts: [{ name: 'model', ...(await made({ 'a.bin': '1', 'b/c.bin': '2 and more', 'd.bin': '3' })) }, { name: 'plots', ...(await made({ 'x.svg': '' })) }, same] }),
      madeRun(blocks, 'train#3', { final: null }),
    ]
    const found = await compareRuns(blocks, runs)
    expect(found.artifacts.map(({ name, values }) => [name, values.map((value) => value?.files ?? null)])).toEqual([['model', [2, 3, null]], ['plots', [null, 1, null]], ['vocabulary', [1, 1, null]]])
    expect(found.artifactFiles).toEqual([{ name: 'model', before: 'train#1', after: 'train#2', added: 1, removed: 0, changed: 1, paths: [{ path: 'b/c.bin', change: 'changed' }, { path: 'd.bin', change: 'added' }], unknown: null }])
    expect((await compareRuns(blocks, runs.slice(0, 2))).artifacts.map(({ name }) => name)).toEqual(['model', 'plots'])
    const lines = comparisonTable(found)
    const at = lines.indexOf('artifacts')
    expect(lines[at + 1]?.trim().split(/\s{2,}/)).toEqual(['model', `${String(found.artifacts[0]?.values[0]?.root).slice(0, 16)}… 2 files, 2 B`, `${String(found.artifacts[0]?.values[1]?.root).slice(0, 16)}… 3 files, 12 B`, '—'])
    expect(lines.slice(at + 4, at + 7)).toEqual(['    model: train#1 → train#2: 1 added, 0 removed, 1 changed', '      ~ b/c.bin', '      + d.bin'])
    expect(JSON.parse(JSON.stringify(found))).toEqual(found)
  })

  it('tells a parameter that a run lacks from one that is null, and compares values, not origins', async () => {
    const entry = (key: string, value: JsonValue, layer: 'default' | 'set' = 'default') => ({ key, value, origin: { layer }, overrides: [] })
    const { parameters } = await compareRuns(blocks, [
      madeRun(blocks, 'a', { config: [entry('lacking', null), entry('same', { x: 1, y: [2] }), entry('null', null)] }), madeRun(blocks, 'b', { config: [entry('same', { y: [2], x: 1 }, 'set'), entry('null', null)] }),
    ])
    expect(parameters).toEqual([{ name: 'lacking', values: [{ value: null, origin: { layer: 'default' } }, null] }])
  })

  it('of equal runs has nothing', async () => {
    const [first, ...others] = await threeRuns()
    const found = await compareRuns(blocks, [first ?? expect.fail(), { ...(first ?? expect.fail()), label: 'again' }])
    expect(others.length).toBe(2)
    const { parameters, seeds, inputs, code, files, artifacts, artifactFiles, packages, runtime } = found
    expect({ parameters, seeds, inputs, code, files, artifacts, artifactFiles, packages, runtime }).toEqual({ parameters: [], seeds: null, inputs: [], code: [], files: [], artifacts: [], artifactFiles: [], packages: [], runtime: [] })
  })

  it('names a bounded number of paths and counts all', async () => {
    const many = (text: string) => manifestOf(blocks, Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${index}.png`, `${text}${index}`])))
    const runs = [madeRun(blocks, 'a', { start: { inputs: [input(await many('x'), 'x')] } }), madeRun(blocks, 'b', { start: { inputs: [input(await many('y'), 'y')] } })]
    const [files] = (await compareRuns(blocks, runs)).files
    expect([files?.changed, files?.paths.length]).toEqual([500, 20])
    expect((await compareRuns(blocks, runs, { maxPaths: 3 })).files[0]?.paths.length).toBe(3)
    expect(comparisonTable(await compareRuns(blocks, runs, { maxPaths: 3 }))).toContain('      … and 497 more')
  })

  it('goes on where data was dropped, and stops where it is damaged', async () => {
    const runs = await threeRuns()
    const root = runs[1]?.start.inputs[0]?.root ?? expect.fail()
    const failing = (error: Error) => ({ get: (cid: CID) => { if (cid.equals(root)) throw error; return blocks.get(cid) } })
    const { files, metrics } = await compareRuns(failing(new EvictedError('the data was dropped')), runs)
    expect(files.map(({ name, unknown, changed }) => [name, unknown, changed])).toEqual([['train', 'the data was dropped', 0], [null, null, 1]])
    expect(metrics.length).toBe(2)
    await expect(compareRuns(failing(new CorruptBlockError('damage')), runs)).rejects.toMatchObject({ code: 'CORRUPT_BLOCK' })
  })

  it('takes two runs or more, each once', async () => {
    const run = madeRun(blocks, 'a')
    await expect(compareRuns(blocks, [run])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(compareRuns(blocks, [run, run])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('reads nothing but first blocks where the data is the same', async () => {
    const runs = await threeRuns()
    const before = blocks.reads
    await compareRuns(blocks, runs.map((run) => ({ ...run, start: { ...run.start, inputs: runs[0]?.start.inputs ?? [], code: null } })))
    expect(blocks.reads).toBe(before)
  })
})

describe('the table of a comparison', () => {
  it('has a column for each run, and says what each value is and from where', async () => {
    const runs = await threeRuns()
    const shortRoot = (at: number): string => `${cidText(runs[at]?.start.inputs[0]?.root ?? expect.fail()).slice(0, 16)}…`
    const lines = comparisonTable(await compareRuns(blocks, runs, { by: 'data' }))
    expect(lines[0]?.trim().split(/\s{2,}/)).toEqual(['train#1', 'train#3', 'train#2'])
    const columns = [0, 1, 2].map((at) => lines[0]?.indexOf(['train#1', 'train#3', 'train#2'][at] ?? '') ?? -1)
    const cells = (name: string): string[] => {
      const line = lines.find((text) => text.trimStart().startsWith(`${name} `)) ?? expect.fail(`there is no ${name}`)
      return columns.map((from, at) => line.slice(from, columns[at + 1]).trim())
    }
    expect(cells('status')).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(cells('read')).toEqual(['data 1', 'data 1', 'data 2'])
    expect(cells('loss')).toEqual(['0.5', 'NaN', '0.25'])
    expect(cells('acc')).toEqual(['0.8', '—', '0.8'])
    expect(cells('train.rate')).toEqual(['0.1 (default)', '0.01 (--set)', '0.1 (default)'])
    expect(cells('seed')).toEqual(['7', '8', '7'])
    expect(cells('train')).toEqual([`features@v1 ${shortRoot(0)}`, `features ${shortRoot(2)}`, `features@v2 ${shortRoot(1)}`])
    expect(lines).toContain(`  1: train = features@v1 ${shortRoot(0)}`)
    expect(lines).toContain('    train: train#1 → train#2: 1 added, 1 removed, 1 changed')
    expect(lines).toContain('      ~ b/c.csv')
    expect(lines.filter((line) => line.endsWith(' ') || line.includes('\n'))).toEqual([])
  })

  it('shows of long texts that begin alike where they differ', async () => {
    const command = (...end: readonly string[]): RunToCompare['start']['command'] => ['python3', 'src/train.py', '--data', '{inputs.train}', ...end]
    const runs = [['--lr', '0.1'], ['--lr', '0.2', '--wide'], []].map((end, at) => madeRun(blocks, `train#${at}`, { start: { command: command(...end) } }))
    const cells = async (...compared: readonly RunToCompare[]): Promise<readonly string[]> => (comparisonTable(await compareRuns(blocks, compared)).find((line) => line.startsWith('  command')) ?? '').trim().split(/ {2,}/).slice(1)
    expect(await cells(...runs.slice(0, 2))).toEqual(['… --lr 0.1', '… --lr 0.2 --wide'])
    expect(await cells(...runs)).toEqual(['…s.train} --lr 0.1', '…s.train} --lr 0.2 --wide', '…s.train}'])
    const short = [['a'], ['b']].map((words, at) => madeRun(blocks, `short#${at}`, { start: { command: ['run', ...words] } }))
    expect(await cells(...short)).toEqual(['run a', 'run b'])
  })

  it('has nothing that a terminal would act on, and no cell beyond its width', async () => {
    const evil = '\u001b[2J\u202eevil\n'
    const root = await manifestOf(blocks, { [`${evil}x`]: '1' })
    const other = await manifestOf(blocks, {})
    const config = [{ key: `k${evil}`, value: 'x'.repeat(500), origin: { layer: 'file' as const, path: evil, line: 3 }, overrides: [] }]
    const comparison = await compareRuns(blocks, [madeRun(blocks, `a${evil}`, { config, final: { [evil]: 1 }, start: { inputs: [input(root, evil, evil)] } }), madeRun(blocks, 'b', { final: null, start: { inputs: [input(other, 'x', evil)] } })], { by: 'data' })
    const lines = comparisonTable(comparison)
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(lines.filter((line) => /[\u0000-\u001f\u007f-\u009f\u202e]/.test(line))).toEqual([])
    expect(lines.some((line) => line.includes('\\x1b[2J'))).toBe(true)
    expect(Math.max(...lines.filter((line) => !/→|^ {2}\d|^ {6}/.test(line)).map((line) => Array.from(line).length))).toBeLessThanOrEqual(3 * 40 + 4)
  })
})
