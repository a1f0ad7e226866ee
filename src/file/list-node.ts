import { type BlockCode, cidText, DAG_CBOR_CODE, RAW_CODE } from '../cid/cid.ts'
import { decodeCbor, encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asCid, asCount } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import { MAX_LINKS } from './boundary.ts'
import type { ListLink, ListNode } from './interface.ts'

/** Greatest level of a node. */
export const MAX_LIST_HEIGHT = 12
/** Largest chunk, in bytes. */
const MAX_CHUNK_SIZE_BYTES: number = 1024 * 1024

/** Largest size of a leaf. */
export function maxLeafSize(leafCode: BlockCode): number {
  return leafCode === RAW_CODE ? MAX_CHUNK_SIZE_BYTES : 1
}

/** True if a root is one leaf by itself and not a node. A tree of two leaves or more has at least size 2, so size 1 tells where the codec does not. */
export function isLeaf(root: ListLink, leafCode: BlockCode): boolean {
  return root.cid.code === leafCode && (leafCode === RAW_CODE || root.size === 1)
}

export function encodeListNode(node: ListNode): Uint8Array {
  return encodeCbor([node.level, node.links.map(({ cid, size }) => [cid, size])])
}

/**
 * Reads one node and checks everything that can be checked about it alone. One block read.
 *
 * @param link what its parent says about the node
 * @param level one less than its parent's level; undefined for the top node
 * @throws MalformedDataError if it is no node of that level and size; what `source` throws
 */
export async function readListNode(source: BlockSource, link: ListLink, level: number | undefined, leafCode: BlockCode = RAW_CODE): Promise<ListNode> {
  const cid = cidText(link.cid)
  if (link.cid.code !== DAG_CBOR_CODE) throw new MalformedDataError(`Content ${cid} is neither a chunk nor a list node`, { data: { cid } })
  const bytes = await source.get(link.cid)
  try {
    return decodeListNode(bytes, link.size, level, leafCode)
  } catch (cause) {
    if (cause instanceof MalformedDataError) throw new MalformedDataError(`List node ${cid}: ${cause.message}`, { cause, data: { cid } })
    throw cause
  }
}

function decodeListNode(bytes: Uint8Array, size: number, level: number | undefined, leafCode: BlockCode): ListNode {
  const [first, second] = asArray(decodeCbor(bytes), 'A list node', 2)
  const found = asCount(first, 'The level', MAX_LIST_HEIGHT)
  if (found === 0 || (level !== undefined && found !== level)) throw new MalformedDataError(`The level is ${found} instead of ${level ?? `1 to ${MAX_LIST_HEIGHT}`}`)
  const items = asArray(second, 'The links')
  const fewest = level === undefined ? 2 : 1
  if (items.length < fewest || items.length > MAX_LINKS) throw new MalformedDataError(`It has ${items.length} links instead of ${fewest} to ${MAX_LINKS}`)

  const linkCode = found === 1 ? leafCode : DAG_CBOR_CODE
  const largest = found === 1 ? maxLeafSize(leafCode) : Number.MAX_SAFE_INTEGER
  let total = 0
  const links = items.map((item): ListLink => {
    const [cid, length] = asArray(item, 'A link', 2)
    const link = { cid: asCid(cid, 'The target of a link', linkCode), size: asCount(length, 'The size of a link', largest) }
    total += link.size
    if (link.size === 0) throw new MalformedDataError('A link has size 0')
    return link
  })
  // Sums up to `size` are exact, and rounding cannot bring a greater one back to it.
  if (total !== size) throw new MalformedDataError(`The sizes of its links add up to ${total} instead of ${size}`)
  return { level: found, links }
}
