import { toHex } from '../bytes.ts'
import { DIGEST_SIZE_BYTES, type BlockCode } from '../cid/cid.ts'
import { utf8 } from '../bytes.ts'
import { FILE_HEADER_SIZE_BYTES } from './tail.ts'

/** Data packs hold chunks; metadata packs hold dag-cbor, so that listing and diffing never read between file content. */
export type PackKind = 'data' | 'metadata'

export const BLOCK_HEADER_SIZE_BYTES = 48
export const PACK_ID_SIZE_BYTES = 16
/** Largest plain block. */
export const MAX_BLOCK_SIZE_BYTES: number = 1024 * 1024

const KINDS: readonly PackKind[] = ['data', 'metadata']
const HEADER_MAGIC = 0x6276 // "vb", little-endian
const DIGEST_OFFSET = 16

/** What stands before each payload in a pack. */
export interface BlockHeader {
  readonly codec: number
  readonly code: BlockCode
  /** Bytes of the payload. */
  readonly storedSize: number
  /** Bytes of the block. */
  readonly size: number
  /** First 4 bytes of the hash of the payload, as a number. */
  readonly check: number
  /** Hash of the block. */
  readonly digest: Uint8Array
}

export function packKey(id: Uint8Array): string {
  const name = toHex(id)
  return `packs/${name.slice(0, 2)}/${name}.pack`
}

export function packKindByte(kind: PackKind): number {
  return KINDS.indexOf(kind)
}

export function packKindFromByte(byte: number): PackKind | undefined {
  return KINDS[byte]
}

export function encodePackHeader(kind: PackKind): Uint8Array {
  const header = new Uint8Array(FILE_HEADER_SIZE_BYTES)
  header.set(utf8('VARVPACK'))
  header[8] = 1
  header[9] = packKindByte(kind)
  return header
}

/** Writes a header into `target` at `offset`. */
export function encodeBlockHeader(header: BlockHeader, target: Uint8Array, offset: number): void {
  const view = new DataView(target.buffer, target.byteOffset + offset, BLOCK_HEADER_SIZE_BYTES)
  view.setUint16(0, HEADER_MAGIC, true)
  view.setUint8(2, header.codec)
  view.setUint8(3, header.code)
  view.setUint32(4, header.storedSize, true)
  view.setUint32(8, header.size, true)
  view.setUint32(12, header.check, true)
  target.set(header.digest, offset + DIGEST_OFFSET)
}

/** The header at `offset`, or undefined if there is none. `digest` is a view. */
export function decodeBlockHeader(source: Uint8Array, offset: number): BlockHeader | undefined {
  if (offset + BLOCK_HEADER_SIZE_BYTES > source.length) return undefined
  const view = new DataView(source.buffer, source.byteOffset + offset, BLOCK_HEADER_SIZE_BYTES)
  const code = view.getUint8(3)
  const storedSize = view.getUint32(4, true)
  const size = view.getUint32(8, true)
  if (view.getUint16(0, true) !== HEADER_MAGIC || (code !== 0x55 && code !== 0x71) || size > MAX_BLOCK_SIZE_BYTES || storedSize > size) return undefined
  const digest = source.subarray(offset + DIGEST_OFFSET, offset + DIGEST_OFFSET + DIGEST_SIZE_BYTES)
  return { codec: view.getUint8(2), code, storedSize, size, check: view.getUint32(12, true), digest }
}

/** The four bytes of a payload's hash that a block header carries. */
export function checkOf(payloadDigest: Uint8Array): number {
  return new DataView(payloadDigest.buffer, payloadDigest.byteOffset, 4).getUint32(0, true)
}
