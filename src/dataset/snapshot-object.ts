import { type CID, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import { canonicalJson, parseJsonObject } from '../codec/canonical-json.ts'
import { decodeCbor, encodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { asArray, asCid, asRecord, asText } from '../codec/shape.ts'
import { MalformedDataError, UnsupportedFormatError } from '../errors.ts'
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

const FIELDS = ['type', 'version', 'root', 'parents', 'message', 'author', 'time', 'source', 'meta'] as const
const SOURCE_FIELDS = ['uri', 'retrievedAt', 'licence'] as const

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  return encodeCbor({ ...snapshot, type: 'snapshot', version: 1, meta: canonicalJson(snapshot.meta, 'The meta of a snapshot') })
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
    meta: parseJsonObject(asText(fields.meta, 'A snapshot’s meta'), 'A snapshot’s meta'),
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
