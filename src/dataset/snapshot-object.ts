import { type CID, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import { decodeCbor, encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asCid, asRecord, asText } from '../codec/shape.ts'
import { InvalidArgumentError, MalformedDataError, UnsupportedFormatError } from '../errors.ts'
import type { JsonValue } from '../types.ts'

/** Where the data of a snapshot came from. */
export interface SnapshotSource {
  readonly uri: string | null
  /** RFC 3339. */
  readonly retrievedAt: string | null
  /** An SPDX expression or the licence's name or address. */
  readonly licence: string | null
}

/** One point in a dataset's history. */
export interface Snapshot {
  readonly root: CID
  /** The predecessor first; empty for the first snapshot. */
  readonly parents: readonly CID[]
  /** Why the data changed. */
  readonly message: string
  readonly author: string | null
  /** RFC 3339, UTC. */
  readonly time: string
  readonly source: SnapshotSource | null
  readonly meta: { readonly [key: string]: JsonValue }
}

/** Deepest nesting of objects and arrays in the meta of a snapshot. */
const MAX_META_DEPTH = 256
const FIELDS = ['type', 'version', 'root', 'parents', 'message', 'author', 'time', 'source', 'meta'] as const
const SOURCE_FIELDS = ['uri', 'retrievedAt', 'licence'] as const

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  return encodeCbor({ ...snapshot, type: 'snapshot', version: 1, meta: canonicalJson(snapshot.meta) })
}

/** @throws MalformedDataError if this is no snapshot; @throws UnsupportedFormatError if it is one of a newer version */
function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const value = decodeCbor(bytes)
  const version = (value as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > 1) {
    throw new UnsupportedFormatError(`A snapshot has version ${version}; this version of varve knows 1`, { data: { version } })
  }
  const fields = asRecord(value, 'A snapshot', FIELDS)
  if (fields.type !== 'snapshot' || version !== 1) throw new MalformedDataError('A block that should be a snapshot is something else')
  return {
    root: asCid(fields.root, 'A snapshot’s root', DAG_CBOR_CODE),
    parents: asArray(fields.parents, 'A snapshot’s parents').map((parent) => asCid(parent, 'A snapshot’s parent', DAG_CBOR_CODE)),
    message: asText(fields.message, 'A snapshot’s message'),
    author: textOrNull(fields.author, 'A snapshot’s author'),
    time: asText(fields.time, 'A snapshot’s time'),
    source: fields.source === null ? null : decodeSource(fields.source),
    meta: parseMeta(asText(fields.meta, 'A snapshot’s meta')),
  }
}

/** Reads a snapshot. @throws NotFoundError or CorruptBlockError from the source, and what `decodeSnapshot` throws */
export async function readSnapshot(source: BlockSource, cid: CID): Promise<Snapshot> {
  try {
    return decodeSnapshot(await source.get(cid))
  } catch (error) {
    if (!(error instanceof MalformedDataError)) throw error
    throw new MalformedDataError(`${cidText(cid)} is not a sound snapshot: ${error.message}`, { cause: error, data: { cid: cidText(cid) } })
  }
}

function decodeSource(value: unknown): SnapshotSource {
  const fields = asRecord(value, 'A snapshot’s source', SOURCE_FIELDS)
  return { uri: textOrNull(fields.uri, 'A source’s uri'), retrievedAt: textOrNull(fields.retrievedAt, 'A source’s retrievedAt'), licence: textOrNull(fields.licence, 'A source’s licence') }
}

function textOrNull(value: unknown, what: string): string | null {
  return value === null ? null : asText(value, what)
}

function parseMeta(text: string): { readonly [key: string]: JsonValue } {
  assertMetaDepth(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new MalformedDataError('A snapshot’s meta is not JSON', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MalformedDataError('A snapshot’s meta must be a JSON object')
  return value as { [key: string]: JsonValue }
}

/** Looks at brackets alone, before anything is made of them: whoever writes the meta out again goes as deep as it does. */
function assertMetaDepth(text: string): void {
  let depth = 0
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') isText = !isText
    else if (isText) {
      if (character === '\\') at++
    } else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    if (depth > MAX_META_DEPTH) throw new MalformedDataError(`A snapshot’s meta is nested deeper than ${MAX_META_DEPTH} levels`)
  }
}

/** JSON with the keys of every object in order of their UTF-16 units. @throws InvalidArgumentError for what JSON cannot hold, and for what is nested too deep */
function canonicalJson(value: JsonValue, depth = 1): string {
  if (depth > MAX_META_DEPTH && typeof value === 'object' && value !== null) throw new InvalidArgumentError(`The meta of a snapshot is nested deeper than ${MAX_META_DEPTH} levels`)
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map((item) => canonicalJson(item, depth + 1)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const rows = Object.entries(value as { [key: string]: JsonValue })
    return `{${rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item, depth + 1)}`).join(',')}}`
  }
  const finite = typeof value !== 'number' || Number.isFinite(value)
  if (!finite || !['string', 'number', 'boolean', 'object'].includes(typeof value)) throw new InvalidArgumentError(`JSON cannot hold ${String(value)}`)
  return JSON.stringify(value)
}
