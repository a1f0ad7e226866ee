import { type CID, cidText } from '../cid/cid.ts'
import { idOf } from '../cid/digest-id.ts'
import { MalformedDataError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { StoredLink } from '../repository/stored-link.ts'
import { plainEntry, type RunEntry, type StoredEntry } from '../run/run-entry.ts'
import { runLabel, type RunNumber } from '../run/run-key.ts'
import { readRunRecord } from '../run/run-checkpoint.ts'
import { readRunOutline } from '../run/run-object.ts'
import { type NamedLink, type RunSummary, summaryOf } from '../run/run-summary.ts'
import { knownRuns, runOfName } from '../run/stored-runs.ts'
import { type RunUse, runsOfRoot } from '../run/run-uses.ts'
import { type Act, type Link, readLinked } from './act.ts'

/** Runs that are read at a time. */
const BATCH = 64

/**
 * Runs with all that they read and made. Reads their summaries; of those that have none two blocks each, a few at a time.
 * @throws MalformedDataError if the tree of runs does not have one of them as it is said to be
 */
export async function runActs(repository: BlockRepository, uses: readonly RunUse[]): Promise<readonly Act[]> {
  const known = await knownRuns(repository, uses)
  const acts: Act[] = []
  const unknown: { readonly at: number; readonly label: string; readonly entry: StoredEntry }[] = []
  for (const [at, use] of uses.entries()) {
    const label = runLabel(use)
    const { entry, summary } = known.get(use) ?? {}
    if (entry?.start.id !== use.id) throw new MalformedDataError(`The uses of data lead to ${label} as ${cidText(use.start)}, which is not what the tree of runs has`, { data: { run: label, cid: cidText(use.start) } })
    if (summary === undefined) unknown.push({ at, label, entry })
    else acts[at] = runAct(entry.start, label, summary)
  }
  for (let first = 0; first < unknown.length; first += BATCH) {
    await Promise.all(unknown.slice(first, first + BATCH).map(async ({ at, label, entry }) => void (acts[at] = runAct(entry.start, label, await readRun(repository, label, plainEntry(entry))))))
  }
  return acts
}

async function readRun(repository: BlockRepository, label: string, { start, record: cid }: RunEntry): Promise<RunSummary> {
  const [outline, record] = await Promise.all([
    readLinked(`The start of ${label}`, () => readRunOutline(repository, start)),
    cid === null ? null : readLinked(`The record of ${label}`, () => readRunRecord(repository, cid)),
  ])
  return summaryOf(outline, record)
}

function runAct(start: StoredLink, label: string, summary: RunSummary): Act {
  const { inputs, code, reproduces, artifacts, metrics, log, started, why, status, ended } = summary
  return {
    id: start.id, kind: 'run', label,
    get cid() {
      return start.cid
    },
    ins: [...inputs.map(dataLink), ...maybe('code', code), ...originalLink(reproduces)],
    outs: [...artifacts.map(dataLink), ...maybe('metrics', metrics), ...maybe('log', log)],
    describe: () => ({ id: cidText(start.cid), kind: 'run', label, status, when: ended ?? started, why, facts: factsOf(summary) }),
  }
}

function factsOf({ seed, tags, started, reason, final }: RunSummary): Record<string, string | readonly string[] | { readonly [metric: string]: number | string }> {
  // JSON has no NaN.
  const metrics = Object.fromEntries(Object.entries(final).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]))
  return { started, seed, ...(tags.length === 0 ? {} : { tags }), ...(reason === null ? {} : { reason }), metrics }
}

/** The run that a start belongs to: the start knows its name, and the tree of runs its number. @param made a root that it made, which few runs made: then no other run of its name is looked at */
export async function runOfStart(repository: BlockRepository, start: CID, made?: CID): Promise<RunUse> {
  if (made !== undefined) for await (const run of runsOfRoot(repository, made, 'artifact')) if (run.start.equals(start)) return run
  const { name } = await readLinked(`The run ${cidText(start)}`, () => readRunOutline(repository, start))
  const run = await runOfName(repository, name, idOf(start))
  if (run !== undefined) return useOf(run, start)
  throw new MalformedDataError(`${cidText(start)} says that it is a run of ${name}, and is none in the tree of runs`, { data: { cid: cidText(start) } })
}

export function useOf({ name, number }: RunNumber, start: CID): RunUse {
  return { name, number, start, id: idOf(start) }
}

function dataLink({ name, link }: NamedLink): Link {
  return { role: name, id: link.id, to: { kind: 'root', link } }
}

function maybe(name: string, link: StoredLink | null): readonly Link[] {
  return link === null ? [] : [dataLink({ name, link })]
}

function originalLink(start: StoredLink | null): readonly Link[] {
  return start === null ? [] : [{ role: 'reproduced by', id: start.id, to: { kind: 'run', cid: start.cid } }]
}
