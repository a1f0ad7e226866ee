import { equalBytes, toHex } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { decompressBlock } from '../codec/block-compression.ts'
import { CorruptBlockError, UnsupportedFormatError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import type { BlockLocation } from './index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES, decodeBlockHeader, packKey } from './pack-format.ts'

/** Bytes that a block takes in its pack, header included. */
export function storedLength(location: BlockLocation): number {
  return BLOCK_HEADER_SIZE_BYTES + location.storedSize
}

/**
 * The plain bytes of a block that stands by itself, from its header and payload as read at `location`. Nothing leaves here that does not hash to the CID.
 * @throws CorruptBlockError saying what does not match
 */
export function openStoredBlock(platform: Platform, hasher: Hasher, cid: CID, location: BlockLocation, stored: Uint8Array): Uint8Array {
  const bytes = openUnhashed(platform, hasher, cid, location, stored)
  if (!equalBytes(hasher.digest(bytes), cid.multihash.digest)) throw corruptBlock(cid, location, 'its bytes do not hash to its CID')
  return bytes
}

/** The same without the hash: for bytes that go into others which are hashed, and nowhere else. */
export function openUnhashed(platform: Platform, _hasher: Hasher, cid: CID, location: BlockLocation, stored: Uint8Array): Uint8Array {
  assertStoredHeader(cid, location, stored)
  try {
    return decompressBlock(platform, location.codec, stored.subarray(BLOCK_HEADER_SIZE_BYTES), location.size)
  } catch (cause) {
    if (cause instanceof UnsupportedFormatError) throw cause
    throw corruptBlock(cid, location, 'it cannot be decompressed', cause)
  }
}

/** @throws CorruptBlockError if what was read does not begin with the header that the index describes */
export function assertStoredHeader(cid: CID, location: BlockLocation, stored: Uint8Array): void {
  if (stored.length !== storedLength(location)) throw corruptBlock(cid, location, 'the pack is truncated')
  const header = decodeBlockHeader(stored, 0)
  const matches =
    header !== undefined && header.codec === location.codec && header.storedSize === location.storedSize && header.size === location.size && equalBytes(header.digest, cid.multihash.digest)
  if (!matches) throw corruptBlock(cid, location, 'its header is not the one that the index describes')
}

/** The header and payload of a block as they stand in storage, unchecked. */
export function readStored(storage: Pick<Storage, 'get'>, location: BlockLocation): Promise<Uint8Array> {
  return storage.get(packKey(location.pack.id), { range: { start: location.offset, end: location.offset + storedLength(location) } })
}

export function corruptBlock(cid: CID, location: BlockLocation, reason: string, cause?: unknown): CorruptBlockError {
  const pack = packKey(location.pack.id)
  return new CorruptBlockError(`Block ${cidText(cid)} in ${pack} at byte ${location.offset} is damaged: ${reason}`, {
    data: { cid: cidText(cid), digest: toHex(cid.multihash.digest), pack, offset: location.offset, reason }, ...(cause === undefined ? {} : { cause }),
  })
}
