import type { CidText, JsonValue } from '../types.ts'
import type { EntryInfo } from './compare.ts'
import type { SkippedPath } from './interface.ts'
import type { SnapshotSource } from './snapshot-object.ts'

/** Results of dataset operations: plain data, ready for JSON. CIDs are text, sizes bytes, times RFC 3339. */

export interface SnapshotResult {
  readonly root: CidText
  readonly snapshot: CidText
  readonly ref: string
  /** The snapshot before, or null. */
  readonly parent: CidText | null
  /** False if nothing had changed and no new snapshot was made. */
  readonly created: boolean
  readonly files: number
  readonly bytes: number
  /** Files that were added or changed since the snapshot before. */
  readonly newFiles: number
  /** Plain bytes of content that the repository did not hold. */
  readonly newBytes: number
  /** If the ref had this root already: blocks that were missing all the same, and are stored again. Else 0. */
  readonly restoredBlocks: number
  /** Bytes by which its packs grew. */
  readonly storedBytes: number
  readonly elapsedMs: number
  readonly skipped: readonly SkippedPath[]
}

export interface HashResult {
  readonly root: CidText
  readonly files: number
  readonly bytes: number
  readonly skipped: readonly SkippedPath[]
}

export interface CheckoutResult {
  readonly root: CidText
  readonly files: number
  readonly bytes: number
  readonly elapsedMs: number
  /** True if the folder was like this already and nothing was written. */
  readonly unchanged: boolean
}

export interface SnapshotInfo {
  readonly snapshot: CidText
  readonly root: CidText
  readonly parents: readonly CidText[]
  readonly message: string
  readonly author: string | null
  readonly time: string
  readonly source: SnapshotSource | null
  readonly meta: { readonly [key: string]: JsonValue }
  /** True if garbage collection removed its data, by a rule it was given. */
  readonly evicted: boolean
  /** The remote that its data is read from when it is asked for, since it was left there; null if it is not. */
  readonly leftAt: string | null
}

/** A snapshot, or a root by itself, with what its manifest says. */
export interface RevisionInfo {
  readonly root: CidText
  readonly entries: number
  readonly files: number
  readonly bytes: number
  readonly chunker: string
  /** Null if the revision names a root. */
  readonly snapshot: SnapshotInfo | null
  /** Refs and tags that point to the snapshot. */
  readonly refs: readonly string[]
}

export interface RefInfo {
  readonly name: string
  readonly kind: 'ref' | 'tag'
  readonly snapshot: CidText
  readonly root: CidText
  readonly time: string
  readonly message: string
}

/** A ref that was moved, and where it was. */
export interface MovedRef extends RefInfo {
  /** The snapshot that it pointed to. If nothing else leads there, garbage collection removes it. */
  readonly before: CidText
  /** False if it was there already, and nothing was done. */
  readonly moved: boolean
}

export interface ListedEntry extends EntryInfo {
  readonly path: string
}
