import * as fs from 'node:fs'
import { basename, dirname } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import { MAX_METRICS, metricNameProblem } from '../../run/metrics/metric-names.ts'
import { isIndex, writeDouble } from '../../run/metrics/series-layout.ts'
import { storageError } from '../system-errors.ts'
import { FRAME_BYTES, JOURNAL_HEADER, MAX_RECORD_VALUES, NAME_KIND, POINT_HEAD_BYTES, POINT_KIND, recordCheck, VALUE_BYTES } from './journal-format.ts'

const BUFFER_BYTES: number = 64 * 1024
/** What the buffer holds is written after this at the latest, if the event loop turns. */
const FLUSH_AFTER_MS = 500
/**
 * A call writes at once as long as there are, in the long run, at most 10 calls a second: what a slow step of a loop that never lets timers run has logged is then in the
 * file before the next one begins. In a fast loop one call in 100 ms writes for all. A write takes 20 to 90 µs where the processor has done other work since (2 in a
 * tight loop), so this is less than a thousandth of the time.
 */
const MS_A_WRITE = 100
const MAX_WRITES_AT_ONCE = 32

export interface MetricJournalOptions {
  /** The time of day, in milliseconds since 1970. */
  readonly now?: () => number
}

/**
 * The metrics of a run while it runs: an append-only file that outlives `kill -9`. A call takes 0.3 µs with one metric and 0.9 µs with ten, and 20 to 90 µs more if it writes, which not more than 10 a second do (bench/micro/metrics.mjs).
 * 64 KiB of memory and what the names take, whatever the number of calls.
 *
 * What the process loses if it is killed: of slow loops nothing, of fast ones the last 100 ms, or 500 ms if the loop lets timers run and stops to log. Only a loop that logs fast, and then works for longer than a second without
 * logging or letting the event loop turn, leaves its last 100 ms of logging in memory for as long. A power cut may take more, since nothing waits for the disk.
 *
 * @example
 * const journal = MetricJournal.create('metrics.journal')
 * for (let step = 0; step < 1000; step++) journal.log({ loss: train(), rate: 0.1 }, { step })
 * journal.close()
 */
export class MetricJournal {
  readonly path: string
  readonly #file: number
  readonly #now: () => number
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  readonly #view: DataView = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, BUFFER_BYTES)
  /** Bytes of the buffer that are not in the file yet: from `#written` to `#used`. */
  #written = 0
  #used = 0
  readonly #numbers: Map<string, number> = new Map<string, number>()
  readonly #last: number[] = []
  #lastStep = -1
  #writes = MAX_WRITES_AT_ONCE
  #creditedAt = performance.now()
  #timer: NodeJS.Timeout | undefined
  #isOpen = true

  private constructor(path: string, file: number, { now = Date.now }: MetricJournalOptions) {
    this.path = path
    this.#file = file
    this.#now = now
    this.#buffer.set(JOURNAL_HEADER)
    this.#used = JOURNAL_HEADER.length
  }

