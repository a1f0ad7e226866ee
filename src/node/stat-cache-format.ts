import { hash } from 'node:crypto'
import type { ByteText } from './byte-text.ts'

/**
 * The form of a stat cache: a header, then pages that each carry their own hash. A file is written from front to back and read the same way, so that
 * neither side holds more than a page.
 *
 *     header  "VARVSTAT", version 2 (1 byte), 7 × 0 | 16 SHA-256 of the identity, 32 bytes
 *     page    0 length of the records u32 | 4 12 × 0 | 16 SHA-256 of the records, 32 bytes | 48 records
 *     record  0 characters shared with the path before in the page u16 | 2 length of the rest u16 | 4 content codec | 5 hash code | 6 2 × 0
 *             8 size u64 | 16 mtime i64 | 24 ctime i64 | 32 inode u64 | 40 digest, 32 bytes | 72 rest of the path
 *
 * Integers are little-endian, times in nanoseconds. Paths are manifest keys. The identity is a text that says what the content was hashed for: the
 * same file has another CID in a repository with another hash or chunker.
 */
const CACHE_MAGIC: Uint8Array = Uint8Array.from([...Buffer.from('VARVSTAT'), 2, 0, 0, 0, 0, 0, 0, 0])
export const CACHE_HEADER_SIZE_BYTES = 48
export const PAGE_HEADER_SIZE_BYTES = 48
/** A page is closed by the record that takes it to this size. */
export const PAGE_TARGET_SIZE_BYTES: number = 64 * 1024
export const RECORD_SIZE_BYTES = 72
/** Longest key: the longest path that systems take. */
export const MAX_CACHED_KEY_BYTES = 4096
export const MAX_PAGE_SIZE_BYTES: number = PAGE_TARGET_SIZE_BYTES + RECORD_SIZE_BYTES + MAX_CACHED_KEY_BYTES

const DIGEST_SIZE_BYTES = 32
const DIGEST_AT = 40
const PAGE_DIGEST_AT = 16

/** One record. `digest` is a view of the page that it was read from. */
export interface CacheRecord {
  readonly key: ByteText
  readonly codec: number
  readonly hashCode: number
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly ino: bigint
  readonly digest: Uint8Array
}

/** The header of a cache with this identity. */
export function cacheHeader(identity: string): Buffer {
  return Buffer.concat([CACHE_MAGIC, digestOf(Buffer.from(identity))])
}

/** Writes a record to a page at `offset`. Returns its end. */
export function encodeRecord(page: Buffer, offset: number, record: CacheRecord, previousKey: string): number {
  const { key } = record
  let shared = 0
  while (shared < key.length && shared < previousKey.length && key.charCodeAt(shared) === previousKey.charCodeAt(shared)) shared++
  // Not Buffer's own methods, which take four times as long for numbers of 64 bits.
  const view = new DataView(page.buffer, page.byteOffset + offset, RECORD_SIZE_BYTES)
  view.setUint16(0, shared, true)
  view.setUint16(2, key.length - shared, true)
  view.setUint32(4, record.codec | (record.hashCode << 8), true)
  view.setBigUint64(8, record.size, true)
  view.setBigInt64(16, record.mtimeNs, true)
  view.setBigInt64(24, record.ctimeNs, true)
  view.setBigUint64(32, record.ino, true)
  page.set(record.digest, offset + DIGEST_AT)
  page.write(key.slice(shared), offset + RECORD_SIZE_BYTES, 'latin1')
  return offset + RECORD_SIZE_BYTES + key.length - shared
}

/** Whether the record at `offset` is of a file that stands as it did. */
export function hasFacts(records: DataView, offset: number, { size, mtimeNs, ctimeNs, ino }: Pick<CacheRecord, 'size' | 'mtimeNs' | 'ctimeNs' | 'ino'>): boolean {
  return records.getBigUint64(offset + 8, true) === size && records.getBigInt64(offset + 16, true) === mtimeNs && records.getBigInt64(offset + 24, true) === ctimeNs && records.getBigUint64(offset + 32, true) === ino
}

/** What the file of the record at `offset` held. The digest is a view. */
export function contentAt(records: DataView, offset: number): Pick<CacheRecord, 'codec' | 'hashCode' | 'digest'> {
  return { codec: records.getUint8(offset + 4), hashCode: records.getUint8(offset + 5), digest: new Uint8Array(records.buffer, records.byteOffset + offset + DIGEST_AT, DIGEST_SIZE_BYTES) }
}

/** The key of the record at `offset` and its end, or undefined if it is not sound. */
export function decodeKey(records: Buffer, offset: number, previousKey: string): { key: ByteText; end: number } | undefined {
  const start = offset + RECORD_SIZE_BYTES
  if (start > records.length) return undefined
  const shared = records.readUInt16LE(offset)
  const end = start + records.readUInt16LE(offset + 2)
  if (shared > previousKey.length || end > records.length) return undefined
  return { key: `${previousKey.slice(0, shared)}${records.toString('latin1', start, end)}` as ByteText, end }
}

/** All of the record at `offset`, whose key is known. */
export function decodeRecord(records: Buffer, offset: number, key: ByteText): CacheRecord {
  const view = new DataView(records.buffer, records.byteOffset + offset, RECORD_SIZE_BYTES)
  return {
    key,
    codec: view.getUint8(4),
    hashCode: view.getUint8(5),
    size: view.getBigUint64(8, true),
    mtimeNs: view.getBigInt64(16, true),
    ctimeNs: view.getBigInt64(24, true),
    ino: view.getBigUint64(32, true),
    digest: records.subarray(offset + DIGEST_AT, offset + RECORD_SIZE_BYTES),
  }
}

/** Fills in the header of a page whose records end at `end`. */
export function sealPage(page: Buffer, end: number): void {
  page.fill(0, 0, PAGE_HEADER_SIZE_BYTES)
  page.writeUInt32LE(end - PAGE_HEADER_SIZE_BYTES, 0)
  page.set(digestOf(page.subarray(PAGE_HEADER_SIZE_BYTES, end)), PAGE_DIGEST_AT)
}

/** The number of bytes that follow a page header, or undefined if no page is so large. */
export function pageLength(header: Buffer): number | undefined {
  const length = header.readUInt32LE(0)
  return length > 0 && length <= MAX_PAGE_SIZE_BYTES ? length : undefined
}

/** True if the records are those that the header was made for. */
export function isSealed(header: Buffer, records: Buffer): boolean {
  return digestOf(records).equals(header.subarray(PAGE_DIGEST_AT, PAGE_DIGEST_AT + DIGEST_SIZE_BYTES))
}

function digestOf(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer')
}
