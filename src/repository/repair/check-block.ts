import { equalBytes } from '../../bytes.ts'
import type { Hasher, Platform } from '../../cid/interface.ts'
import { decompressBlock, DELTA_CODEC, PLAIN_CODEC } from '../../codec/block-compression.ts'
import { MalformedDataError } from '../../errors.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader, checkOf, decodeBlockHeader } from '../pack-format.ts'

/**
 * How a block stands in its pack.
 * - `sound`: as it was written.
 * - `delta`: as it was written, and made from other blocks; whether those are there is another question.
 * - `rescuable`: its bytes are right, though what stands around them is not; `plain` has them.
 * - `damaged`: its bytes cannot be had from here.
 */
export type BlockState =
  | { readonly state: 'sound' | 'delta' }
  | { readonly state: 'rescuable'; readonly plain: Uint8Array }
  | { readonly state: 'damaged'; readonly reason: string }

/**
 * Looks at a block as it was read from a pack, header first. `expected` is what the trailer, or the header itself, says of it.
 * @throws UnsupportedFormatError for a block whose payload is as it was written, in a codec that this version does not know
 */
export function checkBlock(platform: Platform, hasher: Hasher, expected: BlockHeader, stored: Uint8Array): BlockState {
  const payload = stored.subarray(BLOCK_HEADER_SIZE_BYTES)
  const payloadDigest = hasher.digest(payload)
  const found = decodeBlockHeader(stored, 0)
  const isAsWritten = found !== undefined && sameHeader(found, expected) && checkOf(payloadDigest) === expected.check
  if (expected.codec === DELTA_CODEC) return isAsWritten ? { state: 'delta' } : { state: 'damaged', reason: 'its header or payload was altered' }
  try {
    const plain = decompressBlock(platform, expected.codec, payload, expected.size)
    const digest = expected.codec === PLAIN_CODEC ? payloadDigest : hasher.digest(plain)
    if (!equalBytes(digest, expected.digest)) return { state: 'damaged', reason: 'its bytes do not hash to its CID' }
    return isAsWritten ? { state: 'sound' } : { state: 'rescuable', plain }
  } catch (error) {
    // A codec number that is damage itself is not one of a newer version.
    if (error instanceof MalformedDataError || !isAsWritten) return { state: 'damaged', reason: 'it cannot be decompressed' }
    throw error
  }
}

function sameHeader(a: BlockHeader, b: BlockHeader): boolean {
  return a.codec === b.codec && a.code === b.code && a.storedSize === b.storedSize && a.size === b.size && a.check === b.check && equalBytes(a.digest, b.digest)
}
