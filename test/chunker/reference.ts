import { md5 } from '@noble/hashes/legacy.js'
import type { ChunkerProfile } from '../../src/chunker/interface.ts'

/** The gear table by its definition. */
export function gearByDefinition(): BigUint64Array {
  return BigUint64Array.from({ length: 256 }, (_, byte) => {
    const digest = md5(new Uint8Array(64).fill(byte))
    return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0)
  })
}

/** Length of the first chunk and the rolling hash there (undefined if no hash made the cut), word for word as FORMAT.md, section 2, has it. */
export function referenceCut(profile: ChunkerProfile, gear: BigUint64Array, bytes: Uint8Array): { length: number; hash: bigint | undefined } {
  const { minSizeBytes, averageSizeBytes, maxSizeBytes, maskSmall, maskLarge } = profile
  const n = bytes.length
  if (n <= minSizeBytes) return { length: n, hash: undefined }
  const end = Math.min(n, maxSizeBytes)
  const center = Math.min(n, averageSizeBytes)
  let hash = 0n
  for (let index = minSizeBytes; index < end - (end % 2); index++) {
    hash = BigInt.asUintN(64, hash * 2n + (gear[bytes[index] as number] as bigint))
    const mask = index < center - (center % 2) ? maskSmall : maskLarge
    if ((hash & mask) === 0n) return { length: index, hash }
  }
  return { length: end, hash: undefined }
}

export function referenceLengths(profile: ChunkerProfile, gear: BigUint64Array, bytes: Uint8Array): number[] {
  const lengths: number[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const { length } = referenceCut(profile, gear, bytes.subarray(offset))
    lengths.push(length)
    offset += length
  }
  return lengths.length === 0 ? [0] : lengths
}
