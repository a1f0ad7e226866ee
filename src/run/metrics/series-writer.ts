import { InvalidArgumentError } from '../../errors.ts'
import type { LogEntry, LogSource } from './interface.ts'
import { POINT_BYTES, SERIES_HEADER_BYTES, seriesSize, writeDouble, writeHeader } from './series-layout.ts'

/** Size of the pieces of a metric that is not held in memory. */
const PIECE_BYTES: number = 64 * 1024
const DOUBLE_BYTES: number = POINT_BYTES / 3

/** The file of one metric of which the number of points is known, in memory: 24 bytes a point. */
export class SeriesWriter {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #points: number
  #count = 0
  #step = 0
  #time = 0

  constructor(points: number) {
    this.#points = points
    this.#bytes = new Uint8Array(seriesSize(points))
    this.#view = new DataView(this.#bytes.buffer)
    writeHeader(this.#bytes)
  }

  add({ step, time }: LogEntry, value: number): void {
    if (this.#count === this.#points) throw changed()
    const at = SERIES_HEADER_BYTES + this.#count * DOUBLE_BYTES
    const column = this.#points * DOUBLE_BYTES
    writeDouble(this.#view, at, step - this.#step)
    writeDouble(this.#view, at + column, time - this.#time)
    writeDouble(this.#view, at + 2 * column, value)
    this.#step = step
    this.#time = time
    this.#count++
  }

  finish(): Uint8Array {
    if (this.#count !== this.#points) throw changed()
    return this.#bytes
  }
}

/** The file of a metric that is too long for memory, in pieces. Reads the log three times, once a column. */
export async function* streamSeries(source: LogSource, name: string, points: number): AsyncGenerator<Uint8Array, void, undefined> {
  const header = new Uint8Array(SERIES_HEADER_BYTES)
  writeHeader(header)
  yield header
  for (const column of ['step', 'time', 'value'] as const) yield* streamColumn(source, name, points, column)
}

async function* streamColumn(source: LogSource, name: string, points: number, column: 'step' | 'time' | 'value'): AsyncGenerator<Uint8Array, void, undefined> {
  let piece = new DataView(new ArrayBuffer(PIECE_BYTES))
  let used = 0
  let last = 0
  let count = 0
  for await (const entries of source()) {
    for (const entry of entries) {
      const value = entry.values.find(([found]) => found === name)?.[1]
      if (value === undefined) continue
      count++
      writeDouble(piece, used, column === 'value' ? value : entry[column] - last)
      if (column !== 'value') last = entry[column]
      used += DOUBLE_BYTES
      if (used < PIECE_BYTES) continue
      yield new Uint8Array(piece.buffer)
      piece = new DataView(new ArrayBuffer(PIECE_BYTES))
      used = 0
    }
  }
  if (count !== points) throw changed()
  if (used > 0) yield new Uint8Array(piece.buffer, 0, used)
}

function changed(): Error {
  return new InvalidArgumentError('The log of metrics changed while it was stored', { hint: 'Close it before it is stored.' })
}
