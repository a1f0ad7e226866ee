import { SIGNAL_EXIT_CODES, type ExitSignal } from './exit-codes.ts'

/**
 * Ctrl-C, SIGTERM and a terminal that is closed, while long work is under way. The first ends the work at its next safe point, the second ends the process, unless somebody has it end something else first.
 * Verbs that are soon done do without, and die of the signal as any program does.
 */
export class Interruption {
  /** What the user is told becomes of the work. */
  outcome = ''
  #signalName: ExitSignal | undefined
  readonly #controller = new AbortController()
  #second: AbortController | undefined
  #watching = false

  /** The signal that came, if one did. */
  get signalName(): ExitSignal | undefined {
    return this.#signalName
  }

  /** Aborted by the first signal that comes while it is watched for. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Aborted by the second signal, which then does not end the process; the third does. */
  watchSecond(): AbortSignal {
    this.#second ??= new AbortController()
    return this.#second.signal
  }

  /** Begins to watch. @returns what the work must heed */
  watch(outcome: string): AbortSignal {
    this.outcome = outcome
    if (!this.#watching) {
      this.#watching = true
      for (const name of Object.keys(SIGNAL_EXIT_CODES) as ExitSignal[]) process.on(name, () => this.#receive(name))
    }
    return this.#controller.signal
  }

  #receive(name: ExitSignal): void {
    if (this.#signalName === undefined) {
      this.#signalName = name
      this.#controller.abort()
    } else if (this.#second?.signal.aborted === false) this.#second.abort()
    else process.exit(SIGNAL_EXIT_CODES[name])
  }
}
