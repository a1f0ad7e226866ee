import { compareBytes, equalBytes, startsWithBytes } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import type { TreeItem, ValueCodec } from './interface.ts'
import { loadChild, loadRoot } from './load-node.ts'
import { countItems, lowerBound } from './node.ts'
import { TreeCursor } from './tree-cursor.ts'

/** Which part of a tree to read. */
export interface ScanRange {
  /** Only keys that begin with these bytes. */
  readonly prefix?: Uint8Array
  /** Only keys that are not less than this one. */
  readonly from?: Uint8Array
}

/**
 * The value of a key, or undefined. Reads one node a level at most.
 * @throws MalformedDataError if a node on the way is not what it should be
 */
export async function getValue<V>(source: BlockSource, root: CID, codec: ValueCodec<V>, key: Uint8Array): Promise<V | undefined> {
  let node = await loadRoot(source, codec, root)
  let before: Uint8Array | undefined
  while (node.kind === 'inner') {
    const index = lowerBound(node.links, key)
    const link = node.links[index]
    if (link === undefined) return undefined
    before = node.links[index - 1]?.key ?? before
    node = await loadChild(source, codec, link, node.level - 1, before)
  }
  const item = node.items[lowerBound(node.items, key)]
  return item !== undefined && equalBytes(item.key, key) ? item.value : undefined
}

/**
 * Items in key order. Reads the nodes that the range touches, each once, and holds one a level.
 * @throws MalformedDataError if a node on the way is not what it should be
 */
export async function* scanTree<V>(source: BlockSource, root: CID, codec: ValueCodec<V>, range: ScanRange = {}): AsyncGenerator<TreeItem<V>, void, undefined> {
  const { prefix = new Uint8Array(0), from = prefix } = range
  const cursor = await TreeCursor.open(source, codec, root)
  const start = compareBytes(from, prefix) < 0 ? prefix : from
  if (start.length > 0) await cursor.seek(start)
  while (!cursor.done) {
    const item = cursor.item
    if (item === undefined) {
      await cursor.enter()
      continue
    }
    if (prefix.length > 0 && !startsWithBytes(item.key, prefix)) return
    yield item
    cursor.next()
  }
}

/** Number of items, as the top node states it; reads that node alone. */
export async function countTree<V>(source: BlockSource, root: CID, codec: ValueCodec<V>): Promise<number> {
  return countItems(await loadRoot(source, codec, root))
}
