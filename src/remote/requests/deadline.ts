import { setMaxListeners } from 'node:events'

/** What is left for a request that moves, but hardly: no connection that is of use is slower. */
const SLOWEST_BYTES_PER_MS = 16
const ALLOWANCE_MS = 60_000
/** The longest that a timer takes. */
const LONGEST_TIMER_MS: number = 2 ** 31 - 1

/**
 * The end of one attempt: `signal` is aborted with the caller's reason when the caller's signal is, or when the time for the bytes that are to be moved is over. A peer that
 * sends a byte now and then would otherwise never be idle and never done.
 */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #allowanceMs: number
  readonly #began: number = performance.now()
  #timer: NodeJS.Timeout | undefined
  #isOver: boolean = false
  readonly #onAbort: () => void = () => this.#controller.abort(this.#outer?.reason)

  constructor(outer: AbortSignal | undefined, bytes: number, allowanceMs: number = ALLOWANCE_MS) {
    this.#outer = outer
    this.#allowanceMs = allowanceMs
    if (outer?.aborted === true) this.#onAbort()
    else if (outer !== undefined) listenTo(outer, this.#onAbort)
    this.allow(bytes)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** True if the time was over before the attempt was. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Counted from the beginning, the time for moving so many bytes. */
  allow(bytes: number): void {
    clearTimeout(this.#timer)
    const left = this.#began + this.#allowanceMs + bytes / SLOWEST_BYTES_PER_MS - performance.now()
    this.#timer = setTimeout(() => {
      this.#isOver = true
      this.#controller.abort(new Error('The time for this request is over'))
    }, Math.min(LONGEST_TIMER_MS, Math.max(0, left)))
  }

  /** Must be called when the attempt ends. */
  end(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#onAbort)
  }
}

/** Many requests wait for one signal, which Node would take for a leak. */
export function listenTo(signal: AbortSignal, onAbort: () => void): void {
  setMaxListeners(0, signal)
  signal.addEventListener('abort', onAbort, { once: true })
}
