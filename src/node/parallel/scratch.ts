import * as zlib from 'node:zlib'
import type { Platform } from '../../cid/interface.ts'
import { nodePlatform } from '../node-platform.ts'
import { fastZstdCompressor, zstdDecompressor } from '../node-zstd.ts'
import { ZlibHandle } from '../zlib-handle.ts'
import { isOneFrame } from '../zstd-frame-end.ts'

/** `transfer` came with Node 22. */
type Detachable = ArrayBufferLike & { transfer?: (byteLength: number) => ArrayBuffer }

const INITIAL_SPACE_BYTES: number = 64 * 1024
/** More than a block with all that becomes of it takes is not kept from one block to the next. */
const MAX_SPACE_BYTES: number = 4 * 1024 * 1024

/**
 * A platform for threads: what it compresses and decompresses into is valid until the next `release`, and is then used again, or freed at once. Left to the garbage collector,
 * which seldom runs where little but such memory is made, some 70 MB a thread wait for it.
 */
export class Scratch {
  readonly platform: Platform
  readonly #made: Detachable[] = []
  #space = new Uint8Array(INITIAL_SPACE_BYTES)
  #used = 0

  constructor() {
    const { zstd } = nodePlatform
    const inflater = new ZlibHandle({ make: () => zlib.createInflateRaw(), flush: zlib.constants.Z_FINISH, resets: true })
    const [compressor, decompressor] = [fastZstdCompressor(), zstdDecompressor()]
    this.platform = {
      ...nodePlatform,
      deflate: (bytes, effort) => this.#noted(nodePlatform.deflate(bytes, effort)),
      inflate: (bytes, size) => this.#exactly(size, inflater, bytes) ?? this.#noted(nodePlatform.inflate(bytes, size)),
      ...(zstd === undefined
        ? {}
        : { zstd: (bytes, effort = 'fast') => (effort === 'fast' ? this.#attempt(compressor, bytes, bytes.length + 64) : undefined) ?? this.#noted(zstd(bytes, effort)) }),
      unzstd: (bytes, size) => (isOneFrame(bytes) ? this.#exactly(size, decompressor, bytes) : undefined) ?? this.#noted(nodePlatform.unzstd(bytes, size)),
    }
  }

  release(): void {
    this.#used = 0
    if (this.#space.length > MAX_SPACE_BYTES) this.#space = new Uint8Array(INITIAL_SPACE_BYTES)
    if (this.#made.length > 0) for (const memory of this.#made.splice(0)) memory.transfer?.(0)
  }

  /** One byte more than is due, so that it shows if there is more. */
  #exactly(size: number, handle: ZlibHandle | undefined, bytes: Uint8Array): Uint8Array | undefined {
    const plain = this.#attempt(handle, bytes, size + 1)
    return plain?.length === size ? plain : undefined
  }

  #attempt(handle: ZlibHandle | undefined, bytes: Uint8Array, room: number): Uint8Array | undefined {
    if (handle === undefined) return undefined
    // What is in the old space stays valid.
    if (this.#used + room > this.#space.length) [this.#space, this.#used] = [new Uint8Array(Math.max(room, this.#space.length * 2)), 0]
    const start = this.#used
    const count = handle.run(bytes, this.#space, start, room)
    if (count === undefined) return undefined
    this.#used += count
    return this.#space.subarray(start, start + count)
  }

  #noted(bytes: Uint8Array): Uint8Array {
    // What is smaller may be part of the pool that Node hands small buffers from.
    if (bytes.buffer.byteLength > Buffer.poolSize) this.#made.push(bytes.buffer)
    return bytes
  }
}

/** The one of this thread, as it does one task at a time. */
export const scratch: Scratch = new Scratch()
