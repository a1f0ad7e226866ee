import { InvalidArgumentError } from '../../errors.ts'
import type { LogEntry, LogSource, MetricFile, MetricSummary } from './interface.ts'
import { encodeIndex, INDEX_PATH, seriesPath } from './metric-index.ts'
import { MAX_METRICS, metricNameProblem } from './metric-names.ts'
import { isIndex, seriesSize } from './series-layout.ts'
import { SeriesWriter, streamSeries } from './series-writer.ts'

/** What one reading of the log may gather in memory. A metric that alone takes more is not gathered at all. */
const BATCH_BYTES: number = 32 * 1024 * 1024

export interface EncodedMetrics {
  /** Sorted by name, in order of UTF-16 units. */
  readonly metrics: readonly MetricSummary[]
  /** In the order of manifest keys. Equal logs give equal bytes. */
  readonly files: () => AsyncGenerator<MetricFile, void, undefined>
}

/**
 * The columns of what was logged (FORMAT.md, section 13). Reads the log once here, and once more for each 32 MiB of columns, at 24 bytes a point; three times for a
 * metric that has more than that by itself, 1.4 million points. Memory: those 32 MiB, and the names, whatever the length of the log.
 *
 * @example
 * const { metrics, files } = await encodeMetrics(journal.entries)
 * for await (const { path, content } of files()) await store(path, content)
 * @throws InvalidArgumentError for entries that break a rule of `LogEntry`, or a log that is not the same each time
 */
export async function encodeMetrics(source: LogSource, { batchBytes = BATCH_BYTES }: { readonly batchBytes?: number } = {}): Promise<EncodedMetrics> {
  const metrics = await summarise(source)
  return { metrics, files: () => encodeFiles(source, metrics, batchBytes) }
}

/** The last value of each metric, by name. */
export function finalValues(metrics: readonly MetricSummary[]): { readonly [metric: string]: number } {
  return Object.fromEntries(metrics.map(({ name, last }) => [name, last]))
}

async function summarise(source: LogSource): Promise<readonly MetricSummary[]> {
  const found = new Map<string, { points: number; last: number }>()
  for await (const entries of source()) {
    for (const entry of entries) {
      assertEntry(entry)
      for (const [name, value] of entry.values) {
        const known = found.get(name)
        if (known === undefined) addMetric(found, name, value)
        else {
          known.points++
          known.last = value
        }
      }
    }
  }
  return [...found].map(([name, { points, last }]) => ({ name, points, last })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function addMetric(found: Map<string, { points: number; last: number }>, name: string, last: number): void {
  const problem = metricNameProblem(name)
  if (problem !== undefined) throw new InvalidArgumentError(problem)
  if (found.size === MAX_METRICS) throw new InvalidArgumentError(`A run may have ${MAX_METRICS} metrics; "${name}" is one more`)
  found.set(name, { points: 1, last })
}

function assertEntry({ step, time, values }: LogEntry): void {
  if (!isIndex(step) || !isIndex(time)) throw new InvalidArgumentError(`Step ${step} at ${time}: both must be integers from 0 to 2^53 - 1`)
  for (const [name, value] of values) if (typeof value !== 'number') throw new InvalidArgumentError(`"${name}" is not a number`)
}

async function* encodeFiles(source: LogSource, metrics: readonly MetricSummary[], batchBytes: number): AsyncGenerator<MetricFile, void, undefined> {
  for (let place = 0; place < metrics.length; ) {
    const batch = metrics.slice(place, place + countThatFit(metrics, place, batchBytes))
    yield* batch.length === 0 ? longFile(source, metrics, place) : shortFiles(source, batch, place)
    place += Math.max(1, batch.length)
  }
  const index = encodeIndex(metrics)
  yield { path: INDEX_PATH, size: index.length, content: [index] }
}

function countThatFit(metrics: readonly MetricSummary[], from: number, batchBytes: number): number {
  let bytes = 0
  let count = 0
  for (; from + count < metrics.length; count++) {
    bytes += seriesSize(metrics[from + count]?.points ?? 0)
    if (bytes > batchBytes) break
  }
  return count
}

async function* shortFiles(source: LogSource, batch: readonly MetricSummary[], from: number): AsyncGenerator<MetricFile, void, undefined> {
  const writers = new Map(batch.map(({ name, points }) => [name, new SeriesWriter(points)]))
  for await (const entries of source()) {
    for (const entry of entries) for (const [name, value] of entry.values) writers.get(name)?.add(entry, value)
  }
  for (const [index, writer] of [...writers.values()].entries()) {
    const bytes = writer.finish()
    yield { path: seriesPath(from + index), size: bytes.length, content: [bytes] }
  }
}

function* longFile(source: LogSource, metrics: readonly MetricSummary[], place: number): Generator<MetricFile, void, undefined> {
  const metric = metrics[place]
  if (metric !== undefined) yield { path: seriesPath(place), size: seriesSize(metric.points), content: streamSeries(source, metric.name, metric.points) }
}
