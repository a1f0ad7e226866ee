import { compareBytes, toHex, utf8 } from '../bytes.ts'
import { DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import { PACK_ID_SIZE_BYTES, type PackKind } from './pack-format.ts'
import { FILE_HEADER_SIZE_BYTES } from './tail.ts'

export const RECORD_SIZE_BYTES = 48
/** Records of a page: one page is what a cold look-up reads, 48 KiB. */
const PAGE_RECORDS = 1024
export const PAGE_SIZE_BYTES: number = RECORD_SIZE_BYTES * PAGE_RECORDS
export const PACK_TABLE_ROW_SIZE_BYTES = 32
export const PAGE_TABLE_ROW_SIZE_BYTES = 64

/** A pack that an index file covers. */
export interface IndexedPack {
  readonly id: Uint8Array
  readonly size: number
  readonly kind: PackKind
}

/** How the root record names an index file. */
export interface IndexName {
  readonly id: Uint8Array
  readonly size: number
  /** The digest in the file's footer. */
  readonly digest: Uint8Array
}

/** One line of an index, with the pack as a number in some pack table. */
export interface IndexRecord {
  readonly pack: number
  /** Of the block header, from the beginning of the pack. */
  readonly offset: number
  readonly storedSize: number
  readonly size: number
  readonly codec: number
}

export function indexKey(id: Uint8Array): string {
  return `index/${toHex(id)}.idx`
}

export function newIndexId(randomBytes: (length: number) => Uint8Array): Uint8Array {
  return randomBytes(PACK_ID_SIZE_BYTES)
}

export function encodeIndexHeader(): Uint8Array {
  const header = new Uint8Array(FILE_HEADER_SIZE_BYTES)
  header.set(utf8('VARVINDX'))
  header[8] = 1
  return header
}

export function encodeRecord(digest: Uint8Array, record: IndexRecord, target: Uint8Array, at: number): void {
  target.set(digest, at)
  const view = new DataView(target.buffer, target.byteOffset + at + DIGEST_SIZE_BYTES, RECORD_SIZE_BYTES - DIGEST_SIZE_BYTES)
  view.setUint32(0, record.pack, true)
  view.setUint32(4, record.offset, true)
  view.setUint32(8, record.storedSize, true)
  view.setUint32(12, record.size | (record.codec << 24), true)
}

export function decodeRecord(source: Uint8Array, at: number): IndexRecord {
  const view = new DataView(source.buffer, source.byteOffset + at + DIGEST_SIZE_BYTES, RECORD_SIZE_BYTES - DIGEST_SIZE_BYTES)
  return {
    pack: view.getUint32(0, true),
    offset: view.getUint32(4, true),
    storedSize: view.getUint32(8, true),
    size: view.getUint32(12, true) & 0xffffff,
    codec: view.getUint8(15),
  }
}

/** Compares the digest at `at` in `source` with `digest`. */
export function compareDigestAt(source: Uint8Array, at: number, digest: Uint8Array): number {
  for (let index = 0; index < DIGEST_SIZE_BYTES; index++) {
    const difference = (source[at + index] as number) - (digest[index] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/** The order of records in an index file: digest, then pack number, then offset. */
export function compareRecords(a: Uint8Array, b: Uint8Array): number {
  const byDigest = compareBytes(a.subarray(0, DIGEST_SIZE_BYTES), b.subarray(0, DIGEST_SIZE_BYTES))
  if (byDigest !== 0) return byDigest
  const left = decodeRecord(a, 0)
  const right = decodeRecord(b, 0)
  return left.pack - right.pack || left.offset - right.offset
}
