import type { Hasher, Platform } from '../cid/interface.ts'
import { compressBlock, PLAIN_CODEC, type CompressionMode, type EncodedBlock } from '../codec/block-compression.ts'
import { checkOf } from './pack-format.ts'

/** A block as it will stand in a pack. */
export interface PackableBlock extends EncodedBlock {
  /** First 4 bytes of the hash of the payload, as a number. */
  readonly check: number
}

/** The stored form of a block with this digest. The payload may be a view of `bytes`. */
export function encodeBlock(platform: Platform, hasher: Hasher, digest: Uint8Array, bytes: Uint8Array, mode: CompressionMode): PackableBlock {
  return packable(hasher, digest, compressBlock(platform, bytes, mode))
}

/** An encoded block with its check: a plain one is its own payload, and hashed already. */
export function packable(hasher: Hasher, digest: Uint8Array, { codec, payload }: EncodedBlock): PackableBlock {
  return { codec, payload, check: checkOf(codec === PLAIN_CODEC ? digest : hasher.digest(payload)) }
}
