import { type CID, DAG_CBOR_CODE } from '../../cid/cid.ts'
import { linksOf } from '../../repository/reachable.ts'

/**
 * How far above the data a block is. Two trees that share nodes are walked side by side, the highest rank first, so that what both have is met at the same time and passed over: a node
 * of a tree has the rank of its level, and what stands for a whole tree has one above all levels.
 */
export type Rank = number

/** Snapshots, runs and whatever else is no tree. */
export const RECORD_RANK: Rank = 400
/** A tree of whose levels nothing is known yet. */
const TREE_RANK: Rank = 300
const TREE_LEVELS: Rank = 200
/** The list of a large file's chunks, likewise. */
const LIST_RANK: Rank = 100
const LIST_LEVELS: Rank = 0

/** What a block links to: file content, and other blocks with their ranks. */
export interface RankedLinks {
  readonly chunks: readonly CID[]
  readonly blocks: readonly { readonly cid: CID; readonly rank: Rank }[]
}

/** The links of a decoded block that was met at `rank`. */
export function rankedLinks(value: unknown, rank: Rank): RankedLinks {
  const below = rankBelow(value, rank)
  const chunks: CID[] = []
  const blocks: { cid: CID; rank: Rank }[] = []
  for (const cid of linksOf(value)) {
    if (cid.code === DAG_CBOR_CODE) blocks.push({ cid, rank: below })
    else chunks.push(cid)
  }
  return { chunks, blocks }
}

/** Nodes of trees and of lists are arrays that begin with their level; a leaf of a tree links to lists. Everything else is a map. */
function rankBelow(value: unknown, rank: Rank): Rank {
  const level: unknown = Array.isArray(value) ? value[0] : undefined
  if (typeof level !== 'number' || !Number.isSafeInteger(level) || level < 0 || level >= LIST_RANK) return (value as { type?: unknown } | null)?.type === 'manifest' ? TREE_RANK : RECORD_RANK
  if (rank <= LIST_RANK) return LIST_LEVELS + level - 1
  return level === 0 ? LIST_RANK : TREE_LEVELS + level - 1
}
