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
const SPREAD = 0x9e3779b1
const MIX = 0x2c9277b5

/**
 * Finds what a block has in common with a source: at some 350 MB/s for one candidate where most of it is (tables of 2.7 MB whose versions differ a
 * little everywhere). Tables are kept for the next call.
 */
export class DeltaEncoder {
  #heads: Int32Array = new Int32Array(0)
  #next: Int32Array = new Int32Array(0)
  readonly #script = new DeltaScript()
  #joined: Uint8Array = new Uint8Array(0)

  /** Sources one after the other, as one: a view of memory that the next call uses again, since fresh memory for each block costs as much as to search it. */
  joined(sources: readonly Uint8Array[]): Uint8Array {
    const size = sources.reduce((sum, { length }) => sum + length, 0)
    if (this.#joined.length < size) this.#joined = new Uint8Array(Math.max(size, this.#joined.length * 2))
    let end = 0
    for (const source of sources) {
      this.#joined.set(source, end)
      end += source.length
    }
    return this.#joined.subarray(0, size)
  }

  encode(target: Uint8Array, source: Uint8Array, candidates: DeltaCandidates = 1): EncodedDelta {
    const script = this.#script
    script.begin(target)
    const to = new DataView(target.buffer, target.byteOffset, target.length)
    const from = new DataView(source.buffer, source.byteOffset, source.length)
    const shift = this.#index(from)
    const last = target.length - BLOCK_SIZE_BYTES
    const lastWord = source.length - 4
    const heads = this.#heads
    const next = this.#next
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
      let candidate = length < BLOCK_SIZE_BYTES ? (heads[hashAt(to, at) >>> shift] as number) : 0
      for (let tries = candidates; candidate > 0 && tries > 0; tries--) {
        const place = (candidate - 1) * BLOCK_SIZE_BYTES
        if (from.getInt32(place, true) === word) {
          const placeLength = matchLength(to, at, from, place)
          if (placeLength >= BLOCK_SIZE_BYTES && placeLength > length) [best, length] = [place, placeLength]
        }
        candidate = next[candidate] as number
      }
      if (length < MIN_COPY_SIZE_BYTES) {
        at++
        continue
      }
      let before = 0
      while (at - before > script.produced && best - before > 0 && target[at - before - 1] === source[best - before - 1]) before++
      script.copy(at - before, best - before, length + before)
      at += length
    }
    return { instructions: script.finish(), sourceEnd: script.sourceEnd }
  }

  /** Enters every block of the source, the first of equal ones last. Returns how far a hash is shifted to give its slot. */
  #index(source: DataView): number {
    const blocks = Math.floor(source.byteLength / BLOCK_SIZE_BYTES)
    const bits = Math.max(8, 32 - Math.clz32(blocks))
    if (this.#heads.length < 2 ** bits) this.#heads = new Int32Array(2 ** bits)
    else this.#heads.fill(0, 0, 2 ** bits)
    if (this.#next.length <= blocks) this.#next = new Int32Array(blocks + 1)
    for (let block = blocks; block > 0; block--) {
      const slot = hashAt(source, (block - 1) * BLOCK_SIZE_BYTES) >>> (32 - bits)
      this.#next[block] = this.#heads[slot] as number
      this.#heads[slot] = block
    }
    return 32 - bits
  }
}

/**
 * Of 16 bytes spread over a block. What is equal in all of them has the same hash, which is what matters; a hash that can be rolled on by one byte has to look at
 * each, and most places that it is rolled over lie in a match and are never looked up.
 */
function hashAt(bytes: DataView, at: number): number {
  const first = Math.imul(bytes.getInt32(at, true), MIX) ^ bytes.getInt32(at + 8, true)
  const second = Math.imul(bytes.getInt32(at + 16, true), MIX) ^ bytes.getInt32(at + 28, true)
  return Math.imul(Math.imul(first ^ (first >>> 15), SPREAD) + second, SPREAD)
}

/** Bytes that are equal from `at` and `from` on. */
function matchLength(to: DataView, at: number, source: DataView, from: number): number {
  const limit = Math.min(to.byteLength - at, source.byteLength - from)
  let length = 0
  while (length + 4 <= limit && to.getInt32(at + length, true) === source.getInt32(from + length, true)) length += 4
  while (length < limit && to.getUint8(at + length) === source.getUint8(from + length)) length++
  return length
}
