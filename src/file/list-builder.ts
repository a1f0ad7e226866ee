import { type BlockCode, DAG_CBOR_CODE, RAW_CODE } from '../cid/cid.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { InvalidArgumentError } from '../errors.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import { assertCanonicalNode, closesNode } from './boundary.ts'
import { encodeListNode, isLeaf, maxLeafSize, readListNode } from './list-node.ts'
import type { ListLink, ListNode, ListOptions } from './interface.ts'

/**
 * Builds a list tree from its leaves, one after another (FORMAT.md, section 3). Holds the open node of each level, at most 4,096 links each, and
 * writes a node as soon as its end is known. Answers without a promise as long as the sink does. Serves one tree.
 *
 * @example
 * const builder = new ListBuilder(sink)
 * for (const chunk of chunks) await builder.push({ cid: await sink.put(RAW_CODE, chunk), size: chunk.length })
 * const { cid, size } = await builder.finish()
 */
export class ListBuilder {
  readonly #sink: BlockSink
  readonly #leafCode: BlockCode
  /** Links of the open node of each level, level 1 first. The last is never empty. */
  #levels: ListLink[][] = []
  #holdsEmptyChunk = false

  constructor(sink: BlockSink, options: ListOptions = {}) {
    this.#sink = sink
    this.#leafCode = options.leafCode ?? RAW_CODE
  }

  /**
   * A builder that goes on where a finished tree ends. Reads the last node of each level, and writes none.
   * @throws MalformedDataError if one of these is malformed or not canonical
   */
  static async resume(source: BlockSource, sink: BlockSink, root: ListLink, options: ListOptions = {}): Promise<ListBuilder> {
    const builder = new ListBuilder(sink, options)
    if (isLeaf(root, builder.#leafCode)) await builder.push(root)
    else builder.#levels = reopen(root, await rightEdge(source, root, builder.#leafCode))
    return builder
  }

  /**
   * Adds the next leaf. If it returns a promise, that must be awaited before anything else is called.
   * @throws InvalidArgumentError for a leaf of another codec or size than the list's, or a chunk of 0 bytes that is not the only one
   */
  push(link: ListLink): MaybePromise<void> {
    const { cid, size } = link
    const emptyChunk = size === 0 && this.#leafCode === RAW_CODE && this.#levels.length === 0
    const sized = Number.isInteger(size) && size > 0 && size <= maxLeafSize(this.#leafCode)
    if (cid.code !== this.#leafCode || this.#holdsEmptyChunk || !(sized || emptyChunk)) {
      throw new InvalidArgumentError(`${cid.toString()} with size ${size} cannot be a leaf of this list`, {
        data: { cid: cid.toString(), size },
        hint: 'Link raw chunks of 1 byte to 1 MiB, or one empty chunk alone; with leafCode dag-cbor, blocks of size 1.',
      })
    }
    this.#holdsEmptyChunk = emptyChunk
    return this.#add(0, link)
  }

  /**
   * Writes the nodes that are still open and returns the root: a list of one leaf is that leaf.
   * @throws InvalidArgumentError if nothing was pushed
   */
  finish(): MaybePromise<ListLink> {
    if (this.#levels.length === 0) throw new InvalidArgumentError('A list needs at least one leaf', { hint: 'Empty content has one chunk of 0 bytes.' })
    return this.#finishFrom(0)
  }

  #finishFrom(lowest: number): MaybePromise<ListLink> {
    for (let index = lowest; ; index++) {
      const [first, ...more] = this.#levels[index] as ListLink[]
      if (first === undefined) continue
      if (more.length === 0 && index === this.#levels.length - 1) return first
      const closed = this.#close(index)
      if (isPromise(closed)) return closed.then(() => this.#finishFrom(index + 1))
    }
  }

  #add(index: number, link: ListLink): MaybePromise<void> {
    const links = (this.#levels[index] ??= [])
    links.push(link)
    return closesNode(links.length, link) ? this.#close(index) : undefined
  }

  #close(index: number): MaybePromise<void> {
    const links = this.#levels[index] as ListLink[]
    this.#levels[index] = []
    let size = 0
    for (const link of links) size += link.size
    const cid = this.#sink.put(DAG_CBOR_CODE, encodeListNode({ level: index + 1, links }))
    return isPromise(cid) ? cid.then((known) => this.#add(index + 1, { cid: known, size })) : this.#add(index + 1, { cid, size })
  }
}

/** The last node of each level, the top first. */
async function rightEdge(source: BlockSource, root: ListLink, leafCode: BlockCode): Promise<ListNode[]> {
  const nodes: ListNode[] = []
  let link: ListLink | undefined = root
  for (let level: number | undefined; level !== 0 && link !== undefined; ) {
    const node: ListNode = await readListNode(source, link, level, leafCode)
    assertCanonicalNode(node, true)
    nodes.push(node)
    link = node.links.at(-1)
    level = node.level - 1
  }
  return nodes
}

/**
 * The open links of each level, level 1 first, as they were before the end of the content closed them. A node that the rule had closed stays as
 * it is; so does every other node but those above one that is open again.
 */
function reopen(root: ListLink, edge: readonly ListNode[]): ListLink[][] {
  let open = false
  const levels = edge.toReversed().map(({ links }) => {
    const kept = open ? links.slice(0, -1) : [...links]
    open ||= !closesNode(links.length, links.at(-1) as ListLink)
    return open ? kept : []
  })
  return open ? levels : [...levels, [root]]
}
