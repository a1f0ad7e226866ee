const PRIME_1 = 0x9e3779b1
const PRIME_2 = 0x85ebca77
const PRIME_3 = 0xc2b2ae3d
const PRIME_4 = 0x27d4eb2f
const PRIME_5 = 0x165667b1

/**
 * XXH32 of `bytes`, an integer from 0 to 2^32 - 1. Not cryptographic: it only decides where nodes of a tree end.
 *
 * Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, "XXH32 Algorithm Description"; the step numbers are its own.
 */
export function xxh32(bytes: Uint8Array, seed: number): number {
  const length = bytes.length
  let offset = 0
  let hash: number
  if (length >= 16) {
    // Steps 1–3: four accumulators, one for each 4-byte lane of a 16-byte stripe.
    let lane1 = (seed + PRIME_1 + PRIME_2) | 0
    let lane2 = (seed + PRIME_2) | 0
    let lane3 = seed | 0
    let lane4 = (seed - PRIME_1) | 0
    for (const last = length - 16; offset <= last; offset += 16) {
      lane1 = round(lane1, readU32(bytes, offset))
      lane2 = round(lane2, readU32(bytes, offset + 4))
      lane3 = round(lane3, readU32(bytes, offset + 8))
      lane4 = round(lane4, readU32(bytes, offset + 12))
    }
    hash = (rotateLeft(lane1, 1) + rotateLeft(lane2, 7) + rotateLeft(lane3, 12) + rotateLeft(lane4, 18)) | 0
  } else {
    hash = (seed + PRIME_5) | 0
  }
  // Step 4: the length.
  hash = (hash + length) | 0
  // Step 5: what is left, by fours and then by ones.
  for (; offset + 4 <= length; offset += 4) {
    hash = Math.imul(rotateLeft((hash + Math.imul(readU32(bytes, offset), PRIME_3)) | 0, 17), PRIME_4)
  }
  for (; offset < length; offset++) {
    hash = Math.imul(rotateLeft((hash + Math.imul(bytes[offset] as number, PRIME_5)) | 0, 11), PRIME_1)
  }
  // Step 6: the final mix.
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return (hash ^ (hash >>> 16)) >>> 0
}

function round(accumulator: number, lane: number): number {
  return Math.imul(rotateLeft((accumulator + Math.imul(lane, PRIME_2)) | 0, 13), PRIME_1)
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

/** Little-endian; as a signed number, which is all that the arithmetic above needs. */
function readU32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] as number) | ((bytes[offset + 1] as number) << 8) | ((bytes[offset + 2] as number) << 16) | ((bytes[offset + 3] as number) << 24)
}
