import { compareBytes, equalBytes } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { MalformedDataError } from '../errors.ts'
import type { ValueCodec } from './interface.ts'
import { countItems, decodeNode, lastKey, type Pairing, type TreeLink, type TreeNode } from './node.ts'

/**
 * Reads the top node of a tree.
 * @throws MalformedDataError if it breaks the rules of a node, or is an inner node with one link: such a tree has a level too many
 */
export async function loadRoot<V>(source: BlockSource, codec: ValueCodec<V>, root: CID, pairing?: Pairing<V>): Promise<TreeNode<V>> {
  const node = await loadNode(source, codec, root, pairing)
  if (node.kind === 'inner' && node.links.length < 2) throw malformed(root, 'the top node has one link and should not exist')
  countItems(node)
  return node
}

/**
 * Reads the node that a link leads to, and checks that it is what the link says. Levels fall by one from node to node, so nobody can be led in
 * a circle, and no path is longer than the level of the root.
 * @param level that the node must have
 * @param before the last key in front of the node, undefined if it is the first
 * @throws MalformedDataError
 */
export async function loadChild<V>(
  source: BlockSource, codec: ValueCodec<V>, link: TreeLink, level: number, before: Uint8Array | undefined, pairing?: Pairing<V>,
): Promise<TreeNode<V>> {
  const node = await loadNode(source, codec, link.cid, pairing)
  if (node.level !== level) throw malformed(link.cid, `it has level ${node.level} where ${level} was due`)
  if (countItems(node) !== link.count) throw malformed(link.cid, `it holds ${countItems(node)} items where its link says ${link.count}`)
  const last = lastKey(node)
  if (last === undefined || !equalBytes(last, link.key)) throw malformed(link.cid, 'its last key is not that of its link')
  const first = (node.kind === 'leaf' ? node.items : node.links)[0]?.key
  if (before !== undefined && first !== undefined) {
    if (compareBytes(first, before) <= 0) throw malformed(link.cid, 'its keys do not come after those of the node before it')
    if (node.kind === 'leaf') codec.checkNeighbours?.(before, first)
  }
  return node
}

async function loadNode<V>(source: BlockSource, codec: ValueCodec<V>, cid: CID, pairing: Pairing<V> | undefined): Promise<TreeNode<V>> {
  const bytes = await source.get(cid)
  try {
    return decodeNode(bytes, codec, pairing)
  } catch (error) {
    if (error instanceof MalformedDataError) throw malformed(cid, error.message, error)
    throw error
  }
}

function malformed(cid: CID, why: string, cause?: Error): MalformedDataError {
  return new MalformedDataError(`Tree node ${cidText(cid)}: ${why}`, { data: { cid: cidText(cid) }, cause })
}
