import { equalBytes } from '../bytes.ts'
import type { Effort, Platform } from '../cid/interface.ts'
import { MalformedDataError, StorageError, UnsupportedFormatError } from '../errors.ts'
import { isLikelyIncompressible } from './entropy-probe.ts'

/** Storage codecs of blocks in packs (FORMAT.md, section 7). 2, brotli, is reserved. */
export const PLAIN_CODEC = 0
const DEFLATE_CODEC = 1
const ZSTD_CODEC = 3
/** Its payload names other blocks, so that it cannot be opened here (`repository/delta-reader.ts`). */
export const DELTA_CODEC = 4

/** `auto` compresses what is likely to shrink, fast; `max` tries everything, however long it takes; `none` stores every block plain. */
export type CompressionMode = 'auto' | 'none' | 'max'

export const COMPRESSION_MODES: readonly CompressionMode[] = ['auto', 'none', 'max']

/** A block in the form in which a pack holds it. */
export interface EncodedBlock {
  readonly codec: number
  readonly payload: Uint8Array
}

/** Below this a block cannot win back the cost of inflating it. */
const MIN_COMPRESSED_SIZE_BYTES = 256
/** A block must shrink to this part of its size, else it is kept plain and reads at full speed. */
const WORTHWHILE_RATIO: Record<Effort, number> = { fast: 0.9, best: 0.98 }

/**
 * The form in which a block is stored. What was compressed is decompressed again and compared before it is used, so that a fault of the
 * compressor shows here and not when the data is needed.
 *
 * @throws StorageError if the compressor does not give the block back
 */
export function compressBlock(platform: Platform, bytes: Uint8Array, mode: CompressionMode): EncodedBlock {
  const plain = { codec: PLAIN_CODEC, payload: bytes }
  if (mode === 'none' || bytes.length < MIN_COMPRESSED_SIZE_BYTES) return plain
  if (mode === 'auto' && isLikelyIncompressible(bytes)) return plain
  const effort = mode === 'max' ? 'best' : 'fast'
  const encoded = squeeze(platform, bytes, effort)
  return encoded.payload.length > bytes.length * WORTHWHILE_RATIO[effort] ? plain : encoded
}

/**
 * The bytes compressed with the better codec that this platform writes, whether that pays or not.
 * @throws StorageError if the compressor does not give them back
 */
export function squeeze(platform: Platform, bytes: Uint8Array, effort: Effort): EncodedBlock {
  const encoded = platform.zstd === undefined ? { codec: DEFLATE_CODEC, payload: platform.deflate(bytes, effort) } : { codec: ZSTD_CODEC, payload: platform.zstd(bytes, effort) }
  if (!equalBytes(decompressBlock(platform, encoded.codec, encoded.payload, bytes.length), bytes)) {
    throw new StorageError('The compressor returned data that does not decompress to its input', { hint: 'Check this machine’s memory; --compression none avoids the compressor.' })
  }
  return encoded
}

/**
 * Plain bytes of a stored block, which may be a view of the payload. The caller checks their hash.
 * @throws MalformedDataError if the payload is damaged
 * @throws UnsupportedFormatError for a codec that this version does not know
 */
export function decompressBlock(platform: Platform, codec: number, payload: Uint8Array, size: number): Uint8Array {
  if (codec === PLAIN_CODEC) {
    if (payload.length !== size) throw new MalformedDataError(`A plain block has ${payload.length} bytes instead of ${size}`)
    return payload
  }
  if (codec !== DEFLATE_CODEC && codec !== ZSTD_CODEC) {
    throw new UnsupportedFormatError(`Storage codec ${codec} is not known to this version of varve`, { data: { codec } })
  }
  try {
    return codec === DEFLATE_CODEC ? platform.inflate(payload, size) : platform.unzstd(payload, size)
  } catch (cause) {
    throw cause instanceof MalformedDataError ? cause : new MalformedDataError('A compressed block cannot be decompressed', { cause, data: { codec } })
  }
}
