import { broken } from './conformance-trial.ts'
import type { LendingBody } from './interface.ts'

/** What `LendingBody` allows a storage to keep while it asks for more. */
const MOST_KEPT_BYTES: number = 2 * 1024 * 1024

/** Makes each part in the same memory, as soon as the next one is asked for. */
export async function* refilled(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  const memory = new Uint8Array(Math.max(...parts.map(({ length }) => length)))
  for (const part of parts) {
    memory.fill(0xee)
    memory.set(part)
    yield memory.subarray(0, part.length)
  }
  memory.fill(0xee)
}

/** Lends its parts: fills the memory of each anew when it may, and holds what it is told against what it gave. */
export class Lending implements LendingBody {
  readonly #parts: readonly Uint8Array[]
  readonly #lent: { readonly memory: Uint8Array; readonly end: number }[] = []
  #given = 0
  #told: number | undefined

  constructor(parts: readonly Uint8Array[]) {
    this.#parts = parts
  }

  written(bytes: number): void {
    if (this.#told === undefined && (bytes !== 0 || this.#given > 0)) broken('put begins to tell what is written in the middle of a body, and not with `written(0)` before the first part')
    if (bytes < (this.#told ?? 0) || bytes > this.#given) broken(`put says that ${bytes} bytes are written, of ${this.#given} that it has, after ${this.#told ?? 0}`)
    this.#told = bytes
    this.#reuse(bytes)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (const part of this.#parts) {
      const memory = part.slice()
      this.#given += part.length
      this.#lent.push({ memory, end: this.#given })
      yield memory
      if (this.#told === undefined) this.#reuse(this.#given)
      else if (this.#given - this.#told > MOST_KEPT_BYTES + part.length) broken(`put asks for more, and keeps ${this.#given - this.#told} bytes that it has not told to be written`)
      await Promise.resolve()
    }
  }

  #reuse(bytes: number): void {
    while ((this.#lent[0]?.end ?? Infinity) <= bytes) this.#lent.shift()?.memory.fill(0xee)
  }
}
