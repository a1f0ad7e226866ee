import { listenTo } from './deadline.ts'

/** Lets so many through at a time. Who waits is served in the order of coming. */
export class Limiter {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(places: number) {
    this.#free = places
  }

  /**
   * Resolves when there is a place; it is given back by calling what it resolves to, once.
   * @throws the signal's reason if it is aborted before there is one
   */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      // The place goes from hand to hand, so that nobody who comes later gets in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onTurn = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(onTurn), 1)
        reject(signal?.reason as Error)
      }
      this.#waiting.push(onTurn)
      if (signal !== undefined) listenTo(signal, onAbort)
    })
  }
}
