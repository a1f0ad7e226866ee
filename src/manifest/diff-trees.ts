import { compareBytes } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import type { TreeDifference, ValueCodec } from './interface.ts'
import { isSameLink, TreeCursor } from './tree-cursor.ts'

/**
 * The keys whose values differ, in key order. Subtrees that both trees share are passed over unread, at whatever height and position they
 * are, so the cost is in proportion to the nodes that differ. Holds one node a level of each tree.
 * @throws MalformedDataError if a node on the way is not what it should be
 */
export async function* diffTrees<V>(source: BlockSource, a: CID, b: CID, codec: ValueCodec<V>): AsyncGenerator<TreeDifference<V>, void, undefined> {
  if (a.equals(b)) return
  const before = await TreeCursor.open(source, codec, a, { twin: undefined })
  const after = await TreeCursor.open(source, codec, b, { twin: before.node })
  while (!before.done || !after.done) {
    TreeCursor.passShared(before, after)
    const left = before.item
    const right = after.item
    if (left !== undefined && right !== undefined) {
      const order = compareBytes(left.key, right.key)
      if (order <= 0) before.next()
      if (order >= 0) after.next()
      if (order < 0) yield { key: left.key, before: left.value, after: undefined }
      else if (order > 0) yield { key: right.key, before: undefined, after: right.value }
      else if (!codec.equals(left.value, right.value)) yield { key: left.key, before: left.value, after: right.value }
    } else if (atSameSubtree(before, after)) {
      before.next()
      after.next()
    } else if (left !== undefined && leadsTo(before, after)) {
      before.next()
      yield { key: left.key, before: left.value, after: undefined }
    } else if (right !== undefined && leadsTo(after, before)) {
      after.next()
      yield { key: right.key, before: undefined, after: right.value }
    } else {
      await enterDiffering(before, after)
    }
  }
}

function atSameSubtree<V>(a: TreeCursor<V>, b: TreeCursor<V>): boolean {
  return a.level === b.level && a.link !== undefined && b.link !== undefined && isSameLink(a.link, b.link)
}

/** Whether all that `cursor` meets before `other`'s next subtree is missing from `other`: it is at its end, or the subtree lies ahead of the cursor too. */
function leadsTo<V>(cursor: TreeCursor<V>, other: TreeCursor<V>): boolean {
  return other.done || (other.link !== undefined && cursor.hasAhead(other.link, other.level))
}

/** Reads on, on the side that leads to the other's subtree, or else from the higher level, or on both sides. */
async function enterDiffering<V>(a: TreeCursor<V>, b: TreeCursor<V>): Promise<void> {
  if (leadsTo(a, b)) return a.enter({ twin: b.node })
  if (leadsTo(b, a)) return b.enter({ twin: a.node })
  const { level } = a
  if (level >= b.level) await a.enter({ twin: b.node })
  if (b.level >= level) await b.enter({ twin: a.node })
}
