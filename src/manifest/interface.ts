import type { CID } from '../cid/cid.ts'
import type { CborInput } from '../codec/cbor-decoder.ts'

/** How the values of a tree are kept in its leaves. */
export interface ValueCodec<V> {
  /** The dag-cbor form of a value. */
  encode(value: V): unknown
  /** Inverse of `encode`. @throws MalformedDataError for anything that `encode` never returns */
  decode(value: unknown): V
  /** The same of a value that stands in a block at `input.at`, for values that are quicker read without what `decode` takes. Moves on behind it. @param depth arrays around it */
  read?(input: CborInput, depth: number): V
  /** Length in bytes of the dag-cbor encoding of `encode(value)`, known without encoding. */
  weigh(value: V): number
  equals(a: V, b: V): boolean
  /** Called for each key that is written or read. @throws MalformedDataError or UnsafePathError if no tree of this kind may hold it */
  checkKey?(key: Uint8Array): void
  /** Called for each pair of neighbours in key order. @throws MalformedDataError if they may not stand together */
  checkNeighbours?(previous: Uint8Array, next: Uint8Array): void
}

/** One item of a tree. */
export interface TreeItem<V> {
  readonly key: Uint8Array
  readonly value: V
}

/** A change to one key: a value to set, or undefined to remove it. */
export interface TreeEdit<V> {
  readonly key: Uint8Array
  readonly value: V | undefined
}

/** A key whose value differs between two trees; `before` or `after` is undefined where the tree lacks the key. */
export interface TreeDifference<V> {
  readonly key: Uint8Array
  readonly before: V | undefined
  readonly after: V | undefined
}

/** What a path holds. Sizes are in bytes. */
export type ManifestValue =
  | { readonly kind: 'file' | 'executable'; readonly size: number; readonly cid: CID }
  | { readonly kind: 'symlink'; readonly target: Uint8Array }
  | { readonly kind: 'directory' }

export type EntryKind = ManifestValue['kind']

/** One entry of a manifest; `path` is bytes joined by `/`. */
export interface ManifestEntry {
  readonly path: Uint8Array
  readonly value: ManifestValue
}

/** Totals that a manifest's block states, checked on full verification. */
export interface ManifestTotals {
  /** Entries of every kind. */
  readonly entries: number
  /** Entries that are files, executable or not. */
  readonly files: number
  /** Sum of the sizes of files. */
  readonly bytes: number
}

/** A manifest that has been written. */
export interface BuiltManifest {
  /** CID of the manifest block. */
  readonly root: CID
  readonly totals: ManifestTotals
}

/** A change to one path: a value to set, or undefined to remove it. */
export interface ManifestEdit {
  readonly path: Uint8Array
  readonly value: ManifestValue | undefined
}

/** A path whose value differs between two manifests; `before` or `after` is undefined where the manifest lacks the path. */
export interface ManifestDifference {
  readonly path: Uint8Array
  readonly before: ManifestValue | undefined
  readonly after: ManifestValue | undefined
}
