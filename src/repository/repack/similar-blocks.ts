import { gearTable } from '../../chunker/gear.ts'

/** A block is known by the windows of 32 bytes whose hash begins with so many zeros: one in 4 KiB, wherever they are, and the same ones in every block that has them. */
const SAMPLE_MASK = 0xfff00000 | 0
const WINDOW_BYTES = 32
/** Enough to know a block of the average size by; larger ones are known by the first so many. */
const MAX_FEATURES = 192
/** Blocks that are remembered for one feature: the first, and the last few. */
const WAYS = 4
const MIN_BITS = 10
/** 2^20 buckets of 4 places of 8 bytes: 32 MiB. What was looked at longest ago is forgotten when 16 GiB of content have gone by. */
const MAX_BITS = 20
const SPREAD = 0x9e3779b1
const EMPTY = -1

/**
 * Finds blocks that have content in common, wherever in them it is: each is sampled where the content itself says so (U. Manber, "Finding Similar Files in a Large File
 * System", USENIX Winter 1994; A. Broder, "On the resemblance and containment of documents", 1997). Samples at a fixed rate, and not a fixed number of them as
 * in super-features (P. Shilane et al., FAST '12), since a block may be like a part of several others.
 */
export class SimilarBlocks {
  readonly #tags: Uint32Array
  readonly #rows: Int32Array
  readonly #shift: number
  readonly #gear: Int32Array = Int32Array.from(gearTable(), (entry) => Number(BigInt.asIntN(32, entry)))

  /** `bytes`: of all content that will be looked at, as far as that is known. */
  constructor(bytes: number) {
    const bits = Math.min(MAX_BITS, Math.max(MIN_BITS, Math.ceil(Math.log2(bytes / 4096 / 2 + 1))))
    this.#shift = 32 - bits
    this.#tags = new Uint32Array(2 ** bits * WAYS)
    this.#rows = new Int32Array(2 ** bits * WAYS).fill(EMPTY)
  }

  /** What a block is known by: at some 600 MB/s. */
  features(bytes: Uint8Array): readonly number[] {
    const found = new Set<number>()
    const gear = this.#gear
    let hash = 0
    for (let at = 0; at < bytes.length; at++) {
      hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
      if ((hash & SAMPLE_MASK) !== 0 || at < WINDOW_BYTES) continue
      found.add(windowHash(bytes, at + 1 - WINDOW_BYTES))
      if (found.size === MAX_FEATURES) break
    }
    return [...found]
  }

  /** Enters a block under its number, which is larger than any before. */
  add(row: number, features: readonly number[]): void {
    for (const feature of features) {
      const bucket = this.#bucket(feature)
      let place = bucket
      while (place < bucket + WAYS && this.#rows[place] !== EMPTY) place++
      // The first to have it stays: it is the one that stands by itself, as a rule.
      if (place === bucket + WAYS) place = bucket + 1 + (row % (WAYS - 1))
      this.#tags[place] = feature
      this.#rows[place] = row
    }
  }

  /** The blocks that share features, and which. */
  sharing(features: readonly number[]): Map<number, readonly number[]> {
    const found = new Map<number, number[]>()
    for (const feature of features) {
      const bucket = this.#bucket(feature)
      for (let place = bucket; place < bucket + WAYS; place++) {
        const row = this.#rows[place] as number
        if (row === EMPTY || this.#tags[place] !== feature) continue
        const shared = found.get(row)
        if (shared === undefined) found.set(row, [feature])
        else if (shared.at(-1) !== feature) shared.push(feature)
      }
    }
    return found
  }

  #bucket(feature: number): number {
    return (Math.imul(feature, SPREAD) >>> this.#shift) * WAYS
  }
}

/** FNV-1a. */
function windowHash(bytes: Uint8Array, start: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < start + WINDOW_BYTES; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  return hash >>> 0
}
