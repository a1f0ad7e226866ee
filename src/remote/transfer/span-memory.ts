import type { Loan } from '../../repository/pack-stream.ts'
import { MAX_SPAN_SIZE_BYTES } from '../../repository/read-ahead.ts'

/** Less is read into fresh memory: what it costs is little, and it is small enough to be kept by whoever borrows it. */
const REUSED_FROM_BYTES: number = 256 * 1024

/** Memory that spans are read into, one after the other: to have fresh memory for each, and the garbage collector free it, costs as much as hashing what is read. */
export class SpanMemoryPool {
  readonly #free: Uint8Array[] = []

  /** Memory for a span of so many bytes. */
  take(bytes: number): SpanMemory {
    if (bytes < REUSED_FROM_BYTES || bytes > MAX_SPAN_SIZE_BYTES) return new SpanMemory(undefined, () => undefined)
    const memory = this.#free.pop() ?? new Uint8Array(MAX_SPAN_SIZE_BYTES)
    return new SpanMemory(memory, () => this.#free.push(memory))
  }
}

/** What one span is read into, until whoever read it and all who borrowed from it have given it back. If it is never given back, the garbage collector has it. */
export class SpanMemory implements Loan {
  /** Undefined where it is not worth the trouble. */
  readonly memory: Uint8Array | undefined
  readonly #onFree: () => void
  #readers = 1

  constructor(memory: Uint8Array | undefined, onFree: () => void) {
    this.memory = memory
    this.#onFree = onFree
  }

  lend(): void {
    this.#readers++
  }

  giveBack(): void {
    this.#readers--
    if (this.#readers === 0) this.#onFree()
  }
}
