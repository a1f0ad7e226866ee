import { type CID, cidText } from '../cid/cid.ts'
import type { ManifestEntry, ManifestTotals } from '../manifest/interface.ts'
import { ManifestBuilder, openManifest } from '../manifest/manifest.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isPromise } from '../types.ts'
import { collectDifferences, compareEntries, type DiffResult } from './compare.ts'
import { ChunkedContentStore } from './content-store.ts'
import { nothingEncoded } from './encoded-chunks.ts'
import { HashingSink } from './hashing-sink.ts'
import type { FolderPort, FolderReadOptions, SkippedPath } from './interface.ts'
import type { HashResult } from './results.ts'
import { resolveRevision } from './revision.ts'

/** What a folder holds now, in key order, hashed and not stored. */
export function folderEntries(repository: BlockRepository, port: FolderPort, folder: string, options: FolderReadOptions): AsyncIterable<ManifestEntry> {
  return port.read(folder, new ChunkedContentStore(new HashingSink(repository.hasher), undefined, { encoded: nothingEncoded(repository.hasher) }), options)
}

/** The root that entries in key order have. */
export async function rootOf(repository: BlockRepository, entries: AsyncIterable<ManifestEntry>): Promise<{ root: CID; totals: ManifestTotals }> {
  const builder = new ManifestBuilder(new HashingSink(repository.hasher), repository.config.chunker)
  for await (const entry of entries) {
    const added = builder.add(entry)
    if (isPromise(added)) await added
  }
  return builder.finish()
}

export async function hashFolder(repository: BlockRepository, port: FolderPort, folder: string, options: FolderReadOptions): Promise<HashResult> {
  const skipped: SkippedPath[] = []
  const entries = folderEntries(repository, port, folder, { ...options, onSkipped: (path) => skipped.push(path) })
  const { root, totals } = await rootOf(repository, entries)
  return { root: cidText(root), files: totals.files, bytes: totals.bytes, skipped }
}

export async function statusOfFolder(
  repository: BlockRepository, port: FolderPort, folder: string, revision: string, options: FolderReadOptions,
): Promise<DiffResult> {
  const { root } = await resolveRevision(repository, revision)
  const manifest = await openManifest(repository, root)
  return collectDifferences(compareEntries(manifest.entries({}), folderEntries(repository, port, folder, options)))
}
