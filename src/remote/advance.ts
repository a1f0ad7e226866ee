import { type CID, cidText } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { walkHistory } from '../dataset/history.ts'
import { isTagName } from '../repository/ref-name.ts'

/** What becomes of a ref: `forward` where the new snapshot comes after the old one, `diverged` where both sides went on by themselves, or a tag would move. */
export type Advance = 'new' | 'same' | 'forward' | 'behind' | 'diverged'

/**
 * How a ref would go from `before` to `after`. Reads the histories of both where they differ.
 * @param source holds the history of `after`, and of `before` as far as it is known here
 */
export async function advanceOf(source: BlockSource & { has(cid: CID): boolean | Promise<boolean> }, name: string, before: CID | undefined, after: CID): Promise<Advance> {
  if (before === undefined) return 'new'
  if (before.equals(after)) return 'same'
  if (isTagName(name)) return 'diverged'
  if (await comesAfter(source, after, before)) return 'forward'
  return (await source.has(before)) && (await comesAfter(source, before, after)) ? 'behind' : 'diverged'
}

async function comesAfter(source: BlockSource, later: CID, earlier: CID): Promise<boolean> {
  const name = cidText(earlier)
  for await (const { cid } of walkHistory(source, later)) if (cidText(cid) === name) return true
  return false
}
