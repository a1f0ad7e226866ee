import { cidText } from '../cid/cid.ts'
import { namesHint } from '../dataset/near-names.ts'
import { AmbiguousRevisionError, NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { CidText } from '../types.ts'
import type { RunInfo, RunRecord, RunStart } from './interface.ts'
import { parseRunLabel, runLabel } from './run-key.ts'
import { readRunRecord } from './run-checkpoint.ts'
import { readRunOutline, readRunStart } from './run-object.ts'
import { plainEntry } from './run-entry.ts'
import { readSummary } from './run-summaries.ts'
import { type RunSummary, summaryOf } from './run-summary.ts'
import { summarisedRuns } from './stored-runs.ts'
import { getRun, type ListedRun, listRuns } from './run-tree.ts'

/** The shortest beginning of an identity that names a run. */
const SHORTEST_PREFIX = 8

/** A run with all that is recorded of it. */
export interface FoundRun extends ListedRun {
  readonly label: string
  readonly started: RunStart
  readonly ended: RunRecord | null
}

/**
 * The run that a text names: `train#3`, `train` for the newest of that name that does not reproduce another, the CID of its start or of its record, or at least the first 8 characters of one.
 * @throws NotFoundError, AmbiguousRevisionError
 */
export async function findRun(repository: BlockRepository, text: string): Promise<FoundRun> {
  const number = parseRunLabel(text)
  const found = number === undefined ? ((await newestOf(repository, text)) ?? (await byIdentity(repository, text))) : await getRun(repository, number)
  if (found !== undefined) return loadRun(repository, found)
  throw new NotFoundError(`There is no run "${text}"`, { data: { run: text }, hint: await missingRunHint(repository, text) })
}

/** The names that runs have, sorted. Reads the whole tree of runs, and no run. */
export async function runNames(repository: BlockRepository): Promise<readonly string[]> {
  const names = new Set<string>()
  for await (const { name } of listRuns(repository)) names.add(name)
  return [...names]
}

async function missingRunHint(repository: BlockRepository, text: string): Promise<string> {
  const names = await runNames(repository)
  if (names.length === 0) return 'No run is recorded here yet: `varve run -- <command>` records one.'
  const { name } = parseRunLabel(text) ?? { name: text }
  if (!names.includes(name)) return `${namesHint(name, names)} \`varve runs\` lists all.`
  const { value: newest } = await listRuns(repository, name).next()
  return `The newest of ${name} is ${newest === undefined ? 'gone' : runLabel(newest)}; \`varve runs list ${name}\` lists them.`
}

/** Reads the start and the record of a listed run. */
export async function loadRun(repository: BlockRepository, run: ListedRun): Promise<FoundRun> {
  const [started, ended] = await Promise.all([readRunStart(repository, run.start), run.record === null ? null : readRunRecord(repository, run.record)])
  return { ...run, label: runLabel(run), started, ended }
}

/** As programs and people are told of it. */
export function runInfo(run: FoundRun): RunInfo {
  return infoOf(run, summaryOf(run.started, run.ended))
}

/** The same of all runs, or of those of a name, in the order of their keys. Reads their summaries, and of those that have none two blocks. */
export async function* runInfos(repository: BlockRepository, name?: string): AsyncGenerator<RunInfo> {
  for await (const { run: { name: of, number, ...entry }, summary } of summarisedRuns(repository, name)) {
    const run = { name: of, number, ...plainEntry(entry) }
    yield infoOf(run, summary ?? (await readSummary(repository, run)))
  }
}

function infoOf({ start, record, isOver, ...run }: ListedRun, { status, started, ended, tags, final, reproduces }: RunSummary): RunInfo {
  return {
    id: cidText(start), label: runLabel(run), name: run.name, number: run.number, status, started, ended, record: record !== null && isOver ? cidText(record) : null, tags, final,
    reproduces: reproduces === null ? null : cidText(reproduces.cid),
  }
}

/** Of runs that only reproduce others, the newest if there are no others. */
async function newestOf(repository: BlockRepository, name: string): Promise<ListedRun | undefined> {
  let first: ListedRun | undefined
  for await (const run of listRuns(repository, name)) {
    first ??= run
    if ((await readRunOutline(repository, run.start)).reproduces === null) return run
  }
  return first
}

async function byIdentity(repository: BlockRepository, text: string): Promise<ListedRun | undefined> {
  if (text.length < SHORTEST_PREFIX) return undefined
  const matches: ListedRun[] = []
  for await (const run of listRuns(repository)) if ([run.start, run.record].some((cid) => cid !== null && beginsWith(cidText(cid), text))) matches.push(run)
  if (matches.length > 1) throw new AmbiguousRevisionError(`"${text}" is the beginning of ${matches.length} runs`, { data: { candidates: matches.map(runLabel) }, hint: 'Give more characters.' })
  return matches[0]
}

function beginsWith(cid: CidText, text: string): boolean {
  return cid.startsWith(text)
}
