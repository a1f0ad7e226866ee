import type { CID } from '../../cid/cid.ts'
import { decodeCbor } from '../../codec/dag-cbor.ts'
import type { BlockRequest, ReadResult } from '../../repository/block-reader.ts'
import { Pause } from '../../repository/pause.ts'
import { linksOf } from '../../repository/reachable.ts'
import { Frontier } from './frontier.ts'
import { type Rank, rankedLinks, RECORD_RANK } from './ranks.ts'

/** Where blocks are read, many at a time, each checked against its CID. */
export interface ManyBlocks {
  readMany(requests: Iterable<BlockRequest>): AsyncIterable<ReadResult>
}

/** A block that the one has and the other lacks, and is no file content. */
export interface NewBlock {
  readonly cid: CID
  readonly bytes: Uint8Array
  /** File content that it links to and the other lacks too. */
  readonly chunks: readonly CID[]
}

/** What the other side has. */
export interface CommonBlocks {
  /** Blocks that are there with all that they lead to; they are not looked into. */
  readonly whole: Iterable<CID>
  /** Manifests, whole too, that what is new may resemble: they are walked beside it. */
  readonly bases: Iterable<CID>
  /** Which of some blocks that are above all trees are there with all that they lead to, where that is not known beforehand. Asked for many at a time. */
  readonly wholeOf?: (cids: readonly CID[]) => Promise<readonly CID[]>
  /** Where bases can be read: whichever side is near. What cannot be read there is not compared with. */
  readonly near: ManyBlocks
}

export interface NewBlocksOptions {
  /** A block of the source whose links are not followed: what they lead to is known to be gone, or is to be left there. */
  readonly ends?: (cid: CID, bytes: Uint8Array) => boolean
  readonly signal?: AbortSignal | undefined
}

/** Blocks that are read together. */
const BATCH_BLOCKS = 256

/**
 * What is reachable from `wants` and not from what both have, each block once. Both sides are walked from the top, and what both have is passed over unread at the same rank, so that a small change
 * to a large dataset costs what changed. Memory: some 40 bytes for each new block.
 *
 * @param wants blocks of the source, with all that they lead to
 * @throws what reading a block of the source throws
 */
export async function* newBlocks(source: ManyBlocks, wants: Iterable<CID>, common: CommonBlocks, options: NewBlocksOptions = {}): AsyncGenerator<NewBlock, void, undefined> {
  const known = new Frontier()
  const fresh = new Frontier()
  const pause = new Pause(options.signal)
  for (const cid of common.whole) known.mark(cid)
  for (const cid of common.bases) known.add(cid, RECORD_RANK)
  for (const cid of wants) fresh.add(cid, RECORD_RANK)
  for (let rank = fresh.highest; rank !== undefined; rank = fresh.highest) {
    await expandKnown(known, fresh, rank, common.near, pause)
    const taken = fresh.take(rank, BATCH_BLOCKS).filter((cid) => !known.has(cid))
    if (rank === RECORD_RANK) for (const cid of (await common.wholeOf?.(taken)) ?? []) known.mark(cid)
    const batch = taken.filter((cid) => !known.has(cid))
    for await (const result of source.readMany(batch.map((cid) => ({ cid })))) {
      await pause.take()
      if ('error' in result) throw result.error
      const { cid, bytes } = result
      if (options.ends?.(cid, bytes) === true) {
        yield { cid, bytes, chunks: [] }
        // What was dropped is the data; the history stays.
        for (const parent of parentsOf(bytes)) if (!known.has(parent)) fresh.add(parent, RECORD_RANK)
        continue
      }
      const { chunks, blocks } = rankedLinks(decodeCbor(bytes), rank)
      yield { cid, bytes, chunks: chunks.filter((chunk) => !known.has(chunk) && fresh.mark(chunk)) }
      for (const link of blocks) {
        // Marked too, so that what both have is not looked into from the other side.
        if (known.has(link.cid)) fresh.mark(link.cid)
        else fresh.add(link.cid, link.rank)
      }
    }
  }
}

/** Reads what the other side has down to `rank`, but for what is wanted at that rank too: that is shared, with all below it. */
async function expandKnown(known: Frontier, fresh: Frontier, rank: Rank, near: ManyBlocks, pause: Pause): Promise<void> {
  for (let highest = known.highest; highest !== undefined && highest >= rank; highest = known.highest) {
    const batch = known.take(highest, BATCH_BLOCKS).filter((cid) => !fresh.has(cid))
    for await (const result of near.readMany(batch.map((cid) => ({ cid })))) {
      await pause.take()
      if ('error' in result) continue
      const { chunks, blocks } = rankedLinks(decodeCbor(result.bytes), highest)
      for (const link of blocks) known.add(link.cid, link.rank)
      for (const chunk of chunks) known.mark(chunk)
    }
  }
}

/** The predecessors, if the block is a snapshot. */
function parentsOf(bytes: Uint8Array): readonly CID[] {
  const value = decodeCbor(bytes) as { readonly type?: unknown; readonly parents?: unknown } | null
  return value?.type === 'snapshot' ? [...linksOf(value.parents)] : []
}
