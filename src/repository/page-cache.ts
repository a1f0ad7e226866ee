const DEFAULT_BUDGET_BYTES: number = 64 * 1024 * 1024

/** Keeps the pages that were used last, up to a number of bytes. */
export class PageCache {
  readonly #pages = new Map<string, Uint8Array>()
  readonly #budget: number
  #bytes = 0

  constructor(budgetBytes: number = DEFAULT_BUDGET_BYTES) {
    this.#budget = budgetBytes
  }

  get(name: string): Uint8Array | undefined {
    const page = this.#pages.get(name)
    if (page === undefined) return undefined
    // A Map lists its keys in the order they were set: the first is then the one unused for longest. Of no matter until room runs out.
    if (this.#bytes > this.#budget / 2) {
      this.#pages.delete(name)
      this.#pages.set(name, page)
    }
    return page
  }

  set(name: string, page: Uint8Array): void {
    if (this.#pages.has(name)) return
    this.#pages.set(name, page)
    this.#bytes += page.length
    for (const [oldest, old] of this.#pages) {
      if (this.#bytes <= this.#budget || oldest === name) break
      this.#pages.delete(oldest)
      this.#bytes -= old.length
    }
  }
}
