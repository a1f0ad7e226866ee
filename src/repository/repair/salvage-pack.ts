import type { Hasher, Platform } from '../../cid/interface.ts'
import { UnsupportedFormatError } from '../../errors.ts'
import type { Storage } from '../../storage/interface.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader, decodeBlockHeader, MAX_BLOCK_SIZE_BYTES, packKey } from '../pack-format.ts'
import { FILE_HEADER_SIZE_BYTES } from '../tail.ts'
import { type BlockState, checkBlock } from './check-block.ts'

/** A block in a pack, and how it stands there. Header and bytes are views of memory that is used again. */
export interface SalvagedBlock {
  readonly header: BlockHeader
  /** Of the block header, from the beginning of the pack. */
  readonly offset: number
  /** Header and payload as they stand there. */
  readonly stored: Uint8Array
  readonly found: BlockState
}

/** A pack as it is in storage. */
export interface PackObject {
  readonly id: Uint8Array
  readonly size: number
}

const READ_SIZE_BYTES: number = 4 * 1024 * 1024
const MAX_STORED_SIZE_BYTES: number = BLOCK_HEADER_SIZE_BYTES + MAX_BLOCK_SIZE_BYTES
const FIRST_MAGIC_BYTE = 0x76
/** Of blocks that stand by themselves. */
const KNOWN_CODECS = [0, 1, 3]
/** Bytes hashed in vain, as a multiple of the pack's size, after which the rest of it is given up: what looks like headers may have been made to cost time. */
const PATIENCE = 16

/** Every block of a pack whose trailer can be read. Reads the pack once, 4 MiB at a time. */
export async function* blocksByTrailer(storage: Pick<Storage, 'get'>, platform: Platform, hasher: Hasher, pack: PackObject, headers: readonly BlockHeader[]): AsyncGenerator<SalvagedBlock> {
  const window = new PackWindow(storage, pack)
  let offset = FILE_HEADER_SIZE_BYTES
  for (const header of headers) {
    const length = BLOCK_HEADER_SIZE_BYTES + header.storedSize
    let stored = await window.read(offset, length)
    let found = checkBlock(platform, hasher, header, stored)
    if (found.state === 'damaged') {
      stored = await window.readAgain(offset, length)
      found = checkBlock(platform, hasher, header, stored)
    }
    yield { header, offset, stored, found }
    offset += length
  }
}

/**
 * Every block of a pack whose trailer cannot be read, from header to header; where there is none, on from the next place where a whole block stands. A block
 * that is not where the one before ends, or lies within another, is as good as any: it is its hash that counts.
 */
export async function* blocksByWalking(storage: Pick<Storage, 'get'>, platform: Platform, hasher: Hasher, pack: PackObject): AsyncGenerator<SalvagedBlock> {
  const window = new PackWindow(storage, pack)
  let patience = PATIENCE * pack.size
  let isLost = false
  for (let offset = FILE_HEADER_SIZE_BYTES; offset + BLOCK_HEADER_SIZE_BYTES <= pack.size && patience > 0; ) {
    const length = Math.min(MAX_STORED_SIZE_BYTES, pack.size - offset)
    let block = blockAt(platform, hasher, offset, await window.read(offset, length))
    // Between blocks nearly every place is none.
    if (!isLost && !isUsable(block)) block = blockAt(platform, hasher, offset, await window.readAgain(offset, length))
    if (block !== undefined && (isUsable(block) || !isLost)) yield block
    if (block !== undefined && isUsable(block)) {
      // Of one whose payload is not what its header says, the length may be what is wrong: a decompressor can stop before the end.
      isLost = block.found.state === 'rescuable'
      offset += isLost ? BLOCK_HEADER_SIZE_BYTES : block.stored.length
      continue
    }
    patience -= block?.stored.length ?? 0
    isLost = true
    const next = (await window.read(offset, length)).indexOf(FIRST_MAGIC_BYTE, 1)
    offset += next < 0 ? length : next
  }
}

/** What stands at the beginning of some bytes, if that looks like a block. */
function blockAt(platform: Platform, hasher: Hasher, offset: number, ahead: Uint8Array): SalvagedBlock | undefined {
  const header = decodeBlockHeader(ahead, 0)
  if (header === undefined) return undefined
  const length = BLOCK_HEADER_SIZE_BYTES + header.storedSize
  const stored = ahead.subarray(0, length)
  return { header, offset, stored, found: length > ahead.length ? { state: 'damaged', reason: 'the pack ends within it' } : checkUnvouched(platform, hasher, header, stored) }
}

/** No trailer vouches for the header: a codec that is not known may be one that was damaged, and another may give the block back. */
function checkUnvouched(platform: Platform, hasher: Hasher, header: BlockHeader, stored: Uint8Array): BlockState {
  try {
    return checkBlock(platform, hasher, header, stored)
  } catch (error) {
    if (!(error instanceof UnsupportedFormatError)) throw error
    const others = KNOWN_CODECS.map((codec) => checkBlock(platform, hasher, { ...header, codec }, stored))
    return others.find(({ state }) => state === 'rescuable') ?? { state: 'damaged', reason: 'its header was altered, or is of a newer version' }
  }
}

function isUsable(block: SalvagedBlock | undefined): boolean {
  return block !== undefined && block.found.state !== 'damaged'
}

/** Reads a pack forward, in large pieces. */
class PackWindow {
  readonly #storage: Pick<Storage, 'get'>
  readonly #pack: PackObject
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0

  constructor(storage: Pick<Storage, 'get'>, pack: PackObject) {
    this.#storage = storage
    this.#pack = pack
  }

  /** A view; shorter if the pack ends before. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset < this.#start || offset + length > this.#start + this.#bytes.length) {
      const end = Math.min(this.#pack.size, offset + Math.max(length, READ_SIZE_BYTES))
      this.#bytes = await this.#storage.get(packKey(this.#pack.id), { range: { start: offset, end } })
      this.#start = offset
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + length)
  }

  /** The same from storage, whatever was read before. */
  readAgain(offset: number, length: number): Promise<Uint8Array> {
    this.#bytes = new Uint8Array(0)
    return this.read(offset, length)
  }
}
