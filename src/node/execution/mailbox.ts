import { asRunnerMessage, type FromRunner } from './protocol.ts'
import type { Death } from './runner.ts'

/** What a runner has said and nobody has heard yet. */
export class Mailbox {
  readonly #messages: FromRunner[] = []
  #wake = (): void => {}

  /** Anything else than a runner's message is passed by: code that runs there may send its own. */
  put(value: unknown): void {
    const message = asRunnerMessage(value)
    if (message === undefined) return
    this.#messages.push(message)
    this.#wake()
  }

  /** The next message, or the death once there is none left. One caller at a time. */
  async next(death: Promise<Death>): Promise<FromRunner | Death> {
    const spoken = new Promise<undefined>((resolve) => {
      this.#wake = () => resolve(undefined)
      if (this.#messages.length > 0) resolve(undefined)
    })
    const ended = await Promise.race([spoken, death])
    return this.#messages.shift() ?? ended ?? death
  }
}
