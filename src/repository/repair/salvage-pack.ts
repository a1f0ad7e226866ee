import type { Hasher, Platform } from '../../cid/interface.ts'
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
/** Bytes hashed in vain, as a multiple of the pack's size, after which the rest of it is given up: what looks like headers may have been made to cost time. */
const PATIENCE = 16

/** Every block of a pack whose trailer can be read. Reads the pack once, 4 MiB at a time. */
export async function* blocksByTrailer(storage: Pick<Storage, 'get'>, platform: Platform, hasher: Hasher, pack: PackObject, headers: readonly BlockHeader[]): AsyncGenerator<SalvagedBlock> {
  const window = new PackWindow(storage, pack)
  let offset = FILE_HEADER_SIZE_BYTES
  for (const header of headers) {
    const length = BLOCK_HEADER_SIZE_BYTES + header.storedSize
    const stored = await window.read(offset, length)
    yield { header, offset, stored, found: checkBlock(platform, hasher, header, stored) }
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
    const ahead = await window.read(offset, Math.min(MAX_STORED_SIZE_BYTES, pack.size - offset))
    if (ahead.length < BLOCK_HEADER_SIZE_BYTES) return
    const header = decodeBlockHeader(ahead, 0)
    if (header !== undefined) {
      const length = BLOCK_HEADER_SIZE_BYTES + header.storedSize
      const isCut = length > ahead.length
      if (!isCut) patience -= length
      const found: BlockState = isCut ? { state: 'damaged', reason: 'the pack ends within it' } : checkBlock(platform, hasher, header, ahead.subarray(0, length))
      if (found.state !== 'damaged' || !isLost) yield { header, offset, stored: ahead.subarray(0, length), found }
      if (found.state !== 'damaged') {
        isLost = false
        patience += length
        offset += length
        continue
      }
    }
    isLost = true
    const next = ahead.indexOf(FIRST_MAGIC_BYTE, 1)
    offset += next < 0 ? ahead.length : next
  }
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
}
