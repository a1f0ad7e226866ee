import type { AnyIterable } from '../../types.ts'

/** What one call of `run.log` said. */
export interface LogEntry {
  /** An integer from 0 to 2^53 - 1. Steps may repeat, and go back. */
  readonly step: number
  /** Milliseconds since 1970, an integer; as the clock said, which may go back. */
  readonly time: number
  /** Any number, NaN and infinities too. No name twice. */
  readonly values: readonly (readonly [name: string, value: number])[]
}

/** What was logged, in that order, some at a time. Every call begins at the beginning and gives the same. */
export type LogSource = () => AnyIterable<readonly LogEntry[]>

/** One metric over a run: three arrays of equal length, in the order of logging. */
export interface MetricSeries {
  readonly name: string
  readonly steps: Float64Array
  /** Milliseconds since 1970. */
  readonly times: Float64Array
  readonly values: Float64Array
}

/** What is known of a metric without its values. */
export interface MetricSummary {
  readonly name: string
  /** At least 1. */
  readonly points: number
  /** The value that was logged last. */
  readonly last: number
}

/** A file of the metrics of a run. */
export interface MetricFile {
  readonly path: string
  readonly size: number
  /** To be read before the next file is asked for. Pieces are not changed afterwards. */
  readonly content: AnyIterable<Uint8Array>
}
