import { xxh32 } from '../../manifest/xxh32.ts'

/** Into what the first input of a map recipe is divided: each file by itself, or a given number of shards, among which files are dealt out by their paths. */
export type MapRule = 'file' | { readonly shards: number }

/** A shard takes a number of the name of each of its units, and no more than this makes sense of. */
export const MAX_SHARDS = 65_536

/** True for a rule that there is. */
export function isMapRule(value: unknown): value is MapRule {
  if (value === 'file') return true
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'shards') return false
  const { shards } = value as { readonly shards: unknown }
  return typeof shards === 'number' && Number.isSafeInteger(shards) && shards >= 1 && shards <= MAX_SHARDS
}

/** Which shard a file belongs to, from 0 on: XXH32 of the bytes of its path, modulo the number of shards. */
export function shardOf(path: Uint8Array, shards: number): number {
  return xxh32(path, 0) % shards
}

/** As messages have it. */
export function mapRuleText(rule: MapRule | null): string {
  return rule === null ? '' : rule === 'file' ? 'file' : `${rule.shards} shards`
}
