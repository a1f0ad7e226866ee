import { concatBytes } from '../../../src/bytes.ts'
import type { EncodedMetrics } from '../../../src/run/metrics/encode-metrics.ts'
import type { LogEntry, LogSource, MetricSeries } from '../../../src/run/metrics/interface.ts'

/** The log in batches of a few entries. */
export function sourceOf(entries: readonly LogEntry[], batch = 3): LogSource {
  return function* () {
    for (let from = 0; from < entries.length; from += batch) yield entries.slice(from, from + batch)
  }
}

/** Whole files by path, in the order in which they came. */
export async function filesOf({ files }: EncodedMetrics): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for await (const { path, size, content } of files()) {
    const pieces: Uint8Array[] = []
    for await (const piece of content) pieces.push(piece)
    const bytes = concatBytes(pieces)
    if (bytes.length !== size) throw new Error(`${path} has ${bytes.length} bytes, and was said to have ${size}`)
    found.set(path, bytes)
  }
  return found
}

/** What series say of a log, worked out without them: points by name, sorted. */
export function expectedSeries(entries: readonly LogEntry[]): readonly { name: string; points: readonly (readonly [number, number, number])[] }[] {
  const found = new Map<string, (readonly [number, number, number])[]>()
  for (const { step, time, values } of entries) for (const [name, value] of values) {
    const points = found.get(name)
    if (points === undefined) found.set(name, [[step, time, value]])
    else points.push([step, time, value])
  }
  return [...found].map(([name, points]) => ({ name, points })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function asPoints(series: readonly MetricSeries[]): ReturnType<typeof expectedSeries> {
  return series.map(({ name, steps, times, values }) => ({ name, points: [...steps].map((step, index) => [step, times[index] ?? -1, values[index] ?? -1] as const) }))
}
