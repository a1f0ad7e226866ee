import { RAW_CODE } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { InvalidArgumentError, MalformedDataError } from '../errors.ts'
import { assertCanonicalNode } from './boundary.ts'
import { isLeaf, maxLeafSize, readListNode } from './list-node.ts'
import type { ContentRange, ListChunk, ListLink, ListOptions, ListReadOptions } from './interface.ts'

interface PendingNode {
  readonly link: ListLink
  /** Undefined for the top node, which says so itself. */
  readonly level: number | undefined
  readonly offset: number
  readonly lastOfLevel: boolean
}

/**
 * The chunks of some content in order, each with its offset. Reads only nodes that overlap the range, one at a time, and holds at most 4,096
 * links a level. Levels, sizes and codecs are checked on the way; that nodes end where they must is left to `verifyList`.
 *
 * @example
 * for await (const { cid, offset } of listChunks(source, { cid, size }, { range: { start: 1000, end: 2000 } })) read(cid, offset)
 * @throws InvalidArgumentError for a range that is not made of two integers with 0 <= start <= end
 * @throws MalformedDataError for a list that breaks the format; what `source` throws
 */
export function listChunks(source: BlockSource, root: ListLink, options: ListReadOptions = {}): AsyncGenerator<ListChunk, void, undefined> {
  return walk(source, root, options, false)
}

/**
 * Checks every rule of a list tree, and returns its chunks in order. Complete once the iteration has ended: the tree is then the one that building
 * it from these chunks gives. The chunks themselves are not read.
 *
 * With `seen`, a node that was checked before, in the same place of a tree, is passed over with its chunks: equal links can make a few nodes
 * stand for a list without end.
 *
 * @throws MalformedDataError for a list that breaks the format; what `source` throws
 */
export function verifyList(source: BlockSource, root: ListLink, options: ListOptions & { readonly seen?: Set<string> } = {}): AsyncGenerator<ListChunk, void, undefined> {
  return walk(source, root, options, true)
}

async function* walk(source: BlockSource, root: ListLink, options: ListReadOptions & { readonly seen?: Set<string> }, strict: boolean): AsyncGenerator<ListChunk, void, undefined> {
  const { leafCode = RAW_CODE, range, seen } = options
  const { start, end } = range === undefined ? { start: 0, end: root.size } : checkedRange(range)
  if (isLeaf(root, leafCode)) {
    if (root.size > maxLeafSize(leafCode)) throw new MalformedDataError(`Chunk ${root.cid.toString()} of ${root.size} bytes is larger than any chunk may be`, { data: { cid: root.cid.toString() } })
    if (range === undefined || (start < end && start < root.size)) yield { cid: root.cid, size: root.size, offset: 0 }
    return
  }
  const pending: PendingNode[] = [{ link: root, level: undefined, offset: 0, lastOfLevel: true }]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (seen !== undefined) {
      const place = `${at.link.cid.toString()} ${at.link.size} ${at.level ?? 'top'} ${at.lastOfLevel}`
      if (seen.has(place)) continue
      seen.add(place)
    }
    const node = await readListNode(source, at.link, at.level, leafCode)
    if (strict) assertCanonicalNode(node, at.lastOfLevel)
    const below: PendingNode[] = []
    const final = node.links.length - 1
    let offset = at.offset
    for (const [index, link] of node.links.entries()) {
      const next = offset + link.size
      if (start < end && offset < end && next > start) {
        if (node.level === 1) yield { cid: link.cid, size: link.size, offset }
        else below.push({ link, level: node.level - 1, offset, lastOfLevel: at.lastOfLevel && index === final })
      }
      offset = next
    }
    pending.push(...below.toReversed())
  }
}

function checkedRange({ start, end }: ContentRange): ContentRange {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new InvalidArgumentError(`Bytes ${start} to ${end} are not a range`, { data: { start, end }, hint: 'Give two integers with 0 <= start <= end.' })
  }
  return { start, end }
}
