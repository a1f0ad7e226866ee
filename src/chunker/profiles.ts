import { InvalidArgumentError } from '../errors.ts'
import type { ChunkerProfile } from './interface.ts'

const KIB = 1024
const MIB: number = 1024 * KIB
/** Bits by which the masks lie above and below that of the average size: level 2, as in the Remote Execution API. */
const NORMALISATION_LEVEL = 2
/** Width of the rolling hash's memory in bytes; a cut nearer to the start would not depend on a full window. */
const SMALLEST_MIN_SIZE_BYTES = 64
const LARGEST_MAX_SIZE_BYTES: number = 16 * MIB

/**
 * Mask of each number of bits; the bits are spread, which the paper found to deduplicate better. Published figures: 6 to 17 bits from the
 * authors' implementation (https://github.com/fomy/destor, `src/chunking/fascdc_chunking.c`), the rest from restic-FastCDC, both as listed in
 * https://github.com/nlfiedler/fastcdc-rs (`src/v2020/mod.rs`, MASKS), without the two that only level 3 uses.
 */
const MASKS: ReadonlyMap<number, bigint> = new Map([
  [6, 0x0000000001803110n],
  [7, 0x0000000018035100n],
  [8, 0x0000001800035300n],
  [9, 0x0000019000353000n],
  [10, 0x0000590003530000n],
  [11, 0x0000d90003530000n],
  [12, 0x0000d90103530000n],
  [13, 0x0000d90303530000n],
  [14, 0x0000d90313530000n],
  [15, 0x0000d90f03530000n],
  [16, 0x0000d90303537000n],
  [17, 0x0000d90703537000n],
  [18, 0x0000d90707537000n],
  [19, 0x0000d91707537000n],
  [20, 0x0000d91747537000n],
  [21, 0x0000d91767537000n],
  [22, 0x0000d93767537000n],
  [23, 0x0000d93777537000n],
  [24, 0x0000d93777577000n],
])

/** Chunk sizes of a profile, in bytes. */
export type ChunkSizes = Pick<ChunkerProfile, 'minSizeBytes' | 'averageSizeBytes' | 'maxSizeBytes'>

/**
 * A profile of FastCDC 2020 with normalisation level 2. Sizes that published implementations round differently are refused, so that a profile
 * means the same cuts everywhere: the minimum must be even, the average a power of two.
 *
 * @example
 * const profile = fastcdcProfile({ minSizeBytes: 4096, averageSizeBytes: 16384, maxSizeBytes: 65535 })
 * @throws InvalidArgumentError unless 64 <= minimum <= average <= maximum <= 16 MiB and the average is 256 bytes to 4 MiB
 */
export function fastcdcProfile(sizes: ChunkSizes): ChunkerProfile {
  const { minSizeBytes, averageSizeBytes, maxSizeBytes } = sizes
  const bits = Math.log2(averageSizeBytes)
  const maskSmall = MASKS.get(bits + NORMALISATION_LEVEL)
  const maskLarge = MASKS.get(bits - NORMALISATION_LEVEL)
  const ordered = minSizeBytes >= SMALLEST_MIN_SIZE_BYTES && minSizeBytes <= averageSizeBytes && averageSizeBytes <= maxSizeBytes && maxSizeBytes <= LARGEST_MAX_SIZE_BYTES
  if (!ordered || minSizeBytes % 2 !== 0 || !Number.isInteger(maxSizeBytes) || maskSmall === undefined || maskLarge === undefined) {
    throw new InvalidArgumentError(`Chunk sizes ${minSizeBytes}, ${averageSizeBytes}, ${maxSizeBytes} make no FastCDC profile`, {
      data: { ...sizes },
      hint: 'Use an even minimum of at least 64, a power of two from 256 to 4194304 as the average, and a maximum of at most 16777216.',
    })
  }
  const name = `fastcdc2020-${sizeText(minSizeBytes)}-${sizeText(averageSizeBytes)}-${sizeText(maxSizeBytes)}`
  return Object.freeze({ name, minSizeBytes, averageSizeBytes, maxSizeBytes, maskSmall, maskLarge })
}

function sizeText(bytes: number): string {
  if (bytes % MIB === 0) return `${bytes / MIB}M`
  return bytes % KIB === 0 ? `${bytes / KIB}K` : `${bytes}`
}

/** The profile of every repository of format 1: `fastcdc2020-64K-256K-1M` (FORMAT.md, section 2). */
export const DEFAULT_PROFILE: ChunkerProfile = /* @__PURE__ */ fastcdcProfile({ minSizeBytes: 64 * KIB, averageSizeBytes: 256 * KIB, maxSizeBytes: MIB })
