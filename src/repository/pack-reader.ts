import { equalBytes } from '../bytes.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { decompressBlock, DELTA_CODEC } from '../codec/block-compression.ts'
import { CorruptObjectError, NotFoundError, UnsupportedFormatError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import type { IndexedPack } from './index-format.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader, checkOf, decodeBlockHeader, encodePackHeader, packKey } from './pack-format.ts'
import { assertTail, FILE_HEADER_SIZE_BYTES, FOOTER_SIZE_BYTES, readFooterCounts } from './tail.ts'

/** One block as a pack holds it. */
export interface PackedBlock {
  readonly header: BlockHeader
  /** Of the block header, from the beginning of the pack. */
  readonly offset: number
  /** Why the block is damaged, or undefined if it is sound. */
  readonly damage: string | undefined
}

/** Undoes a delta whose payload is as it was written; says what is wrong if that cannot be done. */
export type OpenDelta = (header: BlockHeader, offset: number, stored: Uint8Array) => Promise<string | undefined>

/** The most that is read at a time, but for a trailer. */
export const READ_SIZE_BYTES: number = 4 * 1024 * 1024

/**
 * Every block of a pack in order, each hashed. Where headers are damaged the trailer, which is checked first, tells where the blocks are; a
 * pack whose trailer is damaged too cannot be read. Reads the pack once, 4 MiB at a time.
 *
 * @throws CorruptObjectError if the pack is missing, truncated, or its trailer or file header is damaged
 */
export async function* readPack(
  storage: Pick<Storage, 'get'>, platform: Platform, hasher: Hasher, pack: IndexedPack, openDelta: OpenDelta,
): AsyncGenerator<PackedBlock> {
  yield* readBlocks(storage, platform, hasher, pack, headersIn(await readTrailerRows(storage, hasher, pack)), openDelta)
}

/** The same with the headers known. Nothing of what one read returned is used after the next. */
export async function* readBlocks(
  storage: Pick<Storage, 'get'>, platform: Platform, hasher: Hasher, pack: IndexedPack, headers: Iterable<BlockHeader>, openDelta: OpenDelta,
): AsyncGenerator<PackedBlock> {
  let window: Uint8Array = new Uint8Array(0)
  let windowStart = 0
  let offset = FILE_HEADER_SIZE_BYTES
  for (const header of headers) {
    const length = BLOCK_HEADER_SIZE_BYTES + header.storedSize
    if (offset + length > windowStart + window.length) {
      windowStart = offset
      window = await readExactly(storage, pack, offset, Math.min(offset + Math.max(length, READ_SIZE_BYTES), pack.size))
    }
    const stored = window.subarray(offset - windowStart, offset - windowStart + length)
    const damage = damageOf(platform, hasher, header, stored)
    yield { header, offset, damage: damage ?? (header.codec === DELTA_CODEC ? await openDelta(header, offset, stored) : undefined) }
    offset += length
  }
}

function damageOf(platform: Platform, hasher: Hasher, header: BlockHeader, stored: Uint8Array): string | undefined {
  const found = decodeBlockHeader(stored, 0)
  if (found === undefined || !sameHeader(found, header)) return 'its header differs from the one in the trailer'
  const payload = stored.subarray(BLOCK_HEADER_SIZE_BYTES)
  // A payload can be altered and still decompress to the same bytes; its own check tells.
  if (header.codec !== 0 && checkOf(hasher.digest(payload)) !== header.check) return 'its payload does not match its checksum'
  if (header.codec === DELTA_CODEC) return undefined
  try {
    const digest = hasher.digest(decompressBlock(platform, header.codec, payload, header.size))
    if (!equalBytes(digest, header.digest)) return 'its bytes do not hash to its CID'
    return header.codec === 0 && checkOf(digest) !== header.check ? 'its checksum does not match' : undefined
  } catch (error) {
    if (error instanceof UnsupportedFormatError) throw error
    return 'it cannot be decompressed'
  }
}

function sameHeader(a: BlockHeader, b: BlockHeader): boolean {
  return a.codec === b.codec && a.code === b.code && a.storedSize === b.storedSize && a.size === b.size && a.check === b.check && equalBytes(a.digest, b.digest)
}

/** The headers of all blocks of a pack, in order. @throws CorruptObjectError as `readPack` does */
export async function readTrailer(storage: Pick<Storage, 'get'>, hasher: Hasher, pack: IndexedPack): Promise<readonly BlockHeader[]> {
  return [...headersIn(await readTrailerRows(storage, hasher, pack))]
}

/** The headers in what `readTrailerRows` gave, made one by one: a pack may have more than it has room for as objects. */
export function* headersIn(rows: Uint8Array): Generator<BlockHeader, void, undefined> {
  for (let at = 0; at < rows.length; at += BLOCK_HEADER_SIZE_BYTES) yield decodeBlockHeader(rows, at) as BlockHeader
}

/** The same as bytes, each header known to be one. @throws CorruptObjectError as `readPack` does */
export async function readTrailerRows(storage: Pick<Storage, 'get'>, hasher: Hasher, pack: IndexedPack): Promise<Uint8Array> {
  const key = packKey(pack.id)
  const footerStart = pack.size - FOOTER_SIZE_BYTES
  const footer = await readExactly(storage, pack, footerStart, pack.size)
  const count = readFooterCounts(key, footer).getUint32(0, true)
  const trailerStart = footerStart - count * BLOCK_HEADER_SIZE_BYTES
  if (trailerStart < FILE_HEADER_SIZE_BYTES) throw new CorruptObjectError(`${key} is damaged: its footer counts more blocks than fit`, { data: { key } })
  const trailer = await readExactly(storage, pack, trailerStart, footerStart)
  const fileHeader = await readExactly(storage, pack, 0, FILE_HEADER_SIZE_BYTES)
  assertTail(hasher, key, fileHeader, trailer, footer)
  if (!equalBytes(fileHeader, encodePackHeader(pack.kind))) {
    throw new CorruptObjectError(`${key} is not the kind of pack that the index says`, { data: { key } })
  }
  let end = FILE_HEADER_SIZE_BYTES
  for (let at = 0; at < trailer.length; at += BLOCK_HEADER_SIZE_BYTES) {
    const header = decodeBlockHeader(trailer, at)
    if (header === undefined) throw new CorruptObjectError(`${key} is damaged: its trailer holds something that is no block header`, { data: { key } })
    end += BLOCK_HEADER_SIZE_BYTES + header.storedSize
  }
  if (end !== trailerStart) throw new CorruptObjectError(`${key} is damaged: its blocks do not fill it`, { data: { key } })
  return trailer
}

async function readExactly(storage: Pick<Storage, 'get'>, pack: IndexedPack, start: number, end: number): Promise<Uint8Array> {
  const key = packKey(pack.id)
  let bytes: Uint8Array
  try {
    bytes = await storage.get(key, { range: { start: Math.max(0, start), end } })
  } catch (cause) {
    if (!(cause instanceof NotFoundError)) throw cause
    throw new CorruptObjectError(`${key} is missing, though an index names it`, { cause, data: { key } })
  }
  if (start < 0 || bytes.length !== end - start) throw new CorruptObjectError(`${key} is truncated: ${pack.size} bytes were written`, { data: { key } })
  return bytes
}

