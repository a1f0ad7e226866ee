import type { Hasher } from '../cid/interface.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader, encodeBlockHeader } from './pack-format.ts'
import { encodeFooter } from './tail.ts'

const INITIAL_BLOCKS = 256

/** The block headers of a pack once more, as they stand at its end. */
export class PackTrailer {
  #table: Uint8Array = new Uint8Array(INITIAL_BLOCKS * BLOCK_HEADER_SIZE_BYTES)
  #blocks = 0

  /** Adds the header of the next block. The result is a view, valid until the next call. */
  add(header: BlockHeader): Uint8Array {
    const offset = this.#next()
    encodeBlockHeader(header, this.#table, offset)
    return this.#table.subarray(offset, offset + BLOCK_HEADER_SIZE_BYTES)
  }

  /** Adds a header that is encoded already. */
  addEncoded(header: Uint8Array): void {
    const offset = this.#next()
    this.#table.set(header, offset)
  }

  #next(): number {
    const offset = this.#blocks++ * BLOCK_HEADER_SIZE_BYTES
    if (offset === this.#table.length) {
      const larger = new Uint8Array(this.#table.length * 2)
      larger.set(this.#table)
      this.#table = larger
    }
    return offset
  }

  /** Trailer and footer of a pack that begins with this file header. */
  finish(hasher: Hasher, fileHeader: Uint8Array): readonly [Uint8Array, Uint8Array] {
    const trailer = this.#table.subarray(0, this.#blocks * BLOCK_HEADER_SIZE_BYTES)
    const counts = new Uint8Array(16)
    new DataView(counts.buffer).setUint32(0, this.#blocks, true)
    return [trailer, encodeFooter(hasher, fileHeader, [trailer], counts)]
  }
}
