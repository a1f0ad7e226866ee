import { forEachCopy } from '../../codec/delta-apply.ts'
import { MAX_CHAIN, MIN_DELTA_SIZE_BYTES } from '../delta-writer.ts'

/**
 * What it costs to read a block, in the time that unpacking one byte of a block which stands by itself takes. Made up of what is unpacked, deltas undone and the hash in
 * the end; `bench/micro/delta.mjs` shows the ratios.
 */
const UNDO_COST = 0.4
const HASH_COST = 0.3
/** Of what is allowed; the rest is for what the reckoning leaves out. */
const USED_SHARE = 0.93
/** Copies that are spread wider than this over a base are strays, and the blocks that lie between bear the rest. */
const MAX_SPREAD = 4
/** What unpacking a delta costs, without the hash, and what it needs. */
export interface DeltaCost {
  readonly unpack: number
  /** Bytes that are copied out of each base. */
  readonly copied: readonly number[]
}

export interface BaseCost {
  readonly size: number
  readonly unpack: number
}

/**
 * A base is needed by several blocks of a file and unpacked for all of them, so that each bears the part of it that its copies span. The instructions must have been
 * applied once.
 */
export function costOfDelta(size: number, instructions: Uint8Array, bases: readonly BaseCost[]): DeltaCost {
  const starts = bases.map((_, index) => bases.slice(0, index).reduce((sum, base) => sum + base.size, 0))
  const spans = bases.map(() => ({ from: Number.POSITIVE_INFINITY, to: 0, copied: 0 }))
  forEachCopy(instructions, (from, length) => {
    for (const [index, span] of spans.entries()) {
      const start = starts[index] ?? 0
      const first = Math.max(from, start)
      const last = Math.min(from + length, start + (bases[index]?.size ?? 0))
      if (first >= last) continue
      span.from = Math.min(span.from, first)
      span.to = Math.max(span.to, last)
      span.copied += last - first
    }
  })
  let unpack = size * UNDO_COST + instructions.length
  for (const [index, { from, to, copied }] of spans.entries()) {
    const base = bases[index]
    if (base !== undefined && copied > 0) unpack += (base.unpack * Math.min(to - from, copied * MAX_SPREAD)) / base.size
  }
  return { unpack, copied: spans.map(({ copied }) => copied) }
}

/** What reading may cost. */
export class ReadBound {
  readonly maxDepth: number
  readonly #ratio: number

  /** `times`: what reading a block may cost, in what it would cost if it stood by itself. */
  constructor(times: number) {
    this.#ratio = Math.max(1, times * USED_SHARE)
    this.maxDepth = Math.min(MAX_CHAIN, Math.ceil(times * 2.5))
  }

  allows(size: number, unpack: number): boolean {
    return unpack + size * HASH_COST <= size * (1 + HASH_COST) * this.#ratio
  }

  /** True if another delta may be made against a block that costs so much. */
  allowsBase({ size, unpack }: BaseCost, depth: number): boolean {
    return size >= MIN_DELTA_SIZE_BYTES && depth < this.maxDepth && this.allows(size, unpack + size * UNDO_COST)
  }
}
