import { type CID, cidText } from '../cid/cid.ts'
import { RefConflictError } from '../errors.ts'
import { isTagName } from '../repository/ref-name.ts'

/** A ref that cannot simply go on from where it is. */
export interface RefusedRef {
  readonly ref: string
  readonly before: CID
  readonly after: CID
}

/** The refusal to move refs over what others did. `data.refs` lists them. */
export function refusedRefs(refused: readonly RefusedRef[], where: string, hint: string): RefConflictError {
  const lines = refused.map(({ ref, before, after }) => `${ref} is at ${cidText(before)}${isTagName(ref) ? ', and a tag does not move' : `, which ${cidText(after)} does not come after`}`)
  return new RefConflictError(`${where} has other snapshots: ${lines.join('; ')}`, { data: { refs: refused.map(({ ref, before, after }) => ({ ref, before: cidText(before), after: cidText(after) })) }, hint })
}
