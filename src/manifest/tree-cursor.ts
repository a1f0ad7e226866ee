import { equalBytes } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import type { TreeItem, ValueCodec } from './interface.ts'
import { loadChild, loadRoot } from './load-node.ts'
import { lowerBound, type Pairing, type TreeLink, type TreeNode } from './node.ts'

interface Frame<V> {
  readonly node: TreeNode<V>
  /** Last key in front of the node, undefined if it is the first. */
  readonly before: Uint8Array | undefined
  index: number
}

/**
 * A place in a tree, in key order: before an item, or before a subtree that has not been read. Whoever holds it chooses at each subtree
 * whether to read it (`enter`) or to pass over it (`next`), which is what makes lookups, edits and differences cheap.
 */
export class TreeCursor<V> {
  readonly #source: BlockSource
  readonly #codec: ValueCodec<V>
  /** From the root down to the node that holds the current item or link. */
  readonly #frames: Frame<V>[] = []

  private constructor(source: BlockSource, codec: ValueCodec<V>) {
    this.#source = source
    this.#codec = codec
  }

  /** Before the first child of the root; reads the root alone. `null` is a tree without items. */
  static async open<V>(source: BlockSource, codec: ValueCodec<V>, root: CID | null, pairing?: Pairing<V>): Promise<TreeCursor<V>> {
    const cursor = new TreeCursor(source, codec)
    if (root !== null) cursor.#push(await loadRoot(source, codec, root, pairing), undefined)
    return cursor
  }

  /** The item that is next, if no subtree is. */
  get item(): TreeItem<V> | undefined {
    const frame = this.#frames.at(-1)
    return frame?.node.kind === 'leaf' ? frame.node.items[frame.index] : undefined
  }

  /** The subtree that is next, if no item is. */
  get link(): TreeLink | undefined {
    const frame = this.#frames.at(-1)
    return frame?.node.kind === 'inner' ? frame.node.links[frame.index] : undefined
  }

  /** The node that holds what is next. */
  get node(): TreeNode<V> | undefined {
    return this.#frames.at(-1)?.node
  }

  /** Level of the top node of the subtree that is next; -1 before an item, -2 at the end. */
  get level(): number {
    return (this.#frames.at(-1)?.node.level ?? -1) - 1
  }

  get done(): boolean {
    return this.#frames.length === 0
  }

  /** Whether what is next is the last of its level, so that its end need not be one by the boundary rule. */
  get isLast(): boolean {
    return this.#frames.every(({ node, index }) => index === childCount(node) - 1)
  }

  /** Passes over the item or subtree that is next. */
  next(): void {
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      frame.index++
      if (frame.index < childCount(frame.node)) return
      this.#frames.pop()
    }
  }

  /**
   * Passes both cursors over all that is next in both, as long as it lies in two nodes that are held already: the same links, or items with the same
   * keys and values. Without it a comparison would look at every item through several calls.
   */
  static passShared<V>(a: TreeCursor<V>, b: TreeCursor<V>): void {
    const left = a.#frames.at(-1)
    const right = b.#frames.at(-1)
    if (left === undefined || right === undefined || left.node.level !== right.node.level) return
    const shared = left.node.kind === 'leaf' && right.node.kind === 'leaf'
      ? sharedItems(left.node.items, left.index, right.node.items, right.index, a.#codec)
      : left.node.kind === 'inner' && right.node.kind === 'inner' ? sharedLinks(left.node.links, left.index, right.node.links, right.index) : 0
    if (shared === 0) return
    // One short of the target, because `next` may have to leave the node for the one above.
    left.index += shared - 1
    right.index += shared - 1
    a.next()
    b.next()
  }

  /** Reads the top node of the subtree that is next, and stands before its first child. Nothing happens before an item. */
  async enter(pairing?: Pairing<V>): Promise<void> {
    const frame = this.#frames.at(-1)
    if (frame?.node.kind !== 'inner') return
    const link = frame.node.links[frame.index]
    if (link === undefined) return
    const before = frame.node.links[frame.index - 1]?.key ?? frame.before
    this.#push(await loadChild(this.#source, this.#codec, link, frame.node.level - 1, before, pairing), before)
  }

  /** Moves forward to the first item whose key is not less than `key`, reading one node a level. A promise is to be waited for; there is none if no node had to be read. */
  seek(key: Uint8Array): Promise<void> | undefined {
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      const children = frame.node.kind === 'leaf' ? frame.node.items : frame.node.links
      // One short of the target, because `next` may have to leave this node for the one above.
      frame.index = Math.max(frame.index, lowerBound(children, key)) - 1
      this.next()
      if (this.#frames.at(-1) !== frame) continue
      return frame.node.kind === 'leaf' ? undefined : this.enter().then(() => this.seek(key))
    }
    return undefined
  }

  /** Whether this very subtree comes later in a node that has been read already. */
  hasAhead(link: TreeLink, level: number): boolean {
    const frame = this.#frames.find(({ node }) => node.level === level + 1)
    if (frame?.node.kind !== 'inner') return false
    const index = lowerBound(frame.node.links, link.key)
    const found = frame.node.links[index]
    return index > frame.index && found !== undefined && isSameLink(found, link)
  }

  #push(node: TreeNode<V>, before: Uint8Array | undefined): void {
    // Only the empty tree has a node without children; it is at its end from the start.
    if (childCount(node) > 0) this.#frames.push({ node, before, index: 0 })
  }
}

function sharedItems<V>(a: readonly TreeItem<V>[], aStart: number, b: readonly TreeItem<V>[], bStart: number, codec: ValueCodec<V>): number {
  let shared = 0
  for (;; shared++) {
    const left = a[aStart + shared]
    const right = b[bStart + shared]
    if (left === undefined || right === undefined || (left !== right && !(equalBytes(left.key, right.key) && codec.equals(left.value, right.value)))) return shared
  }
}

function sharedLinks(a: readonly TreeLink[], aStart: number, b: readonly TreeLink[], bStart: number): number {
  let shared = 0
  for (;; shared++) {
    const left = a[aStart + shared]
    const right = b[bStart + shared]
    if (left === undefined || right === undefined || (left !== right && !isSameLink(left, right))) return shared
  }
}

/** Whether two links say the same of the same node. Where they do not, one of them is wrong, which whoever reads the node finds out: a node that is passed over must not hide it. */
export function isSameLink(a: TreeLink, b: TreeLink): boolean {
  return a.cid.equals(b.cid) && a.count === b.count && equalBytes(a.key, b.key)
}

function childCount(node: TreeNode<unknown>): number {
  return node.kind === 'leaf' ? node.items.length : node.links.length
}
