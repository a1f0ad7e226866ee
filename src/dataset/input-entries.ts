import { compareBytes } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { ManifestEntry, ManifestValue } from '../manifest/interface.ts'
import { editManifest, ManifestBuilder } from '../manifest/manifest.ts'
import { keyFromPath, pathFromText, pathToText } from '../manifest/path.ts'
import type { AnyIterable } from '../types.ts'
import { storeContent } from './content-store.ts'
import type { ContentStore } from './interface.ts'

/** One entry of a dataset that does not come from a folder. Paths are joined by `/`, relative, in any order. */
export type InputEntry =
  | { readonly path: string | Uint8Array; readonly content: string | Uint8Array | AnyIterable<Uint8Array>; readonly executable?: boolean }
  | { readonly path: string | Uint8Array; readonly symlink: string | Uint8Array }
  | { readonly path: string | Uint8Array; readonly directory: true }

export interface StoredEntries {
  readonly root: CID
  readonly files: number
  readonly bytes: number
}

export interface StoreEntriesOptions {
  /** Name of the chunker profile, recorded in the manifest. */
  readonly chunker: string
  /** Of several entries with one path, keep the last, as tar does; by default that is an error. */
  readonly lastWins?: boolean
  readonly signal?: AbortSignal
  readonly onEntry?: (size: number) => void
}

/** Entries that are sorted in memory at a time; more go through the tree. */
const BATCH_ENTRIES = 65_536
const encoder = new TextEncoder()

/**
 * Stores entries that come in any order. Memory is bounded by one batch of paths: each is sorted and edited into the manifest so far.
 * @throws InvalidArgumentError if a path comes twice; @throws MalformedDataError if one is not allowed, or is a file and a folder
 */
export async function storeEntries(
  blocks: BlockSource & BlockSink, store: ContentStore, entries: AnyIterable<InputEntry>, options: StoreEntriesOptions,
): Promise<StoredEntries> {
  const empty = await new ManifestBuilder(blocks, options.chunker).finish()
  let current = { root: empty.root, entries: 0, files: 0, bytes: 0 }
  let batch = new Map<string, ManifestEntry>()
  const flush = async (): Promise<void> => {
    const sorted = [...batch.values()].map(({ path, value }) => ({ path, key: keyFromPath(path), value })).sort((a, b) => compareBytes(a.key, b.key))
    const { root, totals } = await editManifest(blocks, blocks, current.root, sorted)
    if (options.lastWins !== true && totals.entries !== current.entries + batch.size) throw twice('A path')
    current = { root, ...totals }
    batch = new Map()
  }
  for await (const entry of entries) {
    options.signal?.throwIfAborted()
    const path = typeof entry.path === 'string' ? pathFromText(entry.path) : entry.path
    const name = pathToText(path)
    if (batch.has(name) && options.lastWins !== true) throw twice(name)
    const value = await storeValue(store, entry, path, options.signal)
    batch.set(name, { path, value })
    options.onEntry?.('size' in value ? value.size : 0)
    if (batch.size >= BATCH_ENTRIES) await flush()
  }
  if (batch.size > 0) await flush()
  return current
}

async function storeValue(store: ContentStore, entry: InputEntry, path: Uint8Array, signal: AbortSignal | undefined): Promise<ManifestValue> {
  if ('symlink' in entry) return { kind: 'symlink', target: typeof entry.symlink === 'string' ? pathFromText(entry.symlink) : entry.symlink }
  if ('directory' in entry) return { kind: 'directory' }
  const { content } = entry
  const { cid, size } = await storeContent(store, typeof content === 'string' ? encoder.encode(content) : content, { path, signal })
  return { kind: entry.executable === true ? 'executable' : 'file', cid, size }
}

function twice(path: string): InvalidArgumentError {
  return new InvalidArgumentError(`${path} comes twice among the entries`, { data: { path }, hint: 'Give each path once.' })
}
