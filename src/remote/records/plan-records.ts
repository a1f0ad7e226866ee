import type { CID } from '../../cid/cid.ts'
import type { RecordTrees, Sides } from './interface.ts'
import { type JoinedDerivation, joinDerivations } from './join-derivations.ts'
import { joinModels, type ModelPlan } from './join-models.ts'
import { placeRuns, type RunPlan } from './place-runs.ts'

/** What of one side's records goes over to the other. */
export interface RecordPlan {
  readonly runs: RunPlan
  readonly derivations: readonly JoinedDerivation[]
  readonly models: ModelPlan
  /** The trees of the target that this is a plan for: on others it would put something in another's place. */
  readonly onto: RecordTrees
}

/**
 * Compares the trees of both sides: subtrees that both have are passed over unread, so that it costs what differs.
 * @throws MalformedDataError if one of them is not what it should be
 */
export async function planRecords(sides: Sides, source: RecordTrees, target: RecordTrees): Promise<RecordPlan> {
  return {
    runs: await placeRuns(sides.either, source.runs, target.runs),
    derivations: await joinDerivations(sides, source.derivations, target.derivations),
    models: await joinModels(sides, source, target),
    onto: target,
  }
}

/** Whether nothing goes over. */
export function isEmptyPlan({ runs, derivations, models }: RecordPlan): boolean {
  return runs.placed.length + derivations.length + models.versions.length + models.events.length === 0
}

/** The blocks that go over, with all that they lead to. */
export function wantsOf({ runs, derivations, models }: RecordPlan): readonly CID[] {
  return [
    ...runs.placed.flatMap(({ entry: { start, record } }) => [start, record]),
    ...derivations.flatMap(({ derivation, found }) => [derivation, ...found]),
    ...models.versions.map(({ cid }) => cid),
    ...models.events.map(({ newest }) => newest.cid),
  ]
}
