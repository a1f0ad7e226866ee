import { shownNames } from '../shown-names.ts'

type Kind = 'read' | 'write'

/**
 * The reads and writes of one call. They must be done when it returns: what it gave is taken then, and of one that goes on in the background, for want of an `await`, there may be nothing yet.
 */
export class OpenWork {
  readonly #open = new Set<{ readonly kind: Kind; readonly path: string }>()
  readonly #unit: string | undefined
  readonly #onLate: (error: Error) => void
  #isOver = false

  /**
   * @param unit what the call is for, if it is one of several
   * @param onLate told of what is begun after the call returned
   */
  constructor(unit: string | undefined, onLate: (error: Error) => void) {
    this.#unit = unit
    this.#onLate = onLate
  }

  /** Does one piece of work. What it gives is there no sooner than it is taken off the list. */
  async do<T>(kind: Kind, path: string, work: () => Promise<T>): Promise<T> {
    if (this.#isOver) {
      const error = new Error(`run()${this.#unit === undefined ? '' : ` of ${this.#unit}`} ${kind === 'read' ? 'read' : 'wrote'} ${path} after it had returned: await all that it begins`)
      this.#onLate(error)
      throw error
    }
    const piece = { kind, path }
    this.#open.add(piece)
    try {
      return await work()
    } finally {
      this.#open.delete(piece)
    }
  }

  /** The call has returned: nothing may be begun any more. @throws Error if something is not done */
  end(): void {
    this.#isOver = true
    if (this.#open.size === 0) return
    const shown = (['write', 'read'] as const).map((kind) => [kind, [...this.#open].filter((piece) => piece.kind === kind).map(({ path }) => path)] as const).filter(([, paths]) => paths.length > 0)
    const parts = shown.map(([kind, paths]) => `${paths.length} ${kind}${paths.length === 1 ? '' : 's'} (${shownNames(paths)})`)
    throw new Error(`run() returned while ${parts.join(' and ')} ${this.#open.size === 1 ? 'was' : 'were'} not done: await ${this.#open.size === 1 ? 'it' : 'them'}`)
  }
}
