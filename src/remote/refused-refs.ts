import { type CID, cidText } from '../cid/cid.ts'
import { RefConflictError } from '../errors.ts'
import { isTagName } from '../repository/ref-name.ts'

/** A ref that cannot simply go on from where it is. */
export interface RefusedRef {
  readonly ref: string
  /** Where it is at the side that was to be changed. */
  readonly before: CID
  readonly after: CID
}

/** Which side was to be changed, and which the change came from, as said of a ref that is there: "here", or "at <url>". */
export interface Sides {
  readonly changed: string
  readonly other: string
}

/** The refusal to move refs over what others did. `data.refs` lists them. */
export function refusedRefs(refused: readonly RefusedRef[], { changed, other }: Sides, hint: string): RefConflictError {
  const lines = refused.map(({ ref, before, after }) => `${ref} is ${cidText(before)} ${changed} and ${cidText(after)} ${other}, and ${isTagName(ref) ? 'a tag does not move' : 'neither comes after the other'}`)
  return new RefConflictError(`Both sides went on by themselves: ${lines.join('; ')}`, { data: { refs: refused.map(({ ref, before, after }) => ({ ref, before: cidText(before), after: cidText(after) })) }, hint })
}
