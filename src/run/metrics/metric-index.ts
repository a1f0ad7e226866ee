import { utf8 } from '../../bytes.ts'
import { canonicalJson, parseJsonObject } from '../../codec/canonical-json.ts'
import { asArray, asCount, asRecord, asText, shownValue } from '../../codec/shape.ts'
import { MalformedDataError, UnsupportedFormatError } from '../../errors.ts'
import { MAX_METRICS, metricNameProblem } from './metric-names.ts'

/** The file that says which metric is in which file. */
export const INDEX_PATH = 'metrics.json'
/** More than the longest names of the most metrics take. */
export const MAX_INDEX_BYTES: number = 16 * 1024 * 1024
const FORMAT = 1
const FILE_DIGITS = 4

/** A metric by its place in the index, which is that of its name among all, in order of their UTF-16 units. */
export interface IndexedMetric {
  readonly name: string
  /** At least 1. */
  readonly points: number
}

/** Where the metric with that place is: `0012.metric`. Names can be any text, and so are no file names. */
export function seriesPath(place: number): string {
  return `${String(place).padStart(FILE_DIGITS, '0')}.metric`
}

export function encodeIndex(metrics: readonly IndexedMetric[]): Uint8Array {
  const rows = metrics.map(({ name, points }, place) => ({ file: seriesPath(place), name, points }))
  return utf8(canonicalJson({ format: FORMAT, metrics: rows }, 'The index of metrics'))
}

/**
 * @throws UnsupportedFormatError if a newer version wrote it
 * @throws MalformedDataError for bytes that `encodeIndex` never gives
 */
export function decodeIndex(bytes: Uint8Array): readonly IndexedMetric[] {
  if (bytes.length > MAX_INDEX_BYTES) throw new MalformedDataError(`An index of metrics has ${bytes.length} bytes, and may have ${MAX_INDEX_BYTES}`)
  const text = decodeText(bytes)
  const value = parseJsonObject(text, 'The index of metrics')
  if (typeof value['format'] === 'number' && value['format'] > FORMAT) throw new UnsupportedFormatError(`These metrics are of format ${value['format']}; this version of varve knows ${FORMAT}`)
  const { format, metrics } = asRecord(value, 'The index of metrics', ['format', 'metrics'])
  if (format !== FORMAT) throw new MalformedDataError(`The format of metrics is ${shownValue(format)}`)
  const rows = asArray(metrics, 'The metrics')
  if (rows.length > MAX_METRICS) throw new MalformedDataError(`There are ${rows.length} metrics, and may be ${MAX_METRICS}`)
  const found = rows.map(asMetric)
  if (found.some(({ name }, place) => place > 0 && name <= (found[place - 1]?.name ?? ''))) throw new MalformedDataError('The names of metrics are not in order')
  if (canonicalJson(value, 'The index of metrics') !== text) throw new MalformedDataError('The index of metrics is not in its canonical form')
  return found
}

function asMetric(row: unknown, place: number): IndexedMetric {
  const { file, name, points } = asRecord(row, 'A metric', ['file', 'name', 'points'])
  const metric = { name: asText(name, 'The name of a metric'), points: asCount(points, 'The number of points') }
  const problem = metricNameProblem(metric.name)
  if (problem !== undefined) throw new MalformedDataError(problem)
  if (metric.points === 0) throw new MalformedDataError('A metric has no points')
  if (file !== seriesPath(place)) throw new MalformedDataError(`Metric ${place} is in ${shownValue(file)}, not in ${seriesPath(place)}`)
  return metric
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new MalformedDataError('The index of metrics is not UTF-8', { cause })
  }
}
