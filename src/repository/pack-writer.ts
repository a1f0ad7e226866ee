import type { BlockCode } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import type { PackableBlock } from './encode-block.ts'
import { BLOCK_HEADER_SIZE_BYTES, encodePackHeader, MAX_BLOCK_SIZE_BYTES, PACK_ID_SIZE_BYTES, type PackKind } from './pack-format.ts'
import type { Placement } from './pack-stream.ts'
import { PackTrailer } from './pack-trailer.ts'
import { FILE_HEADER_SIZE_BYTES } from './tail.ts'

/** A pack that is complete and ready to be stored. The parts are views of the writer's memory. */
export interface FinishedPack {
  readonly id: Uint8Array
  readonly kind: PackKind
  readonly size: number
  readonly parts: readonly Uint8Array[]
  /** What the first part is a view of; free for another writer once the pack is stored. */
  readonly memory: Uint8Array
}

const INITIAL_ROOM_BYTES = 256 * 1024

/** Fills one pack in memory, where its blocks can be read until it is stored. Not durable: whoever stores the result makes it so. */
export class PackWriter {
  readonly id: Uint8Array
  readonly kind: PackKind
  readonly #hasher: Hasher
  #memory: Uint8Array
  #used = FILE_HEADER_SIZE_BYTES
  readonly #trailer = new PackTrailer()

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

  /** Copies a block of `size` plain bytes in. */
  append(code: BlockCode, digest: Uint8Array, size: number, { codec, payload, check }: PackableBlock): Placement {
    if (size > MAX_BLOCK_SIZE_BYTES) throw new RangeError(`A block has at most ${MAX_BLOCK_SIZE_BYTES} bytes, not ${size}`)
    const offset = this.#used
    this.#reserve(BLOCK_HEADER_SIZE_BYTES + payload.length)
    this.#memory.set(this.#trailer.add({ codec, code, storedSize: payload.length, size, check, digest }), offset)
    this.#memory.set(payload, offset + BLOCK_HEADER_SIZE_BYTES)
    this.#used = offset + BLOCK_HEADER_SIZE_BYTES + payload.length
    return { offset, storedSize: payload.length, codec }
  }

  /** The bytes of a block that was appended, with its header; a view. */
  stored(placement: Placement): Uint8Array {
    return this.#memory.subarray(placement.offset, placement.offset + BLOCK_HEADER_SIZE_BYTES + placement.storedSize)
  }

  /** Adds trailer and footer. The writer may only be read from afterwards. */
  finish(): FinishedPack {
    const parts = [this.#memory.subarray(0, this.#used), ...this.#trailer.finish(this.#hasher, this.#memory.subarray(0, FILE_HEADER_SIZE_BYTES))]
    return { id: this.id, kind: this.kind, size: parts.reduce((sum, part) => sum + part.length, 0), parts, memory: this.#memory }
  }

  #reserve(bytes: number): void {
    const wanted = this.#used + bytes
    if (wanted <= this.#memory.length) return
    const larger = new Uint8Array(Math.max(wanted, this.#memory.length * 2))
    larger.set(this.#memory.subarray(0, this.#used))
    this.#memory = larger
  }
}
