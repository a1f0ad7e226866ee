import { compareBytes, equalBytes, toHex } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { AnyIterable } from '../types.ts'
import type { TreeDifference, TreeEdit, ValueCodec } from './interface.ts'
import { TreeBuilder } from './tree-builder.ts'
import { TreeCursor } from './tree-cursor.ts'

export interface EditTreeOptions<V> {
  /** Called for each edit that changes something, in key order. */
  readonly onChange?: (change: TreeDifference<V>) => void
}

/**
 * Applies edits to a tree (null for an empty one) and gives the root of the new tree, which is the one that building it from scratch gives.
 * Reads and writes the nodes on the way to each edit, a few to the right of it until old and new ends of nodes fall together again. All other
 * subtrees are linked to unread.
 *
 * @param edits in strictly rising order of keys; setting what is there already and removing what is not are no changes
 * @throws InvalidArgumentError if the edits are out of order; MalformedDataError if the result would break a rule of the codec
 */
export async function editTree<V>(
  source: BlockSource, sink: BlockSink, root: CID | null, codec: ValueCodec<V>, edits: AnyIterable<TreeEdit<V>>, options: EditTreeOptions<V> = {},
): Promise<CID> {
  const merge = new TreeMerge(await TreeCursor.open(source, codec, root), new TreeBuilder(sink, codec))
  let previous: Uint8Array | undefined
  for await (const { key, value } of edits) {
    if (previous !== undefined && compareBytes(key, previous) <= 0) {
      throw new InvalidArgumentError(`Edits must be in order of their keys: ${toHex(key)} does not come after ${toHex(previous)}`, { data: { key: toHex(key) } })
    }
    previous = key
    await merge.copyUntil(key)
    const before = merge.dropItem(key)
    if (value !== undefined) await merge.builder.add(key, value)
    const changed = before === undefined || value === undefined ? before !== value : !codec.equals(before, value)
    if (changed) options.onChange?.({ key, before, after: value })
  }
  await merge.copyUntil(undefined)
  return (await merge.builder.finish()).root
}

/** Carries an old tree over into a new one, in key order. */
class TreeMerge<V> {
  readonly builder: TreeBuilder<V>
  readonly #cursor: TreeCursor<V>
  /** Last key of the old tree that the cursor has passed. */
  #passed: Uint8Array | undefined

  constructor(cursor: TreeCursor<V>, builder: TreeBuilder<V>) {
    this.#cursor = cursor
    this.builder = builder
  }

  /** Copies all that comes before `key`, or all that is left. Afterwards the cursor stands before an item or at the end. */
  async copyUntil(key: Uint8Array | undefined): Promise<void> {
    const cursor = this.#cursor
    while (!cursor.done) {
      const { item, link, level } = cursor
      if (item !== undefined) {
        if (key !== undefined && compareBytes(item.key, key) >= 0) return
        await this.builder.add(item.key, item.value)
        this.#pass(item.key)
      } else if (link !== undefined && (key === undefined || compareBytes(link.key, key) < 0) && this.#mayReuse(level, key === undefined)) {
        await this.builder.addSubtree(level, link)
        this.#pass(link.key)
      } else {
        await cursor.enter()
      }
    }
  }

  /** Leaves out the item with this key. Returns its value, or undefined if there is none. */
  dropItem(key: Uint8Array): V | undefined {
    const { item } = this.#cursor
    if (item === undefined || !equalBytes(item.key, key)) return undefined
    this.#pass(item.key)
    return item.value
  }

  /**
   * A subtree can be linked to unread if a node of the new tree begins with it, if its nodes end where they would end in the new tree, and if
   * the item before it is the one it had before, with which it was checked when it was written. (That also keeps the right edge from becoming a
   * tree of its own, which could have a level too many: there was something before it, and there is still.)
   */
  #mayReuse(level: number, isEnd: boolean): boolean {
    const { lastKey } = this.builder
    // The right edge ends because the tree does, and only there.
    if (this.#cursor.isLast && !isEnd) return false
    const sameBefore = lastKey === undefined || this.#passed === undefined ? lastKey === this.#passed : equalBytes(lastKey, this.#passed)
    return sameBefore && this.builder.acceptsSubtree(level)
  }

  #pass(key: Uint8Array): void {
    this.#passed = key
    this.#cursor.next()
  }
}
