import { type CID, cidText } from '../cid/cid.ts'
import { idOf } from '../cid/digest-id.ts'
import { MalformedDataError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { RunRecord } from '../run/interface.ts'
import { runLabel, type RunNumber } from '../run/run-key.ts'
import { readRunRecord } from '../run/run-checkpoint.ts'
import { readRunOutline, type RunOutline } from '../run/run-object.ts'
import { getRuns, type ListedRun, listRuns } from '../run/run-tree.ts'
import { type RunUse, runsOfRoot } from '../run/run-uses.ts'
import { type Act, type Link, readLinked } from './act.ts'
import { rootLink } from './derivation-acts.ts'

/** Runs that are read at a time. */
const BATCH = 64

/** Runs with all that they read and made. Reads two blocks for each, a few at a time. @throws MalformedDataError if the tree of runs does not have one of them as it is said to be */
export async function runActs(repository: BlockRepository, uses: readonly RunUse[]): Promise<readonly Act[]> {
  const listed = new Map<string, ListedRun>()
  for await (const run of getRuns(repository, uses)) listed.set(runLabel(run), run)
  const acts: Act[] = []
  for (let at = 0; at < uses.length; at += BATCH) {
    acts.push(...(await Promise.all(uses.slice(at, at + BATCH).map(async (use) => {
      const label = runLabel(use)
      const run = listed.get(label)
      if (run?.start.equals(use.start) !== true) throw new MalformedDataError(`The uses of data lead to ${label} as ${cidText(use.start)}, which is not what the tree of runs has`, { data: { run: label, cid: cidText(use.start) } })
      return runAct(repository, run)
    }))))
  }
  return acts
}

async function runAct(repository: BlockRepository, run: ListedRun): Promise<Act> {
  const label = runLabel(run)
  const { record: cid } = run
  const [outline, record] = await Promise.all([
    readLinked(`The start of ${label}`, () => readRunOutline(repository, run.start)),
    cid === null ? null : readLinked(`The record of ${label}`, () => readRunRecord(repository, cid)),
  ])
  return {
    id: idOf(run.start), cid: run.start, kind: 'run', label,
    ins: [...outline.inputs.map(rootLink), ...maybe('code', outline.code), ...originalLink(outline.reproduces)],
    outs: record === null ? [] : [...record.artifacts.map(rootLink), ...maybe('metrics', record.metrics), ...maybe('log', record.log)],
    describe: () => ({
      id: cidText(run.start), kind: 'run', label, status: record?.status ?? 'running', when: record?.ended ?? outline.started, why: outline.why, facts: factsOf(outline, record),
    }),
  }
}

function factsOf({ seed, tags, started }: RunOutline, record: RunRecord | null): Record<string, string | readonly string[] | { readonly [metric: string]: number | string }> {
  // JSON has no NaN.
  const final = Object.fromEntries(Object.entries(record?.final ?? {}).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]))
  return { started, seed, ...(tags.length === 0 ? {} : { tags }), ...(record?.reason === null || record?.reason === undefined ? {} : { reason: record.reason }), metrics: final }
}

/** The run that a start belongs to: the start knows its name, and the tree of runs its number. @param made a root that it made, which few runs made: then no other run of its name is looked at */
export async function runOfStart(repository: BlockRepository, start: CID, made?: CID): Promise<RunUse> {
  if (made !== undefined) for await (const run of runsOfRoot(repository, made, 'artifact')) if (run.start.equals(start)) return run
  const { name } = await readLinked(`The run ${cidText(start)}`, () => readRunOutline(repository, start))
  for await (const run of listRuns(repository, name)) if (run.start.equals(start)) return useOf(run)
  throw new MalformedDataError(`${cidText(start)} says that it is a run of ${name}, and is none in the tree of runs`, { data: { cid: cidText(start) } })
}

export function useOf({ name, number, start }: RunNumber & { readonly start: CID }): RunUse {
  return { name, number, start }
}

function maybe(name: string, root: CID | null): readonly Link[] {
  return root === null ? [] : [rootLink({ name, root })]
}

function originalLink(start: CID | null): readonly Link[] {
  return start === null ? [] : [{ role: 'reproduced by', id: idOf(start), to: { kind: 'run', cid: start } }]
}
