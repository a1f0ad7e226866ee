import { cidText } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { canonicalJson } from '../codec/canonical-json.ts'
import { InvalidArgumentError } from '../errors.ts'
import { compareFiles } from './compare-files.ts'
import type { ComparedFiles, ComparedInput, ComparedParameter, ComparedRow, DataGroup, RunComparison, RunToCompare } from './compare-interface.ts'
import type { RunInput } from './interface.ts'
import { metricToJson } from './metrics/metric-json.ts'
import { codeFacts, type Facts, packageFacts, runtimeFacts } from './run-facts.ts'

/** Paths that are named for each pair of manifests; all are counted. */
const MAX_PATHS = 20

export interface CompareRunsOptions {
  /** `data` puts runs that read the same data side by side, in the order in which the data was first used. By default runs stay in the order in which they were given. */
  readonly by?: 'data'
  /** Paths that are named for each pair of manifests, 20 by default. */
  readonly maxPaths?: number
}

/**
 * In what two or more runs differ: parameters with their origins, seeds, data, code and artifacts path by path, packages, machine; and what they scored.
 * Reads the nodes of the manifests of data, code and artifacts that differ from those of the first run, and nothing else.
 *
 * @example
 * const comparison = await compareRuns(repository.blocks, runs, { by: 'data' })
 * console.log(comparisonTable(comparison).join('\n'))
 * @throws InvalidArgumentError for less than two runs, or two with one label; what reading the manifests throws, unless they were dropped
 */
export async function compareRuns(source: BlockSource, runs: readonly RunToCompare[], { by, maxPaths = MAX_PATHS }: CompareRunsOptions = {}): Promise<RunComparison> {
  if (runs.length < 2) throw new InvalidArgumentError('To compare takes two runs or more', { hint: 'Name another run.' })
  if (new Set(runs.map(({ label }) => label)).size < runs.length) throw new InvalidArgumentError('A run is to be compared with itself', { hint: 'Name each run once.' })
  const groups = by === 'data' ? groupByData(runs) : null
  const sorted = groups === null ? runs : groups.flatMap(({ members }) => members)
  const starts = sorted.map(({ start }) => start)
  const inputs = starts.map((start) => new Map(start.inputs.map((input) => [input.name, comparedInput(input)])))
  const artifacts = differing(sorted.map(({ record }) => new Map(record?.artifacts.map(({ name, root, files, bytes }) => [name, { root: cidText(root), files, bytes }]))), (a, b) => a.root === b.root)
  const seeds = differing(starts.map(({ seed }) => new Map([['seed', seed]])), sameText)
  return {
    runs: sorted.map(({ label, start, record }) => ({ label, name: start.name, status: record?.status ?? 'running', started: start.started })),
    parameters: differing(starts.map(({ config }) => new Map(config.entries.map(({ key, value, origin }) => [key, { value, origin }]))), sameValue),
    seeds: seeds[0] ?? null,
    inputs: differing(inputs, (a, b) => a.root === b.root),
    code: differingFacts(starts.map(codeFacts)),
    files: await filesOf(source, sorted, maxPaths),
    artifacts,
    artifactFiles: await artifactFilesOf(source, sorted, artifacts.map(({ name }) => name), maxPaths),
    packages: differingFacts(starts.map(({ capture }) => packageFacts(capture))),
    runtime: differingFacts(starts.map(runtimeFacts)),
    metrics: rowsOf(sorted.map(({ record }) => new Map(Object.entries(record?.final ?? {}).map(([name, value]) => [name, metricToJson(value)])))),
    groups: groups?.map(({ members, inputs }) => ({ inputs, runs: members.map(({ label }) => label) })) ?? null,
  }
}

async function filesOf(source: BlockSource, runs: readonly RunToCompare[], maxPaths: number): Promise<readonly ComparedFiles[]> {
  const names = [...new Set(runs.flatMap(({ start }) => start.inputs.map(({ name }) => name)))].sort(inOrder)
  const found: ComparedFiles[] = []
  for (const name of names) {
    const roots = runs.flatMap(({ label, start }) => start.inputs.filter((input) => input.name === name).map(({ root }) => ({ label, root })))
    found.push(...(await compareFiles(source, name, roots, maxPaths)))
  }
  const code = runs.flatMap(({ label, start }) => (start.code === null ? [] : [{ label, root: start.code }]))
  return [...found, ...(await compareFiles(source, null, code, maxPaths))]
}

async function artifactFilesOf(source: BlockSource, runs: readonly RunToCompare[], names: readonly string[], maxPaths: number): Promise<readonly ComparedFiles[]> {
  const found: ComparedFiles[] = []
  for (const name of names) {
    const roots = runs.flatMap(({ label, record }) => (record?.artifacts ?? []).filter((artifact) => artifact.name === name).map(({ root }) => ({ label, root })))
    found.push(...(await compareFiles(source, name, roots, maxPaths)))
  }
  return found
}

/** Groups by when the oldest run of each began, and runs in a group by when they began. */
function groupByData(runs: readonly RunToCompare[]): readonly (Pick<DataGroup, 'inputs'> & { readonly members: readonly RunToCompare[] })[] {
  const groups = new Map<string, RunToCompare[]>()
  for (const run of [...runs].sort((a, b) => inOrder(a.start.started, b.start.started))) {
    const key = JSON.stringify(inputsByName(run).map(({ name, root }) => [name, cidText(root)]))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [run])
    else group.push(run)
  }
  return [...groups.values()].map((members) => ({ inputs: members.slice(0, 1).flatMap(inputsByName).map((input) => ({ name: input.name, ...comparedInput(input) })), members }))
}

function inputsByName({ start }: RunToCompare): readonly RunInput[] {
  return [...start.inputs].sort((a, b) => inOrder(a.name, b.name))
}

function comparedInput({ revision, snapshot, root }: RunInput): ComparedInput {
  return { revision, snapshot: snapshot === null ? null : cidText(snapshot), root: cidText(root) }
}

/** A row for each name in any of the maps, sorted by name. */
function rowsOf<T>(maps: readonly ReadonlyMap<string, T>[]): readonly ComparedRow<T>[] {
  const names = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort(inOrder)
  return names.map((name) => ({ name, values: maps.map((map) => map.get(name) ?? null) }))
}

function differing<T>(maps: readonly ReadonlyMap<string, T>[], isSame: (a: T, b: T) => boolean): readonly ComparedRow<T>[] {
  return rowsOf(maps).filter(({ values: [first, ...others] }) => others.some((value) => (value === null || first === null || first === undefined ? value !== first : !isSame(first, value))))
}

function differingFacts(maps: readonly Facts[]): readonly ComparedRow<string>[] {
  return differing(maps, sameText)
}

/** The origin does not count: the run is the same, wherever it had the value from. */
function sameValue(a: ComparedParameter, b: ComparedParameter): boolean {
  return canonicalJson(a.value, 'A parameter') === canonicalJson(b.value, 'A parameter')
}

function sameText(a: string, b: string): boolean {
  return a === b
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
