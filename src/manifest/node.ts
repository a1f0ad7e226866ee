import { compareBytes, sharedPrefixLength } from '../bytes.ts'
import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import { type CborInput, readArrayHead, readBytesHead, readItem, readSmall } from '../codec/cbor-decoder.ts'
import { CborEncoder } from '../codec/cbor-encoder.ts'
import { readBlock } from '../codec/dag-cbor.ts'
import { asCid, asCount } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import type { TreeItem, ValueCodec } from './interface.ts'
import { type EncodedRows, readRows, TwinRows } from './node-rows.ts'

/** Longest key of a tree, in bytes. */
export const MAX_KEY_LENGTH_BYTES = 4096
/** Most levels of nodes that a tree may have, leaves included. */
export const MAX_TREE_HEIGHT = 12

/** Arrays around the fields of a node, and around those of a row of it. */
const NODE_DEPTH = 1
const ROW_DEPTH = 3

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
  /** Of a node that was read to be compared. */
  readonly encoded?: EncodedRows
}

export interface InnerNode {
  readonly kind: 'inner'
  /** One more than the level of the nodes that the links lead to. */
  readonly level: number
  readonly links: readonly TreeLink[]
  /** Of a node that was read to be compared. */
  readonly encoded?: EncodedRows
}

export type TreeNode<V> = LeafNode<V> | InnerNode

/** For a node that is read to be compared: rows that it shares with `twin`, the node at the same place in another tree, are the same objects in both. */
export interface Pairing<V> {
  readonly twin: TreeNode<V> | undefined
}

/** The block of a leaf. Keys must rise strictly. */
export function encodeLeaf<V>(items: readonly TreeItem<V>[], codec: Pick<ValueCodec<V>, 'encode'>): Uint8Array {
  const block = beginNode(0, items.length)
  let previous: Uint8Array | undefined
  for (const { key, value } of items) {
    beginRow(block, 3, previous, key)
    block.item(codec.encode(value))
    previous = key
  }
  return block.finish()
}

/** The block of an inner node. Keys must rise strictly. */
export function encodeInner(level: number, links: readonly TreeLink[]): Uint8Array {
  const block = beginNode(level, links.length)
  let previous: Uint8Array | undefined
  for (const { key, cid, count } of links) {
    beginRow(block, 4, previous, key)
    block.item(cid)
    block.item(count)
    previous = key
  }
  return block.finish()
}

function beginNode(level: number, rows: number): CborEncoder {
  const block = new CborEncoder()
  block.arrayHead(2)
  block.item(level)
  block.arrayHead(rows)
  return block
}

/** Array by array, a row costs three times as much. */
function beginRow(block: CborEncoder, fields: number, previous: Uint8Array | undefined, key: Uint8Array): void {
  const shared = previous === undefined ? 0 : sharedPrefixLength(previous, key)
  block.arrayHead(fields)
  block.item(shared)
  block.bytesFrom(key, shared)
}

/**
 * Reads a node and checks all that can be seen in it alone; where it ends, and how it fits its parent, are seen by whoever reads the parent.
 * @throws MalformedDataError
 */
export function decodeNode<V>(bytes: Uint8Array, codec: ValueCodec<V>, pairing?: Pairing<V>): TreeNode<V> {
  const bounds: number[] | undefined = pairing === undefined ? undefined : []
  const encoded = bounds === undefined ? {} : { encoded: { bytes, bounds } }
  return readBlock(bytes, (input) => {
    needFields(input, 'A tree node', 2)
    const level = asCount(readItem(input, NODE_DEPTH), 'The level of a tree node', MAX_TREE_HEIGHT - 1)
    const count = readArrayHead(input)
    const { twin } = pairing ?? {}
    if (level === 0) {
      const beside = twin?.kind === 'leaf' && twin.encoded !== undefined ? new TwinRows(twin.items, twin.encoded) : undefined
      return { kind: 'leaf', level: 0, items: readRows(input, count, (previous) => readLeafRow(input, previous, codec), bounds, beside), ...encoded }
    }
    if (count === 0) throw new MalformedDataError('A tree node above the leaves has no links')
    const beside = twin?.kind === 'inner' && twin.encoded !== undefined ? new TwinRows(twin.links, twin.encoded) : undefined
    return { kind: 'inner', level, links: readRows(input, count, (previous) => readInnerRow(input, previous), bounds, beside), ...encoded }
  })
}

function readLeafRow<V>(input: CborInput, previous: Uint8Array | undefined, codec: ValueCodec<V>): TreeItem<V> {
  needFields(input, 'An item of a leaf', 3)
  const key = readKey(input, previous)
  codec.checkKey?.(key)
  if (previous !== undefined) codec.checkNeighbours?.(previous, key)
  return { key, value: codec.read === undefined ? codec.decode(readItem(input, ROW_DEPTH)) : codec.read(input, ROW_DEPTH) }
}

function readInnerRow(input: CborInput, previous: Uint8Array | undefined): TreeLink {
  needFields(input, 'A link of a tree node', 4)
  const key = readKey(input, previous)
  const cid = asCid(readItem(input, ROW_DEPTH), 'A link to a tree node', DAG_CBOR_CODE)
  const count = asCount(readItem(input, ROW_DEPTH), 'The count of a link')
  if (count === 0) throw new MalformedDataError('A link of a tree node leads to no items')
  return { key, cid, count }
}

function needFields(input: CborInput, what: string, count: number): void {
  if (readArrayHead(input) !== count) throw new MalformedDataError(`${what} must be an array of ${count} items`)
}

/** Reads the shared length and the suffix of a key, and undoes prefix compression; there is one way to write a key, and keys rise. */
function readKey(input: CborInput, previous: Uint8Array | undefined): Uint8Array {
  const shared = asCount(readSmall(input) ?? readItem(input, ROW_DEPTH), 'The shared length of a key', previous?.length ?? 0)
  const length = readBytesHead(input)
  if (shared + length > MAX_KEY_LENGTH_BYTES) throw new MalformedDataError(`A key must have at most ${MAX_KEY_LENGTH_BYTES} bytes`)
  if (length === 0) throw new MalformedDataError('A key repeats the one before it, or is empty')
  const start = input.at
  input.at = start + length
  const first = input.bytes[start] as number
  const replaced = previous?.[shared]
  if (replaced !== undefined && first <= replaced) {
    throw new MalformedDataError(first === replaced ? 'A key shares more with the one before it than it says' : 'Keys of a tree node do not rise')
  }
  const key = new Uint8Array(shared + length)
  // Loops are quicker than subarray and set for lengths like these.
  if (previous !== undefined) for (let index = 0; index < shared; index++) key[index] = previous[index] as number
  for (let index = 0; index < length; index++) key[shared + index] = input.bytes[start + index] as number
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
