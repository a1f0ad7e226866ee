import { parseJsonObject } from '../../codec/canonical-json.ts'
import { VarveError } from '../../errors.ts'
import { metricFromJson } from '../../run/metrics/metric-json.ts'
import { isIndex } from '../../run/metrics/series-layout.ts'

/** Longest line. */
export const MAX_LINE_BYTES: number = 1024 * 1024
/** Problems that are told in words; all are counted. */
const MAX_TOLD = 20
/** Of a line that is told of. */
const SHOWN_LENGTH = 60

const NEWLINE = 0x0a
/**
 * Text in quotes, or what Python and others write though JSON has no such numbers. Quotes that are never closed reach to the end, so that nothing is looked at twice.
 */
const BARE_NUMBER = /"[^"\\]*(?:\\[^][^"\\]*)*(?:"|\\?$)|-?\bInfinity\b|\bNaN\b/g

/** What a line says: numbers by name, and the step if it names one. */
export type MetricLineTaker = (values: Readonly<Record<string, number>>, options: { readonly step?: number }) => void

/**
 * Metrics that a program in any language writes as JSON lines, as they come:
 *
 *     {"step": 1, "loss": 0.5, "accuracy": 0.81}
 *
 * `step` is an integer from 0 on; without one the step is one more than the last. All else must be numbers; `NaN`, `Infinity` and `-Infinity` may stand in quotes or bare, as Python writes them.
 * What is not a number is left out, and a line that is no such object is passed over: both are counted and told, and end nothing. Memory: one line, at most 1 MiB.
 *
 * @example
 * const lines = new MetricLines((values, options) => journal.log(values, options))
 * for await (const bytes of pipe) lines.push(bytes)
 * lines.end()
 */
export class MetricLines {
  readonly #take: MetricLineTaker
  readonly #decoder: TextDecoder = new TextDecoder('utf-8', { fatal: true })
  readonly #told: string[] = []
  #troubled = 0
  #number = 0
  #parts: Uint8Array[] = []
  #length = 0

  /** @param take a VarveError that it throws counts as a problem of the line */
  constructor(take: MetricLineTaker) {
    this.#take = take
  }

  /** Lines of which something was left out. */
  get troubledLines(): number {
    return this.#troubled
  }

  /** The first of them, in words: `line 3: "phase" is not a number`. */
  get problems(): readonly string[] {
    return this.#told
  }

  /** Takes the next bytes, which may end anywhere in a line. */
  push(bytes: Uint8Array): void {
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      this.#keep(bytes.subarray(from, end))
      this.#endLine()
      from = end + 1
    }
    // A copy, as the caller may reuse its memory; `slice` of a Buffer makes none.
    this.#keep(new Uint8Array(bytes.subarray(from)))
  }

  /** Takes what is left as the last line, since a program may end without a newline. */
  end(): void {
    if (this.#length > 0) this.#endLine()
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#length += bytes.length
    if (this.#length <= MAX_LINE_BYTES) this.#parts.push(bytes)
    else this.#parts = []
  }

  #endLine(): void {
    const [parts, length] = [this.#parts, this.#length]
    this.#parts = []
    this.#length = 0
    this.#number++
    try {
      if (length > MAX_LINE_BYTES) return this.#tell(`has ${length} bytes, more than ${MAX_LINE_BYTES}`)
      const text = this.#decoder.decode(Buffer.concat(parts)).trim()
      if (text !== '') this.#takeLine(text)
    } catch (error) {
      // The decoder's error is a TypeError.
      if (!(error instanceof VarveError) && !(error instanceof TypeError)) throw error
      this.#tell(error instanceof VarveError ? error.message : 'is not UTF-8')
    }
  }

  #takeLine(text: string): void {
    const { step, ...fields } = parseJsonObject(text.replace(BARE_NUMBER, (found) => (found.startsWith('"') ? found : `"${found}"`)), JSON.stringify(text.slice(0, SHOWN_LENGTH)))
    if (step !== undefined && !(typeof step === 'number' && isIndex(step))) return this.#tell('"step" is not an integer from 0 to 2^53 - 1')
    const numbers = Object.entries(fields).map(([name, value]) => [name, metricFromJson(value)] as const)
    const known = numbers.filter((pair): pair is readonly [string, number] => pair[1] !== undefined)
    if (known.length > 0) this.#take(Object.fromEntries(known), step === undefined ? {} : { step })
    const other = numbers.find(([, value]) => value === undefined)?.[0]
    if (other !== undefined) this.#tell(`${JSON.stringify(other.slice(0, SHOWN_LENGTH))} is not a number${fields[other] === null ? ' but null; write "NaN" for what is none' : ''}`)
    else if (known.length === 0) this.#tell('names no metric')
  }

  #tell(problem: string): void {
    this.#troubled++
    if (this.#told.length < MAX_TOLD) this.#told.push(`line ${this.#number}: ${problem}`)
  }
}
