import type { CidText, JsonValue } from '../types.ts'
import type { ConfigOrigin } from './config/interface.ts'
import type { RunRecord, RunOutcome, RunStart } from './interface.ts'
import type { MetricJson } from './metrics/metric-json.ts'

/** A run to be compared, by a label that no other of them has. */
export interface RunToCompare {
  readonly label: string
  readonly start: RunStart
  /** Null while it runs. */
  readonly record: RunRecord | null
}

/** One thing, with what it is in each run; null where a run has no such thing. */
export interface ComparedRow<T> {
  readonly name: string
  /** In the order of `RunComparison.runs`. */
  readonly values: readonly (T | null)[]
}

export interface ComparedParameter {
  readonly value: JsonValue
  readonly origin: ConfigOrigin
}

export interface ComparedInput {
  /** As it was given. */
  readonly revision: string
  readonly snapshot: CidText | null
  readonly root: CidText
}

/** What a run made. */
export interface ComparedOutput {
  readonly root: CidText
  readonly files: number
  readonly bytes: number
}

export interface ComparedPath {
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
}

/** In what the files of two runs differ: of the input or the artifact `name`, or of the code, if that is null. */
export interface ComparedFiles {
  readonly name: string | null
  /** Labels of the first run that has it, and of the first of those that have it otherwise. */
  readonly before: string
  readonly after: string
  readonly added: number
  readonly removed: number
  readonly changed: number
  /** The first of them, in the order of manifest keys. */
  readonly paths: readonly ComparedPath[]
  /** Why it is not known: the data of one was dropped. The counts are then 0. Null if it is known. */
  readonly unknown: string | null
}

export interface ComparedRun {
  readonly label: string
  readonly name: string
  readonly status: RunOutcome | 'running'
  readonly started: string
}

/** Runs that read the same data. */
export interface DataGroup {
  readonly inputs: readonly (ComparedInput & { readonly name: string })[]
  /** Labels. */
  readonly runs: readonly string[]
}

/** In what runs differ, as plain JSON. What is equal in all of them is left out, but for the metrics. */
export interface RunComparison {
  readonly runs: readonly ComparedRun[]
  /** Sorted by key. */
  readonly parameters: readonly ComparedRow<ComparedParameter>[]
  readonly seeds: ComparedRow<string> | null
  readonly inputs: readonly ComparedRow<ComparedInput>[]
  /** Roots of the code, commits, and how many files differ from them. */
  readonly code: readonly ComparedRow<string>[]
  /** Of inputs and code, path by path, against the first run. */
  readonly files: readonly ComparedFiles[]
  /** What they made, where the roots differ. */
  readonly artifacts: readonly ComparedRow<ComparedOutput>[]
  /** Of artifacts, path by path, against the first run that has it. */
  readonly artifactFiles: readonly ComparedFiles[]
  readonly packages: readonly ComparedRow<string>[]
  readonly runtime: readonly ComparedRow<string>[]
  /** Final values of all metrics, sorted by name, those that are equal too. */
  readonly metrics: readonly ComparedRow<MetricJson>[]
  /** With `by: 'data'`: the runs by the data that they read, oldest first; or else null. */
  readonly groups: readonly DataGroup[] | null
}
