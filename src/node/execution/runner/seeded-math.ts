import { chacha8Random, labelledKey, type Random } from '../../../recipe/random.ts'

/** The label of what `Math.random` gives (FORMAT.md, section 11). */
const LABEL = 'Math.random'

/** Takes the place of `Math.random` in this thread: decided by the seed, and counted. Worker threads have their own. */
export class SeededMath {
  #random: Random
  #calls = 0
  readonly #seed: string
  readonly #step: string

  constructor(seed: string, step: string) {
    this.#seed = seed
    this.#step = step
    this.#random = chacha8Random(labelledKey(seed, step, LABEL))
    Math.random = () => {
      this.#calls++
      return this.#random.nextFloat()
    }
  }

  /** Begins the stream of a unit, so that it does not matter what was done before it. */
  beginUnit(name: string): void {
    this.#random = chacha8Random(labelledKey(this.#seed, this.#step, LABEL, name))
  }

  /** The number of calls since this was last asked. */
  takeCalls(): number {
    const calls = this.#calls
    this.#calls = 0
    return calls
  }
}
