import { startsWithBytes, utf8 } from '../../bytes.ts'
import { MalformedDataError, UnsupportedFormatError } from '../../errors.ts'
import { xxh32 } from '../../manifest/xxh32.ts'
import type { LogEntry } from '../../run/metrics/interface.ts'
import { MAX_METRICS, metricNameProblem } from '../../run/metrics/metric-names.ts'
import { isIndex } from '../../run/metrics/series-layout.ts'

/*
 * A journal is a header and records, all little-endian:
 *
 *     header  16 bytes  "VARVJRNL", version 1 (1 byte), 7 × 0
 *     record            check u32 | length of the body u32 | body; check is XXH32(length ‖ body, 0)
 *     body              1, a name in UTF-16: the metrics are numbered from 0 in the order of these
 *                       2, step f64, time f64, then for each value the metric's number u32 and the value f64
 *
 * Half the time and a third of the bytes of JSON lines (bench/micro/metrics.mjs), and a torn record is known from its check.
 */

export const JOURNAL_HEADER: Uint8Array = Uint8Array.from([...utf8('VARVJRNL'), 1, 0, 0, 0, 0, 0, 0, 0])
const MAGIC_BYTES = 8
/** Before the body. */
export const FRAME_BYTES = 8
export const NAME_KIND = 1
export const POINT_KIND = 2
/** Of a body with points, before the values. */
export const POINT_HEAD_BYTES = 17
export const VALUE_BYTES = 12
/** A call with more values makes more records of the same step. */
export const MAX_RECORD_VALUES = 1_000
export const MAX_BODY_BYTES: number = POINT_HEAD_BYTES + MAX_RECORD_VALUES * VALUE_BYTES

/** What a record is checked by. @param record with its frame; the first four bytes do not count */
export function recordCheck(record: Uint8Array): number {
  return xxh32(record.subarray(4), 0)
}

/** Reads the records of a journal from its bytes as they come, and remembers the names. */
export class JournalDecoder {
  readonly #names: string[] = []
  readonly #known = new Set<string>()

  /** @throws MalformedDataError for another kind of file; @throws UnsupportedFormatError for one of a newer version */
  static assertHeader(bytes: Uint8Array): void {
    if (!startsWithBytes(bytes, JOURNAL_HEADER.subarray(0, MAGIC_BYTES))) throw new MalformedDataError('This is no journal of metrics')
    const version = bytes[MAGIC_BYTES] ?? 0
    if (version > 1) throw new UnsupportedFormatError(`The journal of metrics is of version ${version}; this version of varve knows 1`)
    if (!startsWithBytes(bytes, JOURNAL_HEADER)) throw new MalformedDataError('The journal of metrics has an unsound header')
  }

  /**
   * The whole records at the beginning of the bytes. `used` is where the first one begins that is not whole; `isTorn` is true if more bytes could not make it whole.
   * @throws MalformedDataError for a record that is whole, and says what none does
   */
  decode(bytes: Uint8Array): { readonly entries: readonly LogEntry[]; readonly used: number; readonly isTorn: boolean } {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const entries: LogEntry[] = []
    let at = 0
    while (at + FRAME_BYTES <= bytes.length) {
      const length = view.getUint32(at + 4, true)
      if (length === 0 || length > MAX_BODY_BYTES) return { entries, used: at, isTorn: true }
      const end = at + FRAME_BYTES + length
      if (end > bytes.length) break
      if (recordCheck(bytes.subarray(at, end)) !== view.getUint32(at, true)) return { entries, used: at, isTorn: true }
      const entry = this.#decodeBody(new DataView(bytes.buffer, bytes.byteOffset + at + FRAME_BYTES, length))
      if (entry !== undefined) entries.push(entry)
      at = end
    }
    return { entries, used: at, isTorn: false }
  }

  #decodeBody(body: DataView): LogEntry | undefined {
    const kind = body.getUint8(0)
    if (kind === POINT_KIND) return this.#decodePoint(body)
    if (kind !== NAME_KIND || body.byteLength % 2 === 0) throw new MalformedDataError(`A record of the journal of metrics has the kind ${kind} and ${body.byteLength} bytes`)
    const units = Array.from({ length: (body.byteLength - 1) / 2 }, (_, index) => body.getUint16(1 + 2 * index, true))
    const name = units.map((unit) => String.fromCharCode(unit)).join('')
    const problem = metricNameProblem(name) ?? (this.#known.has(name) ? `The metric "${name}" is there twice` : this.#names.length === MAX_METRICS ? 'There are too many metrics' : undefined)
    if (problem !== undefined) throw new MalformedDataError(problem)
    this.#names.push(name)
    this.#known.add(name)
    return undefined
  }

  #decodePoint(body: DataView): LogEntry {
    const count = (body.byteLength - POINT_HEAD_BYTES) / VALUE_BYTES
    if (!Number.isInteger(count) || count < 1) throw new MalformedDataError(`A record of the journal of metrics has ${body.byteLength} bytes`)
    const [step, time] = [body.getFloat64(1, true), body.getFloat64(9, true)]
    if (!isIndex(step) || !isIndex(time)) throw new MalformedDataError(`The journal of metrics has step ${step} at ${time}`)
    const values: (readonly [string, number])[] = []
    for (let at = POINT_HEAD_BYTES; at < body.byteLength; at += VALUE_BYTES) {
      const name = this.#names[body.getUint32(at, true)]
      if (name === undefined) throw new MalformedDataError('The journal of metrics has a value of no metric')
      values.push([name, body.getFloat64(at + 4, true)])
    }
    return { step, time, values }
  }
}
