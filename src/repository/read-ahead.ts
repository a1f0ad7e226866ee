import type { CID } from '../cid/cid.ts'
import type { BlockLocation } from './index-set.ts'
import { storedLength } from './read-block.ts'

/** Blocks that lie close together in one pack and are fetched by one read. */
export interface Span {
  readonly pack: BlockLocation['pack']
  readonly start: number
  readonly end: number
  readonly wanted: readonly { readonly cid: CID; readonly location: BlockLocation }[]
}

/** The most that is read for a span, and that its blocks have as plain bytes. */
export const MAX_SPAN_SIZE_BYTES: number = 4 * 1024 * 1024
/** Reading this much for nothing is cheaper than another request. */
const MAX_GAP_SIZE_BYTES: number = 64 * 1024
const MAX_SPAN_BLOCKS = 4096

/** Groups wanted blocks, in the order in which they are wanted, into spans. */
export class SpanPlanner {
  #wanted: { cid: CID; location: BlockLocation }[] = []
  #start = 0
  #end = 0
  #plainBytes = 0

  /** Takes a block; returns the span before it if the block does not belong to that. */
  add(cid: CID, location: BlockLocation): Span | undefined {
    const start = location.offset
    const end = start + storedLength(location)
    const last = this.#wanted.at(-1)
    const near = last !== undefined && last.location.pack === location.pack && start >= this.#end && start - this.#end <= MAX_GAP_SIZE_BYTES
    const fits = end - this.#start <= MAX_SPAN_SIZE_BYTES && this.#plainBytes + location.size <= MAX_SPAN_SIZE_BYTES && this.#wanted.length < MAX_SPAN_BLOCKS
    const closed = near && fits ? undefined : this.finish()
    if (this.#wanted.length === 0) this.#start = start
    this.#end = end
    this.#plainBytes += location.size
    this.#wanted.push({ cid, location })
    return closed
  }

  /** The span under way, if any. */
  finish(): Span | undefined {
    const first = this.#wanted[0]
    if (first === undefined) return undefined
    const span = { pack: first.location.pack, start: this.#start, end: this.#end, wanted: this.#wanted }
    this.#wanted = []
    this.#plainBytes = 0
    return span
  }
}
