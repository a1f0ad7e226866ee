import { compareBytes, toHex } from '../bytes.ts'
import { type CID, DAG_CBOR_CODE } from '../cid/cid.ts'
import type { BlockSink } from '../codec/interface.ts'
import { InvalidArgumentError } from '../errors.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import { endsNode, LINK_WEIGHT_BYTES } from './boundary.ts'
import type { TreeItem, ValueCodec } from './interface.ts'
import { encodeInner, encodeLeaf, MAX_KEY_LENGTH_BYTES, MAX_TREE_HEIGHT, type TreeLink } from './node.ts'

/** A tree that has been written. */
export interface BuiltTree {
  readonly root: CID
  /** Items in the whole tree. */
  readonly count: number
}

/** The node that is being filled on one level above the leaves. */
interface OpenNode {
  links: TreeLink[]
  weight: number
  /** Links that this level has had in all, those of its closed nodes included. */
  received: number
}

/**
 * Builds a tree from items in key order. Equal items give an equal root, however the calls are mixed. Holds one open node a level.
 *
 * Where `add` or `addSubtree` answers with a promise, it must have settled before the next call.
 *
 * @example
 * const builder = new TreeBuilder(sink, codec)
 * for (const { key, value } of items) await builder.add(key, value)
 * const { root } = await builder.finish()
 */
export class TreeBuilder<V> {
  readonly #sink: BlockSink
  readonly #codec: ValueCodec<V>
  readonly #levels: OpenNode[] = []
  #items: TreeItem<V>[] = []
  #itemsWeight = 0
  #lastKey: Uint8Array | undefined
  #count = 0

  constructor(sink: BlockSink, codec: ValueCodec<V>) {
    this.#sink = sink
    this.#codec = codec
  }

  /** The key that was added last, itself or as the end of a subtree. */
  get lastKey(): Uint8Array | undefined {
    return this.#lastKey
  }

  /**
   * Adds an item. The key is kept and must not change afterwards. Asynchronous only when a node is complete and the sink is.
   * @throws InvalidArgumentError if the key does not come after the last one, is empty or is longer than 4,096 bytes; and what the codec throws
   */
  add(key: Uint8Array, value: V): MaybePromise<void> {
    if (key.length === 0 || key.length > MAX_KEY_LENGTH_BYTES) {
      throw new InvalidArgumentError(`A key must have 1 to ${MAX_KEY_LENGTH_BYTES} bytes, not ${key.length}`, { data: { key: toHex(key) } })
    }
    this.#codec.checkKey?.(key)
    this.#assertNext(key)
    if (this.#lastKey !== undefined) this.#codec.checkNeighbours?.(this.#lastKey, key)
    this.#lastKey = key
    this.#count++
    this.#items.push({ key, value })
    const weight = key.length + this.#codec.weigh(value)
    this.#itemsWeight += weight
    return endsNode(0, key, weight, this.#itemsWeight) ? this.#closeLeaf() : undefined
  }

  /** Whether a subtree whose top node is on `level` may come next: every node up to that level has just ended. */
  acceptsSubtree(level: number): boolean {
    if (this.#items.length > 0) return false
    for (let below = 1; below <= level; below++) {
      if ((this.#levels[below - 1]?.links.length ?? 0) > 0) return false
    }
    return true
  }

  /**
   * Adds all items below a stored node, unread. The caller vouches that the node is canonical, that it ends where the boundary rule says, or that
   * nothing is added after it and something was before it, and that its first key may stand behind `lastKey`.
   * @param level of the node that the link leads to; `acceptsSubtree(level)` must hold
   */
  addSubtree(level: number, link: TreeLink): MaybePromise<void> {
    if (!this.acceptsSubtree(level)) throw new InvalidArgumentError(`A subtree of level ${level} cannot begin inside a node`)
    this.#assertNext(link.key)
    this.#lastKey = link.key
    this.#count += link.count
    return this.#addLink(level + 1, link)
  }

  /** Writes the nodes that are still open. The builder must not be used afterwards. */
  async finish(): Promise<BuiltTree> {
    if (this.#count === 0) return { root: await this.#put(encodeLeaf([], this.#codec)), count: 0 }
    if (this.#items.length > 0) await this.#closeLeaf()
    for (let level = 1; ; level++) {
      const open = this.#open(level)
      const only = open.links[0]
      const isTop = level === this.#levels.length
      if (isTop && open.received === 1 && only !== undefined) return { root: only.cid, count: this.#count }
      if (open.links.length > 0) await this.#closeInner(level)
    }
  }

  #assertNext(key: Uint8Array): void {
    if (this.#lastKey !== undefined && compareBytes(key, this.#lastKey) <= 0) {
      throw new InvalidArgumentError(`Keys must rise: ${toHex(key)} does not come after ${toHex(this.#lastKey)}`, { data: { key: toHex(key), previous: toHex(this.#lastKey) } })
    }
  }

  #addLink(level: number, link: TreeLink): MaybePromise<void> {
    const open = this.#open(level)
    const weight = link.key.length + LINK_WEIGHT_BYTES
    open.links.push(link)
    open.received++
    open.weight += weight
    return endsNode(level, link.key, weight, open.weight) ? this.#closeInner(level) : undefined
  }

  #closeLeaf(): MaybePromise<void> {
    const items = this.#items
    this.#items = []
    this.#itemsWeight = 0
    return this.#write(1, items, items.length, encodeLeaf(items, this.#codec))
  }

  #closeInner(level: number): MaybePromise<void> {
    const open = this.#open(level)
    const links = open.links
    open.links = []
    open.weight = 0
    let count = 0
    for (const link of links) count += link.count
    return this.#write(level + 1, links, count, encodeInner(level, links))
  }

  #write(parentLevel: number, children: readonly { readonly key: Uint8Array }[], count: number, bytes: Uint8Array): MaybePromise<void> {
    const key = (children.at(-1) as { readonly key: Uint8Array }).key
    const cid = this.#put(bytes)
    return isPromise(cid) ? cid.then((cid) => this.#addLink(parentLevel, { key, cid, count })) : this.#addLink(parentLevel, { key, cid, count })
  }

  #put(bytes: Uint8Array): MaybePromise<CID> {
    return this.#sink.put(DAG_CBOR_CODE, bytes)
  }

  #open(level: number): OpenNode {
    // The level above the root has one link, the root's own, and no node: hence `>` and not `>=`.
    if (level > MAX_TREE_HEIGHT) throw new InvalidArgumentError(`The tree would be higher than ${MAX_TREE_HEIGHT} levels`)
    while (this.#levels.length < level) this.#levels.push({ links: [], weight: 0, received: 0 })
    return this.#levels[level - 1] as OpenNode
  }
}
