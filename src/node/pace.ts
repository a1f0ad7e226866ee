import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long synchronous work goes on before timers, signals and other tasks get their turn. */
const STRETCH_MS = 50

/** Breaks up long synchronous work. */
export class Pace {
  readonly #signal: AbortSignal | undefined
  readonly #onPause: () => void
  #since: number = performance.now()

  /** @param onPause called at each pause, so that progress is told at the same pace */
  constructor(signal: AbortSignal | undefined, onPause: () => void) {
    this.#signal = signal
    this.#onPause = onPause
  }

  /**
   * To be called often. A promise, now and then, must be waited for.
   * @throws the signal's reason if it is aborted
   */
  pause(): Promise<void> | undefined {
    this.#signal?.throwIfAborted()
    return performance.now() - this.#since < STRETCH_MS ? undefined : this.#rest()
  }

  async #rest(): Promise<void> {
    this.#onPause()
    await nextTurn()
    this.#since = performance.now()
    this.#signal?.throwIfAborted()
  }
}
