/** The plain bytes of a block, and how many deltas had to be undone to get them. */
export interface OpenedBase {
  readonly bytes: Uint8Array
  readonly depth: number
  /** False if nobody has hashed the bytes yet: enough for what is hashed itself in the end. */
  readonly checked: boolean
}

/** Keeps the blocks that were last used as bases, up to a number of bytes. Neighbouring chunks of a file are deltas against the same few. */
export class BaseCache {
  readonly #entries = new Map<string, OpenedBase>()
  readonly #budget: number
  #bytes = 0

  constructor(budgetBytes: number) {
    this.#budget = budgetBytes
  }

  get(name: string): OpenedBase | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    // A Map lists its keys in the order they were set: the first is then the one unused for longest.
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    return entry
  }

  set(name: string, entry: OpenedBase): void {
    this.#bytes += entry.bytes.length - (this.#entries.get(name)?.bytes.length ?? 0)
    this.#entries.set(name, entry)
    for (const [oldest, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#budget || oldest === name) break
      this.#entries.delete(oldest)
      this.#bytes -= bytes.length
    }
  }
}
