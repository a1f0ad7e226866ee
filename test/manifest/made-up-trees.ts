import { compareBytes, utf8 } from '../../src/bytes.ts'
import { type CID, cidOf, RAW_CODE } from '../../src/cid/cid.ts'
import type { Hasher } from '../../src/cid/interface.ts'
import { asBytes } from '../../src/codec/shape.ts'
import type { BlockSink } from '../../src/codec/interface.ts'
import { equalBytes } from '../../src/bytes.ts'
import type { BuiltManifest, ManifestEntry, ManifestValue, TreeItem, ValueCodec } from '../../src/manifest/interface.ts'
import { ManifestBuilder } from '../../src/manifest/manifest.ts'
import { keyFromPath, pathFromText } from '../../src/manifest/path.ts'
import { TreeBuilder } from '../../src/manifest/tree-builder.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'

export const hasher: Hasher = nodePlatform.hasher('sha2-256')
export const CHUNKER = 'fastcdc2020-64K-256K-1M'

/** Byte strings as values, without rules. */
export const bytesCodec: ValueCodec<Uint8Array> = {
  encode: (value) => value,
  decode: (value) => asBytes(value, 'A value'),
  weigh: (value) => value.length + (value.length < 24 ? 1 : value.length < 256 ? 2 : 3),
  equals: equalBytes,
}

/** Long keys and values, so that a few hundred items give a tree of three levels. Keys are in the order of their numbers. */
export function bulkyKey(id: number): Uint8Array {
  return utf8(String(id).padStart(8, '0').repeat(450))
}

export function bulkyValue(seed: number): Uint8Array {
  return new Uint8Array(1500).fill(seed)
}

export async function buildTree(sink: BlockSink, items: readonly TreeItem<Uint8Array>[]): Promise<CID> {
  const builder = new TreeBuilder(sink, bytesCodec)
  for (const { key, value } of [...items].sort((a, b) => compareBytes(a.key, b.key))) await builder.add(key, value)
  return (await builder.finish()).root
}

/** File content whose CID is that of the text. */
export function fileValue(content: string, kind: 'file' | 'executable' = 'file'): ManifestValue {
  const bytes = utf8(content)
  return { kind, size: bytes.length, cid: cidOf(hasher, RAW_CODE, bytes) }
}

export function entry(path: string, value: ManifestValue = fileValue(path)): ManifestEntry {
  return { path: pathFromText(path), value }
}

/** Entry `i` of a generated folder; the formula is in test/vectors/manifest.json. */
export function generatedEntry(index: number): ManifestEntry {
  return entry(`class-${String(index % 97).padStart(3, '0')}/item-${String(index).padStart(7, '0')}.bin`, fileValue(`content ${index}`))
}

export function generatedEntries(count: number): ManifestEntry[] {
  return sortEntries(Array.from({ length: count }, (_, index) => generatedEntry(index)))
}

export function sortEntries(entries: readonly ManifestEntry[]): ManifestEntry[] {
  return entries
    .map((entry) => ({ entry, key: keyFromPath(entry.path) }))
    .sort((a, b) => compareBytes(a.key, b.key))
    .map(({ entry }) => entry)
}

export async function buildManifest(sink: BlockSink, entries: readonly ManifestEntry[]): Promise<BuiltManifest> {
  const builder = new ManifestBuilder(sink, CHUNKER)
  for (const entry of sortEntries(entries)) await builder.add(entry)
  return builder.finish()
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
