import { compareBytes } from '../bytes.ts'
import { pathToText, keyFromPath } from '../manifest/path.ts'
import type { ManifestEntry, ManifestValue } from '../manifest/interface.ts'
import { manifestValuesEqual } from '../manifest/manifest-values.ts'
import type { AnyIterable } from '../types.ts'

/** A path that differs; `before` is undefined for an added path and `after` for a removed one. */
export interface EntryDifference {
  readonly path: Uint8Array
  readonly before: ManifestValue | undefined
  readonly after: ManifestValue | undefined
}

/** What one side holds at a path, as plain JSON. */
export interface EntryInfo {
  readonly kind: ManifestValue['kind']
  readonly size?: number
  readonly cid?: string
  readonly target?: string
}

export interface Difference {
  readonly path: string
  readonly before?: EntryInfo
  readonly after?: EntryInfo
}

/** What differs between two states of a dataset, by path. */
export interface DiffResult {
  readonly added: readonly Difference[]
  readonly removed: readonly Difference[]
  readonly modified: readonly Difference[]
  readonly summary: { readonly added: number; readonly removed: number; readonly modified: number; readonly bytesAdded: number; readonly bytesRemoved: number }
}

/** Differences of two sequences of entries, both in key order; holds one entry of each. */
export async function* compareEntries(before: AnyIterable<ManifestEntry>, after: AnyIterable<ManifestEntry>): AsyncGenerator<EntryDifference> {
  const left = iterator(before)
  const right = iterator(after)
  try {
    let [a, b] = await Promise.all([left.next(), right.next()])
    while (a.done !== true || b.done !== true) {
      const order = a.done === true ? 1 : b.done === true ? -1 : compareBytes(keyFromPath(a.value.path), keyFromPath(b.value.path))
      if (order < 0 && a.done !== true) {
        yield { path: a.value.path, before: a.value.value, after: undefined }
        a = await left.next()
      } else if (order > 0 && b.done !== true) {
        yield { path: b.value.path, before: undefined, after: b.value.value }
        b = await right.next()
      } else if (a.done !== true && b.done !== true) {
        if (!manifestValuesEqual(a.value.value, b.value.value)) yield { path: b.value.path, before: a.value.value, after: b.value.value }
        a = await left.next()
        b = await right.next()
      }
    }
  } finally {
    await left.return?.()
    await right.return?.()
  }
}

/** Gathers differences for printing. */
export async function collectDifferences(differences: AnyIterable<EntryDifference>): Promise<DiffResult> {
  const lists = { added: [] as Difference[], removed: [] as Difference[], modified: [] as Difference[] }
  let bytesAdded = 0
  let bytesRemoved = 0
  for await (const { path, before, after } of differences) {
    const kind = before === undefined ? 'added' : after === undefined ? 'removed' : 'modified'
    lists[kind].push({
      path: pathToText(path), ...(before === undefined ? {} : { before: entryInfo(before) }), ...(after === undefined ? {} : { after: entryInfo(after) }),
    })
    bytesAdded += sizeOf(after)
    bytesRemoved += sizeOf(before)
  }
  const { added, removed, modified } = lists
  return { ...lists, summary: { added: added.length, removed: removed.length, modified: modified.length, bytesAdded, bytesRemoved } }
}

/** A manifest value as plain JSON. */
export function entryInfo(value: ManifestValue): EntryInfo {
  switch (value.kind) {
    case 'file':
    case 'executable':
      return { kind: value.kind, size: value.size, cid: value.cid.toString() }
    case 'symlink':
      return { kind: value.kind, target: pathToText(value.target) }
    case 'directory':
      return { kind: value.kind }
  }
}

function sizeOf(value: ManifestValue | undefined): number {
  return value?.kind === 'file' || value?.kind === 'executable' ? value.size : 0
}

function iterator<T>(source: AnyIterable<T>): AsyncIterator<T> {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]()
  const inner = source[Symbol.iterator]()
  return { next: async () => inner.next(), return: async () => inner.return?.() ?? { done: true, value: undefined } }
}
