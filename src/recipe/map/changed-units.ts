import type { CID } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import type { ManifestEntry, ManifestValue } from '../../manifest/interface.ts'
import { diffManifests, openManifest } from '../../manifest/manifest.ts'
import { pathToText } from '../../manifest/path.ts'
import { type MapRule, shardOf } from './map-rule.ts'
import { shardName, type UnitPart } from './unit.ts'

/** Shards whose entries are gathered in one pass over the input: together they are held in memory. */
const SHARDS_AT_ONCE = 16

/** What is to be done again since `before`, which is null if nothing was done yet: the units to run, and the names of all whose results no longer count. */
export interface ChangedUnits {
  /** Units that the input has in all. */
  readonly total: number
  /** Units to run. */
  readonly count: number
  /** In the order of the manifest. Each call begins anew. */
  units(): AsyncIterable<UnitPart>
  /** Names of units that had results of which none may stay: of those that are to run again, and of those that are no more. */
  outdated(): AsyncIterable<string>
}

/** Finds the units of an input that changed. Reads the nodes of both manifests that differ; for shards, all of the second as well. */
export async function changedUnits(source: BlockSource, before: CID | null, after: CID, rule: MapRule): Promise<ChangedUnits> {
  return rule === 'file' ? changedFiles(source, before, after) : changedShards(source, before, after, rule.shards)
}

function isFile(value: ManifestValue | undefined): boolean {
  return value?.kind === 'file' || value?.kind === 'executable'
}

async function changedFiles(source: BlockSource, before: CID | null, after: CID): Promise<ChangedUnits> {
  const { totals } = await openManifest(source, after)
  async function* units(): AsyncGenerator<UnitPart> {
    for await (const entry of changedEntries(source, before, after)) {
      const file = pathToText(entry.path)
      yield { name: file, file, shard: null, entries: [entry] }
    }
  }
  let count = totals.files
  if (before !== null) {
    count = 0
    for await (const _entry of changedEntries(source, before, after)) count++
  }
  return { total: totals.files, count, units, outdated: () => outdatedFiles(source, before, after) }
}

/** The files of `after` that `before` has not, or not like this. */
async function* changedEntries(source: BlockSource, before: CID | null, after: CID): AsyncGenerator<ManifestEntry> {
  if (before === null) {
    for await (const entry of (await openManifest(source, after)).entries()) if (isFile(entry.value)) yield entry
    return
  }
  for await (const { path, after: value } of diffManifests(source, before, after)) if (value !== undefined && isFile(value)) yield { path, value }
}

async function* outdatedFiles(source: BlockSource, before: CID | null, after: CID): AsyncGenerator<string> {
  if (before === null) return
  for await (const { path, before: value } of diffManifests(source, before, after)) if (isFile(value)) yield pathToText(path)
}

async function changedShards(source: BlockSource, before: CID | null, after: CID, of: number): Promise<ChangedUnits> {
  const filled = new Set<number>()
  for await (const { path, value } of (await openManifest(source, after)).entries()) if (isFile(value)) filled.add(shardOf(path, of))
  const changed = before === null ? filled : new Set<number>()
  if (before !== null) for await (const { path, before: was, after: is } of diffManifests(source, before, after)) if (isFile(was) || isFile(is)) changed.add(shardOf(path, of))
  const inOrder = [...changed].sort((a, b) => a - b)
  const toRun = inOrder.filter((index) => filled.has(index))
  async function* units(): AsyncGenerator<UnitPart> {
    for (let at = 0; at < toRun.length; at += SHARDS_AT_ONCE) yield* gatherShards(source, after, toRun.slice(at, at + SHARDS_AT_ONCE), of)
  }
  async function* outdated(): AsyncGenerator<string> {
    if (before !== null) for (const index of inOrder) yield shardName(index, of)
  }
  return { total: filled.size, count: toRun.length, units, outdated }
}

async function* gatherShards(source: BlockSource, root: CID, indexes: readonly number[], of: number): AsyncGenerator<UnitPart> {
  const entries = new Map<number, ManifestEntry[]>(indexes.map((index) => [index, []]))
  for await (const entry of (await openManifest(source, root)).entries()) if (isFile(entry.value)) entries.get(shardOf(entry.path, of))?.push(entry)
  for (const [index, files] of entries) yield { name: shardName(index, of), file: null, shard: { index, of }, entries: files }
}
