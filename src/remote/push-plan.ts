import { type CID, cidText } from '../cid/cid.ts'
import { readSnapshot } from '../dataset/snapshot-object.ts'
import type { BlockRepository } from '../repository/index.ts'
import type { CidText } from '../types.ts'
import { type Advance, advanceOf } from './advance.ts'
import { refusedRefs, type RefusedRef } from './refused-refs.ts'

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
  /** Snapshots that the refs lead to there already, of which only the record is left there, and all is here. */
  readonly refills: readonly CID[]
  /** What becomes of each that was asked for. */
  readonly outcomes: readonly PushedRef[]
}

/**
 * What a push would do, by the state of the remote that is open.
 * @param there all refs of the remote that are not varve's own
 * @throws RefConflictError if a ref has moved aside there, unless that is forced
 */
export async function planPush(blocks: BlockRepository, remote: BlockRepository, there: ReadonlyMap<string, CID>, wanted: ReadonlyMap<string, CID>, force: boolean): Promise<PushPlan> {
  const moves: Move[] = []
  const outcomes: PushedRef[] = []
  const refused: RefusedRef[] = []
  const refills: CID[] = []
  for (const [ref, after] of wanted) {
    const before = there.get(ref)
    const advance = await advanceOf(blocks, ref, before, after)
    if (advance === 'same' && (await isDroppedAt(remote, after)) && !(await isDroppedAt(blocks, after))) refills.push(after)
    if (advance === 'diverged' && before !== undefined) refused.push({ ref, before, after })
    const isForced = force && (advance === 'diverged' || advance === 'behind')
    if (isForced || advance === 'new' || advance === 'forward') moves.push({ ref, before, after })
    outcomes.push({ ref, before: before === undefined ? null : cidText(before), after: cidText(after), outcome: isForced || advance === 'diverged' ? 'forced' : advance })
  }
  if (refused.length > 0 && !force) {
    throw refusedRefs(refused, { changed: `at ${remote.storage.location}`, other: 'here' }, 'Run `varve pull`: it brings theirs here and says how to go on from them. With --force yours take their place; theirs stay in the log of operations of the remote.')
  }
  return { there, moves, refills, outcomes }
}

/** Whether of a snapshot only the record is left. */
async function isDroppedAt(repository: BlockRepository, snapshot: CID): Promise<boolean> {
  return (await repository.isEvicted(snapshot)) || (await repository.isEvicted((await readSnapshot(repository, snapshot)).root))
}
