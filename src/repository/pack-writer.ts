import type { BlockCode } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import type { PackableBlock } from './encode-block.ts'
import {
  BLOCK_HEADER_SIZE_BYTES, encodeBlockHeader, encodePackHeader, MAX_BLOCK_SIZE_BYTES, PACK_ID_SIZE_BYTES, type PackKind,
} from './pack-format.ts'
import { encodeFooter, FILE_HEADER_SIZE_BYTES, FOOTER_SIZE_BYTES } from './tail.ts'

/** Where a block went in the pack that is being filled. */
export interface Placement {
  readonly offset: number
  readonly storedSize: number
  readonly codec: number
}

/** A pack that is complete and ready to be stored. The parts are views of the writer's memory. */
export interface FinishedPack {
  readonly id: Uint8Array
  readonly kind: PackKind
  readonly size: number
  readonly blocks: number
  readonly parts: readonly Uint8Array[]
  /** What the first part is a view of; free for another writer once the pack is stored. */
  readonly memory: Uint8Array
}

const INITIAL_ROOM_BYTES = 256 * 1024

/** Fills one pack in memory. Not durable: whoever stores the result makes it so. */
export class PackWriter {
  readonly id: Uint8Array
  readonly kind: PackKind
  readonly #hasher: Hasher
  #memory: Uint8Array
  #used = FILE_HEADER_SIZE_BYTES
  #headerOffsets: number[] = []

  /** `memory` is used if given, and grown as needed: memory that was touched before is several times faster than fresh memory. */
  constructor(platform: Platform, hasher: Hasher, kind: PackKind, memory: Uint8Array = new Uint8Array(INITIAL_ROOM_BYTES)) {
    this.#hasher = hasher
    this.id = platform.randomBytes(PACK_ID_SIZE_BYTES)
    this.kind = kind
    this.#memory = memory
    this.#memory.set(encodePackHeader(kind))
  }

  /** Bytes so far, without the trailer. */
  get size(): number {
    return this.#used
  }

  get blocks(): number {
    return this.#headerOffsets.length
  }

  /** Copies a block of `size` plain bytes in. */
  append(code: BlockCode, digest: Uint8Array, size: number, { codec, payload, check }: PackableBlock): Placement {
    if (size > MAX_BLOCK_SIZE_BYTES) throw new RangeError(`A block has at most ${MAX_BLOCK_SIZE_BYTES} bytes, not ${size}`)
    const offset = this.#used
    this.#reserve(BLOCK_HEADER_SIZE_BYTES + payload.length)
    encodeBlockHeader({ codec, code, storedSize: payload.length, size, check, digest }, this.#memory, offset)
    this.#memory.set(payload, offset + BLOCK_HEADER_SIZE_BYTES)
    this.#used = offset + BLOCK_HEADER_SIZE_BYTES + payload.length
    this.#headerOffsets.push(offset)
    return { offset, storedSize: payload.length, codec }
  }

  /** The bytes of a block that was appended, with its header; a view. */
  stored(placement: Placement): Uint8Array {
    return this.#memory.subarray(placement.offset, placement.offset + BLOCK_HEADER_SIZE_BYTES + placement.storedSize)
  }

  /** Adds trailer and footer. The writer may only be read from afterwards. */
  finish(): FinishedPack {
    const trailer = new Uint8Array(this.blocks * BLOCK_HEADER_SIZE_BYTES)
    this.#headerOffsets.forEach((offset, index) => {
      trailer.set(this.#memory.subarray(offset, offset + BLOCK_HEADER_SIZE_BYTES), index * BLOCK_HEADER_SIZE_BYTES)
    })
    const counts = new Uint8Array(16)
    new DataView(counts.buffer).setUint32(0, this.blocks, true)
    const footer = encodeFooter(this.#hasher, this.#memory.subarray(0, FILE_HEADER_SIZE_BYTES), [trailer], counts)
    const parts = [this.#memory.subarray(0, this.#used), trailer, footer]
    return { id: this.id, kind: this.kind, size: this.#used + trailer.length + FOOTER_SIZE_BYTES, blocks: this.blocks, parts, memory: this.#memory }
  }

  #reserve(bytes: number): void {
    const wanted = this.#used + bytes
    if (wanted <= this.#memory.length) return
    const larger = new Uint8Array(Math.max(wanted, this.#memory.length * 2))
    larger.set(this.#memory.subarray(0, this.#used))
    this.#memory = larger
  }
}
