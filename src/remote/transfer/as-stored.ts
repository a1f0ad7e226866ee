import { type CID, RAW_CODE } from '../../cid/cid.ts'
import type { Hasher, Platform } from '../../cid/interface.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import { CorruptBlockError } from '../../errors.ts'
import { packable } from '../../repository/encode-block.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES, decodeBlockHeader } from '../../repository/pack-format.ts'
import { openStoredBlock } from '../../repository/read-block.ts'

/**
 * True if header and payload of a chunk, as they were read, may stand in another pack just so: the chunk hashes to its name, is no delta, and its header says what one that is written now would say. The check in it
 * is nothing that readers look at, and would be damage for `verify` of the repository that it goes to.
 */
export function isSoundAsStored(platform: Platform, hasher: Hasher, cid: CID, location: BlockLocation, stored: Uint8Array): boolean {
  if (location.codec === DELTA_CODEC) return false
  try {
    openStoredBlock(platform, hasher, cid, location, stored)
  } catch (error) {
    if (error instanceof CorruptBlockError) return false
    throw error
  }
  const header = decodeBlockHeader(stored, 0)
  // A file may hold the very bytes of a tree node, and then be stored as one.
  return header?.code === RAW_CODE && header.check === packable(hasher, cid.multihash.digest, { codec: location.codec, payload: stored.subarray(BLOCK_HEADER_SIZE_BYTES) }).check
}
