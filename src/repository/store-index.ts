import type { AnyIterable } from '../types.ts'
import { IndexFile } from './index-file.ts'
import { indexKey, newIndexId, type IndexedPack, type IndexName } from './index-format.ts'
import { encodeIndex, type WrittenIndex } from './index-writer.ts'
import { chooseForMerge, mergedRecords } from './merge-indexes.ts'
import { PageCache } from './page-cache.ts'
import type { SessionHost } from './session-host.ts'

/** Index files for the next root record. */
export interface StoredIndexes {
  readonly names: readonly IndexName[]
  /** Those that were written for it. If it is not made, or does not name them, they are in nobody's way but waste room. */
  readonly created: readonly IndexName[]
}

/** Writes one index file. The records come in index order. */
export async function storeIndex({ storage, hasher, platform }: SessionHost, packs: readonly IndexedPack[], records: AnyIterable<Uint8Array>): Promise<IndexName> {
  const id = newIndexId((length) => platform.randomBytes(length))
  let written: WrittenIndex | undefined
  await storage.put(indexKey(id), encodeIndex(hasher, packs, records, (end) => (written = end)))
  if (written === undefined) throw new TypeError('A storage backend resolved before it had read the whole body')
  return { id, ...written }
}

/** Adds an index file to those that are there; where they are many by now, some are merged. */
export async function addIndex(host: SessionHost, present: readonly IndexFile[], packs: readonly IndexedPack[], records: Iterable<Uint8Array>): Promise<StoredIndexes> {
  const added = await storeIndex(host, packs, records)
  const files = [...present, await IndexFile.open(host.storage, host.hasher, new PageCache(), added)]
  const chosen = chooseForMerge(files)
  const kept = files.filter((file) => !chosen.includes(file)).map((file) => file.name)
  if (chosen.length === 0) return { names: kept, created: [added] }
  const joint = mergedRecords(chosen)
  const merged = await storeIndex(host, joint.packs, joint.records)
  return { names: [...kept, merged], created: [added, merged] }
}

/** Removes index files that were created and are not named. */
export async function dropUnnamed({ storage }: SessionHost, created: readonly IndexName[], named: readonly IndexName[]): Promise<void> {
  for (const { id } of created) if (!named.some((index) => index.id === id)) await storage.delete(indexKey(id)).catch(() => undefined)
}
