import type { BlockRun } from '../../repository/block-run.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import type { Loan } from '../../repository/pack-stream.ts'
import { storedLength } from '../../repository/read-block.ts'
import type { FetchedSpan } from './spans-ahead.ts'

/** Chunks of a span that stand one behind the other, and go over together as they stand. */
export class RunOfChunks {
  readonly #span: FetchedSpan
  #blocks: BlockRun['blocks'][number][] = []
  /** In the pack. */
  #start = 0
  #end = 0

  constructor(span: FetchedSpan) {
    this.#span = span
  }

  /** True if the chunk stands right behind the last one. */
  follows({ offset }: BlockLocation): boolean {
    return this.#blocks.length > 0 && offset === this.#end
  }

  /** Takes a chunk; one that does not follow is the first after `take`. */
  add(location: BlockLocation, digest: Uint8Array): void {
    const { offset, storedSize, size, codec } = location
    if (this.#blocks.length === 0) this.#start = offset
    this.#blocks.push({ digest, offset: offset - this.#start, storedSize, size, codec })
    this.#end = offset + storedLength(location)
  }

  /**
   * The chunks since the last call, if any, as views of the span. They are lent if they are most of it: what borrows a small part of a span would keep all of it in memory.
   */
  take(): { readonly run: BlockRun; readonly loan: Loan | undefined } | undefined {
    const { bytes, start, memory } = this.#span
    if (this.#blocks.length === 0 || bytes === undefined) return undefined
    const run = { bytes: bytes.subarray(this.#start - start, this.#end - start), blocks: this.#blocks }
    this.#blocks = []
    return { run, loan: run.bytes.length * 2 > bytes.length ? memory : undefined }
  }
}
