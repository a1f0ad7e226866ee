/** After the signal, how long nothing may be answered before all is over. */
const QUIET_MS = 1500
/** After the signal, how long work may go on that is still being answered. */
const TOTAL_MS = 5000
/** What removing a lease may take beyond that, if the other side was heard since the signal. */
const FAREWELL_MS = 1000

/**
 * The time between a signal that ends work and the moment at which no call on a storage is waited for any more: long enough to commit what was stored if the other side answers, and short if it
 * does not.
 */
export class LastWords {
  /** Ends the work. */
  readonly signal: AbortSignal
  readonly #over = new AbortController()
  #began: number | undefined
  #wasHeard = false
  #hasEnded = false
  #timer: NodeJS.Timeout | undefined
  readonly #onSignal: () => void = () => {
    this.#began = performance.now()
    this.#wait()
  }

  constructor(signal: AbortSignal) {
    this.signal = signal
    if (signal.aborted) this.#onSignal()
    else signal.addEventListener('abort', this.#onSignal, { once: true })
  }

  /** Aborted, with the signal's reason, when no call is waited for any more. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** To be told of every answer of the other side. */
  heard(): void {
    if (this.#began === undefined || this.#hasEnded || this.#over.signal.aborted) return
    this.#wasHeard = true
    this.#wait()
  }

  /** What a call that begins now must heed, if it removes something and is short. Once all is over it has a second of its own, unless the other side is silent. */
  farewell(): AbortSignal {
    return this.over.aborted && this.#wasHeard ? AbortSignal.timeout(FAREWELL_MS) : this.over
  }

  /** To be called when the storage is closed. What is heard later keeps no process alive. */
  end(): void {
    this.#hasEnded = true
    clearTimeout(this.#timer)
    this.signal.removeEventListener('abort', this.#onSignal)
  }

  #wait(): void {
    clearTimeout(this.#timer)
    const left = (this.#began ?? 0) + TOTAL_MS - performance.now()
    this.#timer = setTimeout(() => this.#over.abort(this.signal.reason), Math.max(0, Math.min(QUIET_MS, left)))
  }
}
