import type { Hasher, Platform } from '../cid/interface.ts'
import type { Storage } from '../storage/interface.ts'
import type { IndexedPack } from './index-format.ts'
import { type OpenDelta, type PackedBlock, readPack } from './pack-reader.ts'

/** Reads and hashes all blocks of packs. What it may not do is to find a sound block damaged, or the other way round. */
export interface PackScanner {
  /** The packs in the order given, each with its blocks as `readPack` has them, and its errors. Blocks must be read to their end before the next pack is asked for. */
  scan(packs: readonly IndexedPack[], openDelta: (pack: IndexedPack) => OpenDelta): AsyncGenerator<{ readonly pack: IndexedPack; readonly blocks: AsyncIterable<PackedBlock> }>
}

/** One pack after the other, through any storage. */
export function sequentialScanner(storage: Pick<Storage, 'get'>, platform: Platform, hasher: Hasher): PackScanner {
  return {
    async *scan(packs, openDelta) {
      for (const pack of packs) yield { pack, blocks: readPack(storage, platform, hasher, pack, openDelta(pack)) }
    },
  }
}
