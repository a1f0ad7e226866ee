import { type CID, cidText } from '../cid/cid.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { CidText } from '../types.ts'
import { type Advance, advanceOf } from './advance.ts'
import { refusedRefs, type RefusedRef } from './refused-refs.ts'
import { namedRefs } from './user-refs.ts'

export interface PushedRef {
  readonly ref: string
  readonly before: CidText | null
  readonly after: CidText
  readonly outcome: Exclude<Advance, 'diverged'> | 'forced'
}

/** A ref that is to be moved. */
export interface Move {
  readonly ref: string
  readonly before: CID | undefined
  readonly after: CID
}

export interface PushPlan {
  /** All refs of the remote. */
  readonly there: ReadonlyMap<string, CID>
  /** Those to be moved. */
  readonly moves: readonly Move[]
  /** What becomes of each that was asked for. */
  readonly outcomes: readonly PushedRef[]
}

/**
 * What a push would do, by the state of the remote that is open.
 * @throws RefConflictError if a ref has moved aside there, unless that is forced
 */
export async function planPush(blocks: BlockRepository, remote: BlockRepository, wanted: ReadonlyMap<string, CID>, force: boolean): Promise<PushPlan> {
  const there = await namedRefs(remote)
  const moves: Move[] = []
  const outcomes: PushedRef[] = []
  const refused: RefusedRef[] = []
  for (const [ref, after] of wanted) {
    const before = there.get(ref)
    const advance = await advanceOf(blocks, ref, before, after)
    if (advance === 'diverged' && before !== undefined) refused.push({ ref, before, after })
    const isForced = force && (advance === 'diverged' || advance === 'behind')
    if (isForced || advance === 'new' || advance === 'forward') moves.push({ ref, before, after })
    outcomes.push({ ref, before: before === undefined ? null : cidText(before), after: cidText(after), outcome: isForced || advance === 'diverged' ? 'forced' : advance })
  }
  if (refused.length > 0 && !force) {
    throw refusedRefs(refused, remote.storage.location, 'Take them over first with `varve pull`, or push with --force: what the refs lead to now then stays in the log of operations of the remote.')
  }
  return { there, moves, outcomes }
}
