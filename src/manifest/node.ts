import { compareBytes, sharedPrefixLength } from '../bytes.ts'
import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { decodeCbor, encodeCbor } from '../codec/dag-cbor.ts'
import { asArray, asBytes, asCid, asCount } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import type { TreeItem, ValueCodec } from './interface.ts'

/** Longest key of a tree, in bytes. */
export const MAX_KEY_LENGTH_BYTES = 4096
/** Most levels of nodes that a tree may have, leaves included. */
export const MAX_TREE_HEIGHT = 12

/** What an inner node holds for each node below it. */
export interface TreeLink {
  /** Last key below. */
  readonly key: Uint8Array
  readonly cid: CID
  /** Items below, at least 1. */
  readonly count: number
}

export interface LeafNode<V> {
  readonly kind: 'leaf'
  readonly level: 0
  readonly items: readonly TreeItem<V>[]
}

export interface InnerNode {
  readonly kind: 'inner'
  /** One more than the level of the nodes that the links lead to. */
  readonly level: number
  readonly links: readonly TreeLink[]
}

export type TreeNode<V> = LeafNode<V> | InnerNode

/** The block of a leaf. Keys must rise strictly. */
export function encodeLeaf<V>(items: readonly TreeItem<V>[], codec: Pick<ValueCodec<V>, 'encode'>): Uint8Array {
  let previous: Uint8Array | undefined
  const rows = items.map(({ key, value }) => {
    const shared = previous === undefined ? 0 : sharedPrefixLength(previous, key)
    previous = key
    return [shared, key.subarray(shared), codec.encode(value)]
  })
  return encodeCbor([0, rows])
}

/** The block of an inner node. Keys must rise strictly. */
export function encodeInner(level: number, links: readonly TreeLink[]): Uint8Array {
  let previous: Uint8Array | undefined
  const rows = links.map(({ key, cid, count }) => {
    const shared = previous === undefined ? 0 : sharedPrefixLength(previous, key)
    previous = key
    return [shared, key.subarray(shared), cid, count]
  })
  return encodeCbor([level, rows])
}

/**
 * Reads a node and checks all that can be seen in it alone; where it ends, and how it fits its parent, are seen by whoever reads the parent.
 * @throws MalformedDataError
 */
export function decodeNode<V>(bytes: Uint8Array, codec: ValueCodec<V>): TreeNode<V> {
  const parts = asArray(decodeCbor(bytes), 'A tree node', 2)
  const level = asCount(parts[0], 'The level of a tree node', MAX_TREE_HEIGHT - 1)
  const rows = asArray(parts[1], 'The items of a tree node')
  return level === 0 ? decodeLeaf(rows, codec) : decodeInner(level, rows)
}

function decodeLeaf<V>(rows: readonly unknown[], codec: ValueCodec<V>): LeafNode<V> {
  const items: TreeItem<V>[] = []
  let previous: Uint8Array | undefined
  for (const row of rows) {
    const [shared, suffix, value] = asArray(row, 'An item of a leaf', 3)
    const key = decodeKey(previous, shared, suffix)
    codec.checkKey?.(key)
    if (previous !== undefined) codec.checkNeighbours?.(previous, key)
    items.push({ key, value: codec.decode(value) })
    previous = key
  }
  return { kind: 'leaf', level: 0, items }
}

function decodeInner(level: number, rows: readonly unknown[]): InnerNode {
  const links: TreeLink[] = []
  let previous: Uint8Array | undefined
  for (const row of rows) {
    const [shared, suffix, cid, count] = asArray(row, 'A link of a tree node', 4)
    const key = decodeKey(previous, shared, suffix)
    links.push({ key, cid: asCid(cid, 'A link to a tree node', DAG_CBOR_CODE), count: asCount(count, 'The count of a link') })
    if (count === 0) throw new MalformedDataError('A link of a tree node leads to no items')
    previous = key
  }
  if (links.length === 0) throw new MalformedDataError('A tree node above the leaves has no links')
  return { kind: 'inner', level, links }
}

/** Undoes prefix compression; there is one way to write a key, and keys rise. */
function decodeKey(previous: Uint8Array | undefined, sharedField: unknown, suffixField: unknown): Uint8Array {
  const shared = asCount(sharedField, 'The shared length of a key', previous?.length ?? 0)
  const suffix = asBytes(suffixField, 'The suffix of a key', MAX_KEY_LENGTH_BYTES - shared)
  const first = suffix[0]
  if (first === undefined) throw new MalformedDataError('A key repeats the one before it, or is empty')
  if (previous === undefined) return suffix
  const replaced = previous[shared]
  if (replaced !== undefined && first <= replaced) {
    throw new MalformedDataError(first === replaced ? 'A key shares more with the one before it than it says' : 'Keys of a tree node do not rise')
  }
  const key = new Uint8Array(shared + suffix.length)
  // A loop is quicker than subarray and set for lengths like these.
  for (let index = 0; index < shared; index++) key[index] = previous[index] as number
  key.set(suffix, shared)
  return key
}

/** Items below a node. @throws MalformedDataError if there are more than a number can hold exactly */
export function countItems(node: TreeNode<unknown>): number {
  if (node.kind === 'leaf') return node.items.length
  let count = 0
  for (const link of node.links) count += link.count
  return asCount(count, 'The number of items of a tree')
}

/** Last key below a node, undefined for the empty tree. */
export function lastKey(node: TreeNode<unknown>): Uint8Array | undefined {
  return (node.kind === 'leaf' ? node.items : node.links).at(-1)?.key
}

/** Index of the first entry whose key is not less than `key`; the number of entries if there is none. */
export function lowerBound(entries: readonly { readonly key: Uint8Array }[], key: Uint8Array): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]
    if (entry !== undefined && compareBytes(entry.key, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
