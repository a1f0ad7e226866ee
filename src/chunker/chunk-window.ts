import { InvalidArgumentError } from '../errors.ts'
import { createCutter } from './create-cutter.ts'
import type { Cutter } from './interface.ts'

/**
 * Cuts content of any length with a fixed amount of memory. The caller reads bytes straight into `space()`, and takes chunks as views of the
 * same memory; nothing is copied but a remainder shorter than one chunk, once for each filling of the window.
 *
 * One content at a time; `reset()` begins the next one without allocating.
 *
 * @example
 * const window = new ChunkWindow()
 * for (let final = false; !final; ) {
 *   const count = readSync(file, window.space())
 *   window.advance(count)
 *   final = count === 0
 *   for (let chunk = window.next(final); chunk !== undefined; chunk = window.next(final)) store(chunk)
 * }
 */
export class ChunkWindow {
  readonly #cutter: Cutter
  /** The bytes that were filled in and not yet handed out are at [start, end). */
  #start = 0
  #end = 0

  constructor(cutter: Cutter = createCutter()) {
    this.#cutter = cutter
  }

  /**
   * Free room to fill from its beginning; never empty. Ends the life of every chunk handed out before.
   * @throws InvalidArgumentError if the window is full because `next` was not called until it returned undefined
   */
  space(): Uint8Array {
    const { memory, profile } = this.#cutter
    // Moving the remainder costs up to one largest chunk, so it is put off until a read would come out smaller than that.
    if (this.#start > 0 && memory.length - this.#end < profile.maxSizeBytes) {
      memory.copyWithin(0, this.#start, this.#end)
      this.#end -= this.#start
      this.#start = 0
    }
    if (this.#end === memory.length) throw new InvalidArgumentError('The chunk window is full', { hint: 'Call next(false) until it returns undefined before asking for space.' })
    return memory.subarray(this.#end)
  }

  /**
   * Says that the first `count` bytes of `space()` have been filled.
   * @throws InvalidArgumentError if there is not that much space
   */
  advance(count: number): void {
    if (!Number.isInteger(count) || count < 0 || count > this.#cutter.memory.length - this.#end) {
      throw new InvalidArgumentError(`Cannot advance the chunk window by ${count} bytes: ${this.#cutter.memory.length - this.#end} are free`)
    }
    this.#end += count
  }

  /**
   * The next chunk, valid until `space()` or `reset()` is called. Undefined if more input is needed to know where it ends; with `final`, which says that
   * all input is in, undefined when everything has been handed out.
   */
  next(final: boolean): Uint8Array | undefined {
    const { memory, profile } = this.#cutter
    const length = this.#end - this.#start
    if (length === 0 || (!final && length < profile.maxSizeBytes)) return undefined
    const start = this.#start
    this.#start += this.#cutter.cut(start, length)
    return memory.subarray(start, this.#start)
  }

  /** Forgets all input, and begins a new content. */
  reset(): void {
    this.#start = 0
    this.#end = 0
  }
}
