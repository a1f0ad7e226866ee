import * as fs from 'node:fs'
import { isAbsence } from '../system-errors.ts'
import { MetricLines, type MetricLineTaker } from './metric-lines.ts'

/** How often the file is looked at. */
const LOOK_AFTER_MS = 250
/** Read at a time; the rest waits for the next turn of the event loop. */
const READ_BYTES: number = 256 * 1024

/**
 * Follows a file of JSON lines (`MetricLines`) that another process appends to. The file need not be there yet. A file that has become shorter is read from its beginning.
 *
 * @example
 * const follower = new MetricFollower(path, (values, options) => journal.log(values, options))
 * await exit
 * const { troubledLines, problems } = follower.stop()
 */
export class MetricFollower {
  readonly #path: string
  readonly #lines: MetricLines
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  readonly #timer: NodeJS.Timeout
  #position = 0
  #trouble: string | undefined

  constructor(path: string, take: MetricLineTaker) {
    this.#path = path
    this.#lines = new MetricLines(take)
    this.#timer = setInterval(() => void this.#read(), LOOK_AFTER_MS).unref()
  }

  /** Reads the rest, and says what of the file could not be used. Never throws for what is in the file or that it cannot be read. */
  stop(): { readonly troubledLines: number; readonly problems: readonly string[] } {
    clearInterval(this.#timer)
    while (this.#read() > 0);
    this.#lines.end()
    return { troubledLines: this.#lines.troubledLines, problems: [...this.#lines.problems, ...(this.#trouble === undefined ? [] : [this.#trouble])] }
  }

  #beginAnew(): void {
    this.#lines.end()
    this.#position = 0
  }

  /** Reads one part. Returns its number of bytes. */
  #read(): number {
    try {
      const file = fs.openSync(this.#path, 'r')
      try {
        if (fs.fstatSync(file).size < this.#position) this.#beginAnew()
        const count = fs.readSync(file, this.#buffer, 0, READ_BYTES, this.#position)
        this.#position += count
        this.#lines.push(this.#buffer.subarray(0, count))
        return count
      } finally {
        fs.closeSync(file)
      }
    } catch (error) {
      if (!isAbsence(error)) this.#trouble = `${this.#path} could not be read: ${error instanceof Error ? error.message : String(error)}`
      return 0
    }
  }
}
