import type { ManifestEntry } from '../../manifest/interface.ts'

/** One call of a map recipe: what it is called, and the part of the first input that it is for. */
export interface UnitPart {
  /** The file's path as text, or `3/64` for the fourth of 64 shards. Random numbers depend on it. */
  readonly name: string
  /** The path, of a recipe that is applied to each file. */
  readonly file: string | null
  /** Its number from 0 on, and how many there are, of a recipe that is applied to shards. */
  readonly shard: { readonly index: number; readonly of: number } | null
  /** The files it is for. */
  readonly entries: readonly ManifestEntry[]
}

export function shardName(index: number, of: number): string {
  return `${index}/${of}`
}
