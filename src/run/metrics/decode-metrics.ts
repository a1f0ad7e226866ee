import { startsWithBytes } from '../../bytes.ts'
import { MalformedDataError, UnsupportedFormatError } from '../../errors.ts'
import type { MetricSeries } from './interface.ts'
import { decodeIndex, INDEX_PATH, type IndexedMetric, seriesPath } from './metric-index.ts'
import { isIndex, isOtherNan, POINT_BYTES, SERIES_HEADER_BYTES, SERIES_MAGIC, SERIES_VERSION, seriesSize } from './series-layout.ts'

const DOUBLE_BYTES: number = POINT_BYTES / 3

/**
 * All metrics of a run from its files by path, sorted by name. Takes 24 bytes a point beside the files.
 * @throws MalformedDataError for anything that `encodeMetrics` never gives, files that are missing or too many among it
 * @throws UnsupportedFormatError if a newer version wrote them
 */
export function decodeMetrics(files: ReadonlyMap<string, Uint8Array>): readonly MetricSeries[] {
  const index = decodeIndex(requiredFile(files, INDEX_PATH))
  if (files.size !== index.length + 1) throw new MalformedDataError(`There are ${files.size} files of metrics where the index names ${index.length}`)
  return index.map((metric, place) => decodeSeries(requiredFile(files, seriesPath(place)), metric))
}

/**
 * The points of one metric. Takes 24 bytes a point, which is no more than it is given.
 * @throws what `decodeMetrics` throws
 */
export function decodeSeries(bytes: Uint8Array, { name, points }: IndexedMetric): MetricSeries {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  assertHeader(bytes, name)
  if (bytes.length !== seriesSize(points)) throw malformed(name, `has ${bytes.length} bytes, where ${points} points take ${seriesSize(points)}`)
  const column = points * DOUBLE_BYTES
  return {
    name,
    steps: decodeSums(view, SERIES_HEADER_BYTES, points, `The steps of "${name}"`),
    times: decodeSums(view, SERIES_HEADER_BYTES + column, points, `The times of "${name}"`),
    values: decodeValues(view, SERIES_HEADER_BYTES + 2 * column, points, name),
  }
}

function assertHeader(bytes: Uint8Array, name: string): void {
  if (bytes.length < SERIES_HEADER_BYTES || !startsWithBytes(bytes, SERIES_MAGIC)) throw malformed(name, 'does not begin as one does')
  const version = bytes[SERIES_MAGIC.length] ?? 0
  if (version > SERIES_VERSION) throw new UnsupportedFormatError(`The metric "${name}" is of version ${version}; this version of varve knows ${SERIES_VERSION}`)
  if (version !== SERIES_VERSION || bytes.subarray(SERIES_MAGIC.length + 1, SERIES_HEADER_BYTES).some((byte) => byte !== 0)) throw malformed(name, 'has an unsound header')
}

function decodeSums(view: DataView, from: number, points: number, what: string): Float64Array {
  const sums = new Float64Array(points)
  let sum = 0
  for (let index = 0; index < points; index++) {
    const difference = view.getFloat64(from + index * DOUBLE_BYTES, true)
    sum += difference
    // A difference of -0 would give the same sum as 0 does, from other bytes.
    if (!Number.isSafeInteger(difference) || Object.is(difference, -0) || !isIndex(sum)) throw new MalformedDataError(`${what} are not whole numbers from 0 to 2^53 - 1`)
    sums[index] = sum
  }
  return sums
}

function decodeValues(view: DataView, from: number, points: number, name: string): Float64Array {
  const values = new Float64Array(points)
  for (let index = 0; index < points; index++) {
    const offset = from + index * DOUBLE_BYTES
    if (isOtherNan(view, offset)) throw malformed(name, 'has a NaN other than the one that stands for all')
    values[index] = view.getFloat64(offset, true)
  }
  return values
}

function requiredFile(files: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array {
  const bytes = files.get(path)
  if (bytes === undefined) throw new MalformedDataError(`There is no ${path} among the metrics`)
  return bytes
}

function malformed(name: string, what: string): MalformedDataError {
  return new MalformedDataError(`The file of the metric "${name}" ${what}`)
}
