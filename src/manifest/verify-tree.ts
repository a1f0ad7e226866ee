import { type CID, cidText } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { MalformedDataError } from '../errors.ts'
import { endsNode, LINK_WEIGHT_BYTES } from './boundary.ts'
import type { TreeItem, ValueCodec } from './interface.ts'
import type { TreeNode } from './node.ts'
import { TreeCursor } from './tree-cursor.ts'

/**
 * Reads a whole tree, yields every item in key order, and checks every rule of the format, so that at the end it is known to be the one tree that
 * its items have. Holds one node a level.
 *
 * Nodes are canonical bytes, so a tree is canonical if each of its nodes ends where the boundary rule says. That is checked node by node: it
 * needs no hash and no second tree, and it names the node that is wrong.
 * @throws MalformedDataError
 */
export async function* verifyTree<V>(source: BlockSource, root: CID, codec: ValueCodec<V>): AsyncGenerator<TreeItem<V>, void, undefined> {
  const cursor = await TreeCursor.open(source, codec, root)
  if (cursor.node !== undefined) assertEnds(cursor.node, root, codec, true)
  while (!cursor.done) {
    const { item, link, isLast } = cursor
    if (item !== undefined) {
      yield item
      cursor.next()
    } else if (link !== undefined) {
      await cursor.enter()
      if (cursor.node !== undefined) assertEnds(cursor.node, link.cid, codec, isLast)
    }
  }
}

/** A node ends at the first item where it should, or together with its level. */
function assertEnds<V>(node: TreeNode<V>, cid: CID, codec: ValueCodec<V>, isLast: boolean): void {
  let nodeWeight = 0
  let ended = false
  const visit = (key: Uint8Array, weight: number): void => {
    if (ended) throw new MalformedDataError(`Tree node ${cidText(cid)} goes on where it should end`, { data: { cid: cidText(cid) } })
    nodeWeight += weight
    ended = endsNode(node.level, key, weight, nodeWeight)
  }
  if (node.kind === 'leaf') for (const { key, value } of node.items) visit(key, key.length + codec.weigh(value))
  else for (const { key } of node.links) visit(key, key.length + LINK_WEIGHT_BYTES)
  if (!ended && !isLast) throw new MalformedDataError(`Tree node ${cidText(cid)} ends where it should go on`, { data: { cid: cidText(cid) } })
}
