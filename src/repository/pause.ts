/** How long work goes on before timers and signals get their turn. */
const STRETCH_MS = 50

/**
 * Breaks up long work. Storage may answer without a turn of the event loop, so a loop that only awaits it would be deaf to Ctrl-C.
 */
export class Pause {
  readonly #signal: AbortSignal | undefined
  #since: number = performance.now()

  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  /** To be called often; a promise, now and then, must be awaited. @throws the signal's reason if it is aborted */
  take(): Promise<void> | undefined {
    this.#signal?.throwIfAborted()
    return performance.now() - this.#since < STRETCH_MS ? undefined : this.#rest()
  }

  async #rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      setTimeout(resolve)
    })
    this.#since = performance.now()
    this.#signal?.throwIfAborted()
  }
}

/** The longest that a timer takes, some 24 days. */
const LONGEST_TIMER_MS: number = 2 ** 31 - 1

/** Waits. @throws the signal's reason if it is aborted meanwhile */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  if (ms <= 0) return
  if (ms > LONGEST_TIMER_MS) {
    await sleep(LONGEST_TIMER_MS, signal)
    return sleep(ms - LONGEST_TIMER_MS, signal)
  }
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end, { once: true })
  })
  signal?.throwIfAborted()
}
