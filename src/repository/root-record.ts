import { type CID, DAG_CBOR_CODE, DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import type { Hasher } from '../cid/interface.ts'
import { asArray, asBytes, asCid, asCount, asRecord, asText, shownValue } from '../codec/shape.ts'
import { CorruptObjectError, MalformedDataError, UnsupportedFormatError } from '../errors.ts'
import type { IndexName } from './index-format.ts'
import { PACK_ID_SIZE_BYTES } from './pack-format.ts'
import { seal, unseal } from './sealed.ts'

/** The operation log as a root record holds it: a list tree of all but the newest operations, and the newest themselves. */
export interface OperationLog {
  readonly tree: CID | null
  /** Operations in all, those of the tree included. */
  readonly total: number
  /** The newest operations, oldest first. */
  readonly tail: readonly CID[]
}

/** The whole state of a repository at one moment. */
export interface RootRecord {
  /** From 1; 0 stands for the state before the first commit, which has no record. */
  readonly number: number
  /** Hash of the record before, or null for the first. */
  readonly previous: Uint8Array | null
  readonly refs: CID | null
  readonly indexes: readonly IndexName[]
  readonly operations: OperationLog
  readonly gcEpoch: number
  /** Sessions that may never commit. */
  readonly revoked: readonly string[]
  /** Tree of the blocks whose links are not followed any more, since garbage collection dropped what they lead to; null if there are none. */
  readonly evicted: CID | null
  /** Random; tells a writer that a record is its own. */
  readonly writer: Uint8Array
  readonly time: string
}

/** A record and the hash that the next one refers to it by. */
export interface ReadRecord {
  readonly record: RootRecord
  readonly digest: Uint8Array | null
}

const FIELDS = ['type', 'version', 'number', 'previous', 'refs', 'indexes', 'operations', 'gcEpoch', 'revoked', 'writer', 'time'] as const

/** The state of a repository to which nothing was committed. */
export const EMPTY_STATE: ReadRecord = {
  record: {
    number: 0, previous: null, refs: null, indexes: [], operations: { tree: null, total: 0, tail: [] }, gcEpoch: 0, revoked: [], evicted: null, writer: new Uint8Array(16), time: '',
  },
  digest: null,
}

export function recordKey(number: number): string {
  return `log/${String(number).padStart(12, '0')}`
}

export function encodeRootRecord(hasher: Hasher, record: RootRecord): Uint8Array {
  const { operations, evicted, ...rest } = record
  return seal(hasher, {
    ...rest,
    ...(evicted === null ? {} : { evicted }),
    type: 'root',
    version: 1,
    indexes: record.indexes.map((index) => [index.id, index.size, index.digest]),
    operations: [operations.tree, operations.total, operations.tail],
  })
}

/** @throws CorruptObjectError or MalformedDataError naming the record; @throws UnsupportedFormatError for a newer version */
export function decodeRootRecord(hasher: Hasher, number: number, bytes: Uint8Array): ReadRecord {
  const key = recordKey(number)
  const value = unseal(hasher, key, bytes)
  const version = (value as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > 1) {
    throw new UnsupportedFormatError(`${key} has version ${version}; this version of varve knows 1`, { data: { key, version } })
  }
  const fields = asRecord(value, key, FIELDS, ['evicted'])
  if (fields.type !== 'root' || version !== 1) throw new MalformedDataError(`${key} is not a root record`, { data: { key } })
  if (fields.number !== number) throw new CorruptObjectError(`${key} says that it is record ${shownValue(fields.number)}: records were swapped`, { data: { key } })
  const [tree, total, tail] = asArray(fields.operations, `${key}: operations`, 3)
  return {
    digest: hasher.digest(bytes),
    record: {
      number,
      previous: fields.previous === null ? null : asBytes(fields.previous, `${key}: previous`, DIGEST_SIZE_BYTES),
      refs: fields.refs === null ? null : asCid(fields.refs, `${key}: refs`, DAG_CBOR_CODE),
      indexes: asArray(fields.indexes, `${key}: indexes`).map((row) => decodeIndexName(key, row)),
      operations: {
        tree: tree === null ? null : asCid(tree, `${key}: operations`, DAG_CBOR_CODE),
        total: asCount(total, `${key}: operations`),
        tail: asArray(tail, `${key}: operations`).map((cid) => asCid(cid, `${key}: operation`, DAG_CBOR_CODE)),
      },
      gcEpoch: asCount(fields.gcEpoch, `${key}: gcEpoch`),
      revoked: asArray(fields.revoked, `${key}: revoked`).map((id) => asText(id, `${key}: revoked`)),
      evicted: fields.evicted === undefined ? null : asCid(fields.evicted, `${key}: evicted`, DAG_CBOR_CODE),
      writer: asBytes(fields.writer, `${key}: writer`, 64),
      time: asText(fields.time, `${key}: time`),
    },
  }
}

function decodeIndexName(key: string, row: unknown): IndexName {
  const [id, size, digest] = asArray(row, `${key}: index`, 3)
  return { id: asBytes(id, `${key}: index`, PACK_ID_SIZE_BYTES), size: asCount(size, `${key}: index`), digest: asBytes(digest, `${key}: index`, DIGEST_SIZE_BYTES) }
}
