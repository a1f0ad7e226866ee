import { equalBytes } from '../bytes.ts'
import type { Platform } from '../cid/interface.ts'
import { MalformedDataError, StorageError, UnsupportedFormatError } from '../errors.ts'

/** Storage codecs of blocks in packs (FORMAT.md, section 7). 2, 3 and 4 are reserved. */
export const PLAIN_CODEC = 0
const DEFLATE_CODEC = 1

/** `auto` compresses what is likely to shrink; `none` stores every block plain. */
export type CompressionMode = 'auto' | 'none'

export interface StoredBlock {
  readonly codec: number
  readonly payload: Uint8Array
}

/** Below this a block cannot win back the cost of inflating it. */
const MIN_COMPRESSED_SIZE_BYTES = 256
/** A block must shrink to this part of its size, else it is kept plain and reads at full speed. */
const WORTHWHILE_RATIO = 0.9
/** Bits per byte above which data does not shrink: CSV has 4.7, float32 7.3, JPEG 7.95. */
const INCOMPRESSIBLE_BITS = 7.2
const PROBE_PIECES = 16
const PROBE_PIECE_SIZE_BYTES = 256

/**
 * The form in which a block is stored. What was compressed is decompressed again and compared before it is used, so that a fault of the
 * compressor shows here and not when the data is needed.
 *
 * @throws StorageError if the compressor does not give the block back
 */
export function compressBlock(platform: Platform, bytes: Uint8Array, mode: CompressionMode): StoredBlock {
  const plain = { codec: PLAIN_CODEC, payload: bytes }
  if (mode === 'none' || bytes.length < MIN_COMPRESSED_SIZE_BYTES || sampledEntropyBits(bytes) > INCOMPRESSIBLE_BITS) return plain
  const payload = platform.deflate(bytes)
  if (payload.length > bytes.length * WORTHWHILE_RATIO) return plain
  if (!equalBytes(platform.inflate(payload, bytes.length), bytes)) {
    throw new StorageError('The compressor returned data that does not decompress to its input', { hint: 'Check this machine’s memory; --compression none avoids the compressor.' })
  }
  return { codec: DEFLATE_CODEC, payload }
}

/**
 * Plain bytes of a stored block, which may be a view of the payload. The caller checks their hash.
 * @throws MalformedDataError if the payload is damaged
 * @throws UnsupportedFormatError for a codec that this version does not know
 */
export function decompressBlock(platform: Platform, codec: number, payload: Uint8Array, size: number): Uint8Array {
  switch (codec) {
    case PLAIN_CODEC:
      if (payload.length !== size) throw new MalformedDataError(`A plain block has ${payload.length} bytes instead of ${size}`)
      return payload
    case DEFLATE_CODEC:
      return platform.inflate(payload, size)
    default:
      throw new UnsupportedFormatError(`Storage codec ${codec} is not known to this version of varve`, { data: { codec } })
  }
}

/** Shannon entropy of evenly spread samples, in bits per byte: 4 KiB are looked at, whatever the size. */
function sampledEntropyBits(bytes: Uint8Array): number {
  const counts = new Uint32Array(256)
  let total = 0
  const wanted = PROBE_PIECES * PROBE_PIECE_SIZE_BYTES
  const stride = bytes.length <= wanted ? PROBE_PIECE_SIZE_BYTES : Math.floor((bytes.length - PROBE_PIECE_SIZE_BYTES) / (PROBE_PIECES - 1))
  for (let start = 0, piece = 0; start < bytes.length && piece < PROBE_PIECES; start += stride, piece++) {
    const end = Math.min(bytes.length, start + PROBE_PIECE_SIZE_BYTES)
    for (let index = start; index < end; index++) counts[bytes[index] as number] = (counts[bytes[index] as number] as number) + 1
    total += end - start
  }
  let bits = 0
  for (const count of counts) if (count > 0) bits -= (count / total) * Math.log2(count / total)
  return bits
}
