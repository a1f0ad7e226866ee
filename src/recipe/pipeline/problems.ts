import { PipelineError, type PipelineProblem } from '../../errors.ts'
import type { Place } from './interface.ts'

/** Something that knows where it stands. */
interface Placed {
  readonly place: Place
  readonly path: string
}

/** A hostile file has a problem in every character; nobody reads more than this. */
const MOST_PROBLEMS = 100

/** Gathers everything that is wrong, so that a person can mend it all at once. */
export class Problems {
  readonly #found: PipelineProblem[] = []

  get count(): number {
    return this.#found.length
  }

  add({ place, path }: Placed, message: string): void {
    if (this.#found.length < MOST_PROBLEMS) this.#found.push({ file: place.file, line: place.line, column: place.column, message, path })
  }

  /** @throws PipelineError with all of them, in the order of lines within each file, if there are any */
  throwIfAny(): void {
    if (this.#found.length === 0) return
    const files = [...new Set(this.#found.map(({ file }) => file))]
    throw new PipelineError([...this.#found].sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column))
  }
}
