import { DeltaScript } from './delta-script.ts'

/** How many places of the source that look alike are compared before the longest match is taken. */
export type DeltaCandidates = 1 | 4

/** Instructions that make a block out of a source, and how far into the source the last copy went. */
export interface EncodedDelta {
  readonly instructions: Uint8Array
  readonly sourceEnd: number
}

/** The source is indexed at every so many bytes; a match shorter than this is found only next to another. */
const BLOCK_SIZE_BYTES = 32
/** A shorter copy says as much as the bytes it stands for. */
const MIN_COPY_SIZE_BYTES = 12
const MULTIPLIER = 0x2c9277b5
const SPREAD = 0x9e3779b1
const POWER_2 = power(MULTIPLIER, 2)
const POWER_3 = power(MULTIPLIER, 3)
const POWER_4 = power(MULTIPLIER, 4)
/** Takes the byte that leaves the window out of the rolling hash. */
const LEAVING = power(MULTIPLIER, BLOCK_SIZE_BYTES)

/**
 * Finds what a block has in common with a source: at some 200 MB/s for one candidate where most of it is (tables of 2.7 MB whose versions differ a
 * little everywhere). Tables are kept for the next call.
 */
export class DeltaEncoder {
  #heads: Int32Array = new Int32Array(0)
  #next: Int32Array = new Int32Array(0)
  readonly #script = new DeltaScript()

  encode(target: Uint8Array, source: Uint8Array, candidates: DeltaCandidates = 1): EncodedDelta {
    const shift = this.#index(source)
    const script = this.#script
    script.begin(target)
    const to = new DataView(target.buffer, target.byteOffset, target.length)
    const from = new DataView(source.buffer, source.byteOffset, source.length)
    const last = target.length - BLOCK_SIZE_BYTES
    const lastWord = source.length - 4
    const heads = this.#heads
    const next = this.#next
    let hash = last >= 0 ? hashAt(target, 0) : 0
    for (let at = 0; at <= last; ) {
      const word = to.getInt32(at, true)
      let best = 0
      let length = 0
      // A table goes on where the last copy ended, or in the same place after a value that changed; only then is it worth searching.
      const { sourceEnd } = script
      if (sourceEnd <= lastWord && from.getInt32(sourceEnd, true) === word) [best, length] = [sourceEnd, matchLength(to, at, from, sourceEnd)]
      const same = at + script.drift
      if (length < BLOCK_SIZE_BYTES && same >= 0 && same <= lastWord && from.getInt32(same, true) === word) {
        const sameLength = matchLength(to, at, from, same)
        if (sameLength > length) [best, length] = [same, sameLength]
      }
      let candidate = length < BLOCK_SIZE_BYTES ? (heads[Math.imul(hash, SPREAD) >>> shift] as number) : 0
      for (let tries = candidates; candidate > 0 && tries > 0; tries--) {
        const place = (candidate - 1) * BLOCK_SIZE_BYTES
        if (from.getInt32(place, true) === word) {
          const placeLength = matchLength(to, at, from, place)
          if (placeLength >= BLOCK_SIZE_BYTES && placeLength > length) [best, length] = [place, placeLength]
        }
        candidate = next[candidate] as number
      }
      if (length < MIN_COPY_SIZE_BYTES) {
        if (at < last) hash = (Math.imul(hash, MULTIPLIER) + (target[at + BLOCK_SIZE_BYTES] as number) - Math.imul(LEAVING, target[at] as number)) | 0
        at++
        continue
      }
      let before = 0
      while (at - before > script.produced && best - before > 0 && target[at - before - 1] === source[best - before - 1]) before++
      script.copy(at - before, best - before, length + before)
      at += length
      if (at <= last) hash = hashAt(target, at)
    }
    return { instructions: script.finish(), sourceEnd: script.sourceEnd }
  }

  /** Enters every block of the source, the first of equal ones last. Returns how far a hash is shifted to give its slot. */
  #index(source: Uint8Array): number {
    const blocks = Math.floor(source.length / BLOCK_SIZE_BYTES)
    const bits = Math.max(8, 32 - Math.clz32(blocks))
    if (this.#heads.length < 2 ** bits) this.#heads = new Int32Array(2 ** bits)
    else this.#heads.fill(0, 0, 2 ** bits)
    if (this.#next.length <= blocks) this.#next = new Int32Array(blocks + 1)
    for (let block = blocks; block > 0; block--) {
      const slot = Math.imul(hashAt(source, (block - 1) * BLOCK_SIZE_BYTES), SPREAD) >>> (32 - bits)
      this.#next[block] = this.#heads[slot] as number
      this.#heads[slot] = block
    }
    return 32 - bits
  }
}

function hashAt(bytes: Uint8Array, at: number): number {
  let hash = 0
  // Four bytes a step, so that each step waits for one multiplication and not for four.
  for (let index = at; index < at + BLOCK_SIZE_BYTES; index += 4) {
    const four = Math.imul(bytes[index] as number, POWER_3) + Math.imul(bytes[index + 1] as number, POWER_2) + Math.imul(bytes[index + 2] as number, MULTIPLIER) + (bytes[index + 3] as number)
    hash = (Math.imul(hash, POWER_4) + four) | 0
  }
  return hash
}

/** Bytes that are equal from `at` and `from` on. */
function matchLength(to: DataView, at: number, source: DataView, from: number): number {
  const limit = Math.min(to.byteLength - at, source.byteLength - from)
  let length = 0
  while (length + 4 <= limit && to.getInt32(at + length, true) === source.getInt32(from + length, true)) length += 4
  while (length < limit && to.getUint8(at + length) === source.getUint8(from + length)) length++
  return length
}

function power(base: number, exponent: number): number {
  let result = 1
  for (let count = 0; count < exponent; count++) result = Math.imul(result, base)
  return result
}
