/** Bits per byte above which data does not shrink: CSV has 4.7, float32 7.3, JPEG 7.95. */
const INCOMPRESSIBLE_BITS = 7.2
const PROBE_PIECES = 16
const PROBE_PIECE_SIZE_BYTES = 256

/** Kept between calls: a fresh table for each block costs more than filling it. */
const counts = new Uint32Array(256)
/** n log2 n of each count. */
let weighted: Float64Array | undefined

/** True if a compressor would most likely be wasted on these bytes: 4 KiB are looked at, whatever the size. */
export function isLikelyIncompressible(bytes: Uint8Array): boolean {
  return sampledEntropyBits(bytes) > INCOMPRESSIBLE_BITS
}

/** Shannon entropy of evenly spread samples, in bits per byte. */
function sampledEntropyBits(bytes: Uint8Array): number {
  counts.fill(0)
  let total = 0
  const wanted = PROBE_PIECES * PROBE_PIECE_SIZE_BYTES
  const stride = bytes.length <= wanted ? PROBE_PIECE_SIZE_BYTES : Math.floor((bytes.length - PROBE_PIECE_SIZE_BYTES) / (PROBE_PIECES - 1))
  for (let start = 0, piece = 0; start < bytes.length && piece < PROBE_PIECES; start += stride, piece++) {
    const end = Math.min(bytes.length, start + PROBE_PIECE_SIZE_BYTES)
    for (let index = start; index < end; index++) counts[bytes[index] as number] = (counts[bytes[index] as number] as number) + 1
    total += end - start
  }
  if (total === 0) return 0
  const logs = (weighted ??= Float64Array.from({ length: PROBE_PIECES * PROBE_PIECE_SIZE_BYTES + 1 }, (_, count) => (count === 0 ? 0 : count * Math.log2(count))))
  let sum = 0
  for (let byte = 0; byte < counts.length; byte++) sum += logs[counts[byte] as number] as number
  return Math.log2(total) - sum / total
}
