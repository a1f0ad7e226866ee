/** The plain bytes of a block, and how many deltas had to be undone to get them. */
export interface OpenedBase {
  readonly bytes: Uint8Array
  readonly depth: number
}

/** Keeps the blocks that were last used as bases, up to a number of bytes. Neighbouring chunks of a file are deltas against the same few. */
export class BaseCache<Entry> {
  readonly #entries = new Map<string, Entry>()
  readonly #budget: number
  readonly #held: (entry: Entry) => readonly ArrayBufferView[]
  /** How many entries hold each of the arrays: what several share is counted once. */
  readonly #holders = new Map<ArrayBufferView, number>()
  #bytes = 0

  /** `held`: the arrays that an entry keeps in memory. */
  constructor(budgetBytes: number, held: (entry: Entry) => readonly ArrayBufferView[]) {
    this.#budget = budgetBytes
    this.#held = held
  }

  get heldBytes(): number {
    return this.#bytes
  }

  get(name: string): Entry | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    // A Map lists its keys in the order they were set: the first is then the one unused for longest.
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    return entry
  }

  set(name: string, entry: Entry): void {
    for (const array of this.#held(entry)) this.#count(array, 1)
    this.#drop(name)
    this.#entries.set(name, entry)
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#budget || oldest === name) break
      this.#drop(oldest)
    }
  }

  #drop(name: string): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    this.#entries.delete(name)
    for (const array of this.#held(entry)) this.#count(array, -1)
  }

  #count(array: ArrayBufferView, change: 1 | -1): void {
    const before = this.#holders.get(array) ?? 0
    const after = before + change
    if (after === 0) this.#holders.delete(array)
    else this.#holders.set(array, after)
    if (before === 0) this.#bytes += array.byteLength
    if (after === 0) this.#bytes -= array.byteLength
  }
}
