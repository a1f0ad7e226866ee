import { compareBytes } from '../../bytes.ts'
import { type CID, cidText } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { MalformedDataError } from '../../errors.ts'
import { editTree } from '../../manifest/edit-tree.ts'
import type { BlockRepository, RefChange, Session } from '../../repository/index.ts'
import { openRunsChange } from '../../run/open-runs.ts'
import { runEntryCodec } from '../../run/run-entry.ts'
import { runKey, runLabel } from '../../run/run-key.ts'
import { readRunStart, readStoredRecord } from '../../run/run-object.ts'
import { summariesChange } from '../../run/run-summaries.ts'
import { listOpenRuns, RUNS_REF } from '../../run/run-tree.ts'
import { type NewUse, usesChange } from '../../run/run-uses.ts'
import type { PlacedRun } from './place-runs.ts'

/**
 * What a commit has to change so that runs stand in a repository: the tree of runs, their summaries, and what uses what. Reads start and record of each.
 * @param source where these are read
 * @param onto the tree of runs in which their places are free
 * @throws MalformedDataError if one is not what its entry says
 */
export async function runChanges(repository: BlockRepository, session: Session, source: BlockSource, onto: CID | undefined, placed: readonly PlacedRun[]): Promise<readonly RefChange[]> {
  if (placed.length === 0) return []
  const uses: NewUse[] = []
  for (const run of placed) uses.push(...(await usesOf(source, run)))
  const tree = onto ?? null
  const edits = placed.map(({ to, entry }) => ({ key: runKey(to), value: entry })).sort((a, b) => compareBytes(a.key, b.key))
  const changes = [
    { name: RUNS_REF, expected: tree, target: await editTree(session, session, tree, runEntryCodec, edits), own: true },
    await usesChange(repository, session, uses),
    await summariesChange(repository, session, placed.map(({ to, entry: { start, record } }) => ({ ...to, start, record })), source),
    await openRunsChange(repository, session, placed.filter(({ isUpdate }) => isUpdate).map(({ to, entry }) => ({ ...to, start: entry.start, isOver: true })), () => listOpenRuns(repository)),
  ]
  return changes.filter((change) => change !== undefined)
}

async function usesOf(source: BlockSource, { to, entry }: PlacedRun): Promise<readonly NewUse[]> {
  const start = await readRunStart(source, entry.start)
  const { record } = await readStoredRecord(source, entry.record)
  if (start.name !== to.name) throw wrong(to, entry.start, `is one of ${start.name}`)
  if (!record.start.equals(entry.start)) throw wrong(to, entry.record, 'is the record of another run')
  if (record.status === 'running') throw wrong(to, entry.record, 'is not that of a run which is over')
  const used: readonly (readonly [NewUse['kind'], CID | null])[] = [
    ...start.inputs.map(({ root }) => ['input', root] as const), ['code', start.code], ['original', start.reproduces],
    ...record.artifacts.map(({ root }) => ['artifact', root] as const), ['metrics', record.metrics], ['log', record.log],
  ]
  return used.flatMap(([kind, root]) => (root === null ? [] : [{ ...to, start: entry.start, kind, root }]))
}

function wrong(run: PlacedRun['to'], cid: CID, what: string): MalformedDataError {
  return new MalformedDataError(`The tree of runs has ${cidText(cid)} for ${runLabel(run)}, which ${what}`, { data: { run: runLabel(run), cid: cidText(cid) } })
}
