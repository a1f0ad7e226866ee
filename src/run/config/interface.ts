import type { JsonValue } from '../../types.ts'

/** Where a value comes from; later kinds override earlier ones. */
export type ConfigOrigin =
  | { readonly layer: 'default' }
  /** `line` counts from 1; null where the format does not tell. */
  | { readonly layer: 'file'; readonly path: string; readonly line: number | null }
  | { readonly layer: 'environment'; readonly variable: string }
  /** What a program passed as it began the run. */
  | { readonly layer: 'program' }
  /** `--set key=value`. */
  | { readonly layer: 'set' }

/** One leaf of a configuration. */
export interface ConfigEntry {
  /** Dotted: `train.rate`. */
  readonly key: string
  readonly value: JsonValue
  readonly origin: ConfigOrigin
  /** What the value stands in place of, the nearest layer first. */
  readonly overrides: readonly { readonly value: JsonValue; readonly origin: ConfigOrigin }[]
}

/** A configuration with nothing left to be decided. */
export interface ResolvedConfig {
  readonly values: { readonly [key: string]: JsonValue }
  /** Sorted by key. */
  readonly entries: readonly ConfigEntry[]
  /** SHA-256, in hex, of the values alone as canonical JSON. */
  readonly hash: string
}