  /** Makes a new file. @throws StorageError if it is there already, or cannot be made or written */
  static create(path: string, options: MetricJournalOptions = {}): MetricJournal {
    const journal = new MetricJournal(path, explained(path, () => fs.openSync(path, 'wx')), options)
    try {
      journal.flush()
      return journal
    } catch (error) {
      fs.closeSync(journal.#file)
      throw error
    }
  }

  /** The value that was logged last of each metric. */
  get final(): { readonly [metric: string]: number } {
    return Object.fromEntries([...this.#numbers].map(([name, number]) => [name, this.#last[number] ?? Number.NaN]))
  }

  /**
   * Takes down the values of one step: by default one more than the last, from 0 on. Steps may repeat, and go back. Does not wait for the disk. If the file cannot be written to, that is tried again
   * later, and nothing is lost until the buffer is full.
   * @throws InvalidArgumentError for a value that is not a number (NaN and infinities are), a name that is empty or over 250 characters, the 10,001st metric, and a step that is not an integer from 0 to 2^53 - 1; nothing is then logged
   * @throws StorageError if the buffer is full and cannot be written
   */
  log(values: Readonly<Record<string, number>>, { step = this.#lastStep + 1 }: { readonly step?: number } = {}): void {
    if (!this.#isOpen) throw new InvalidArgumentError('The journal of metrics is closed', { hint: 'Log before the run ends.' })
    if (!isIndex(step)) throw new InvalidArgumentError(`The step ${String(step)} is not an integer from 0 to 2^53 - 1`, { data: { step } })
    if (typeof values !== 'object' || values === null) throw new InvalidArgumentError('Metrics are given by name: log({ loss: 0.5 })')
    const names = Object.keys(values)
    this.#assertValues(names, values)
    // A clock that was never set may say that it is before 1970.
    const time = Math.max(0, Math.trunc(this.#now()))
    if (names.length > 0 && names.length <= MAX_RECORD_VALUES) this.#append(names, values, step, time)
    else for (let from = 0; from < names.length; from += MAX_RECORD_VALUES) this.#append(names.slice(from, from + MAX_RECORD_VALUES), values, step, time)
    this.#lastStep = step
    if (this.#mayWrite()) this.#tryWrite()
    else this.#timer ??= setTimeout(() => this.#onTimer(), FLUSH_AFTER_MS).unref()
  }

  /** Hands all to the system. @throws StorageError if it cannot be written */
  flush(): void {
    // The system may have given the file's number to another.
    if (this.#isOpen) explained(this.path, () => this.#write())
  }

  /** Writes what is left. Closing twice is harmless. @throws StorageError if it cannot be written; the file is closed all the same */
  close(): void {
    if (!this.#isOpen) return
    clearTimeout(this.#timer)
    try {
      this.flush()
    } finally {
      this.#isOpen = false
      fs.closeSync(this.#file)
    }
  }

  #assertValues(names: readonly string[], values: Readonly<Record<string, number>>): void {
    let added = 0
    for (const name of names) {
      if (typeof values[name] !== 'number') throw new InvalidArgumentError(`The value of the metric "${name}" is not a number`, { data: { metric: name, type: typeof values[name] } })
      if (this.#numbers.has(name)) continue
      const problem = metricNameProblem(name) ?? (this.#numbers.size + ++added > MAX_METRICS ? `A run may have ${MAX_METRICS} metrics; "${name}" is one more` : undefined)
      if (problem !== undefined) throw new InvalidArgumentError(problem, { data: { metric: name }, hint: 'Give metrics short names that stay the same from step to step.' })
    }
  }

  #append(names: readonly string[], values: Readonly<Record<string, number>>, step: number, time: number): void {
    for (const name of names) if (!this.#numbers.has(name)) this.#appendName(name)
    const length = POINT_HEAD_BYTES + names.length * VALUE_BYTES
    const view = this.#view
    const start = this.#begin(length)
    let at = start + FRAME_BYTES
    view.setUint8(at, POINT_KIND)
    view.setFloat64(at + 1, step, true)
    view.setFloat64(at + 9, time, true)
    at += POINT_HEAD_BYTES
    for (const name of names) {
      const number = this.#numbers.get(name) ?? 0
      const value = values[name] ?? Number.NaN
      view.setUint32(at, number, true)
      writeDouble(view, at + 4, value)
      this.#last[number] = value
      at += VALUE_BYTES
    }
    this.#end(start, at)
  }

  #appendName(name: string): void {
    const start = this.#begin(1 + 2 * name.length)
    this.#view.setUint8(start + FRAME_BYTES, NAME_KIND)
    this.#buffer.write(name, start + FRAME_BYTES + 1, 'utf16le')
    this.#end(start, start + FRAME_BYTES + 1 + 2 * name.length)
    this.#numbers.set(name, this.#numbers.size)
  }

  /** Where the next record begins. @throws StorageError if there is no room for it, and none can be made */
  #begin(length: number): number {
    if (this.#used + FRAME_BYTES + length > BUFFER_BYTES) this.flush()
    this.#view.setUint32(this.#used + 4, length, true)
    return this.#used
  }

  #end(start: number, end: number): void {
    this.#view.setUint32(start, recordCheck(this.#buffer.subarray(start, end)), true)
    this.#used = end
  }

  /** Asks a clock that no one can set. */
  #mayWrite(): boolean {
    const now = performance.now()
    this.#writes = Math.min(MAX_WRITES_AT_ONCE, this.#writes + (now - this.#creditedAt) / MS_A_WRITE)
    this.#creditedAt = now
    if (this.#writes < 1) return false
    this.#writes--
    return true
  }

  #onTimer(): void {
    this.#timer = undefined
    this.#tryWrite()
  }

  /** What cannot be written now stays in the buffer: it is not for a full disk to end a training. */
  #tryWrite(): void {
    try {
      this.#write()
    } catch {
      this.#timer ??= setTimeout(() => this.#onTimer(), FLUSH_AFTER_MS).unref()
    }
  }

  #write(): void {
    while (this.#written < this.#used) this.#written += fs.writeSync(this.#file, this.#buffer, this.#written, this.#used - this.#written)
    this.#written = this.#used = 0
  }
}

function explained<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw storageError(error, { operation: 'put', key: basename(path), location: dirname(path) })
  }
}
