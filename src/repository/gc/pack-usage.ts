import { toHex } from '../../bytes.ts'
import { DIGEST_SIZE_BYTES } from '../../cid/cid.ts'
import { Pause } from '../pause.ts'
import type { DigestTable } from '../digest-table.ts'
import { decodeRecord, RECORD_SIZE_BYTES, type IndexedPack } from '../index-format.ts'
import type { BlockLocation, IndexSet } from '../index-set.ts'
import { storedLength } from '../read-block.ts'

/** What a pack holds, block headers included in the bytes. */
export interface PackUsage {
  readonly pack: IndexedPack
  /** Blocks that something leads to and that no other pack was counted for. */
  liveBlocks: number
  liveBytes: number
  /** Blocks that nothing leads to, and further copies of blocks that are live elsewhere. */
  deadBlocks: number
  deadBytes: number
  /** True if some block of it is live, be it counted here or elsewhere. */
  holdsLive: boolean
}

/** A record of an index and the digest it is for; the digest is a view. */
export interface IndexedBlock {
  readonly digest: Uint8Array
  readonly location: BlockLocation
}

/** All records of all index files, in no particular order. */
export async function* indexedBlocks(indexes: IndexSet, signal?: AbortSignal): AsyncGenerator<IndexedBlock> {
  const pause = new Pause(signal)
  for (const file of indexes.files) {
    const { packs } = file
    for await (const page of file.pages()) {
      await pause.take()
      for (let at = 0; at < page.length; at += RECORD_SIZE_BYTES) {
        const record = decodeRecord(page, at)
        const pack = packs[record.pack]
        if (pack !== undefined) yield { digest: page.subarray(at, at + DIGEST_SIZE_BYTES), location: { ...record, pack } }
      }
    }
  }
}

/** How much of each pack is live, by the hex of its id. */
export async function measurePacks(indexes: IndexSet, live: DigestTable, signal?: AbortSignal): Promise<Map<string, PackUsage>> {
  const usage = new Map<string, PackUsage>()
  for (const pack of indexes.packs) usage.set(toHex(pack.id), { pack, liveBlocks: 0, liveBytes: 0, deadBlocks: 0, deadBytes: 0, holdsLive: false })
  const counted = new Uint8Array(live.count)
  for await (const { digest, location } of indexedBlocks(indexes, signal)) {
    const use = usage.get(toHex(location.pack.id))
    if (use === undefined) continue
    const row = live.rowOf(digest)
    if (row >= 0) use.holdsLive = true
    if (row >= 0 && counted[row] === 0) {
      counted[row] = 1
      use.liveBlocks++
      use.liveBytes += storedLength(location)
    } else {
      use.deadBlocks++
      use.deadBytes += storedLength(location)
    }
  }
  return usage
}
