import { type CID, cidText } from '../../cid/cid.ts'
import { RefConflictError } from '../../errors.ts'
import type { RefChange, Session } from '../../repository/index.ts'
import type { RecordTrees, SentRecords, Sides } from './interface.ts'
import { derivationChanges } from './join-derivations.ts'
import { modelChanges } from './model-changes.ts'
import { planRecords, type RecordPlan, wantsOf } from './plan-records.ts'
import { isRecordRef, recordTrees } from './record-trees.ts'
import { runChanges } from './run-changes.ts'

/** What a commit has to change so that records stand in the target, and what is to be said of it. */
export interface RecordChanges {
  readonly refs: readonly RefChange[]
  readonly sent: SentRecords
}

/** By the trees that were planned for: if others are in their place by now, the commit fails. @param session of the target, which has all that the records lead to; @throws MalformedDataError if a record is not what its entry says */
export async function recordChanges(sides: Sides, session: Session, { runs, derivations, models, onto }: RecordPlan): Promise<RecordChanges> {
  const { target, either } = sides
  const joined = await derivationChanges(target, session, either, onto.derivations, derivations)
  const refs = [...(await runChanges(target, session, either, onto.runs, runs.placed)), ...joined.refs, ...(await modelChanges(session, either, onto, models))]
  const updated = runs.placed.filter(({ isUpdate }) => isUpdate).length
  return {
    refs,
    sent: {
      runs: { added: runs.placed.length - updated, updated, renumbered: runs.renumbered, kept: runs.kept, open: runs.open },
      derivations: joined.derivations,
      models: { versions: models.versions.length, events: models.events.reduce((sum, { fresh }) => sum + fresh.length, 0), refused: models.refused },
    },
  }
}

/**
 * Commits records with whatever goes along. If somebody else's records came first they are planned anew, on what stands there then: nobody's work is lost, and nobody is turned away.
 * @param first by which the session has got its blocks
 * @param ready changes by that plan, if they have been made
 * @returns what went over
 */
export async function commitRecords(sides: Sides, source: RecordTrees, session: Session, first: RecordPlan, ready: RecordChanges, commit: (changes: readonly RefChange[]) => Promise<unknown>): Promise<SentRecords> {
  for (let changes = ready; ; changes = await recordChanges(sides, session, withinPlan(await planRecords(sides, source, await recordTrees(sides.target)), first))) {
    try {
      await commit(changes.refs)
      return changes.sent
    } catch (error) {
      if (!isRecordConflict(error)) throw error
      await sides.target.refresh()
    }
  }
}

/** Without results that the target has forgotten meanwhile, and models that were refused and would not be any more: what they lead to was not sent. */
function withinPlan(plan: RecordPlan, first: RecordPlan): RecordPlan {
  const sent = new Set(wantsOf(first).map((cid) => cidText(cid)))
  const wasSent = (cid: CID): boolean => sent.has(cidText(cid))
  const derivations = plan.derivations.map(({ found, ...rest }) => ({ ...rest, found: found.filter(wasSent) })).filter(({ found }) => found.length > 0)
  const { versions, events, refused } = plan.models
  const unsent = new Set([...versions.filter(({ cid }) => !wasSent(cid)).map(({ name }) => name), ...events.filter(({ newest }) => !wasSent(newest.cid)).map(({ about }) => about.name)])
  return { ...plan, derivations, models: { versions: versions.filter(({ name }) => !unsent.has(name)), events: events.filter(({ about }) => !unsent.has(about.name)), refused } }
}

function isRecordConflict(error: unknown): boolean {
  return error instanceof RefConflictError && typeof error.data.ref === 'string' && isRecordRef(error.data.ref)
}
