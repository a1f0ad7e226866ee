import type { Platform } from '../../cid/interface.ts'
import { nodePlatform } from '../node-platform.ts'

/** `transfer` came with Node 22. */
type Detachable = ArrayBufferLike & { transfer?: (byteLength: number) => ArrayBuffer }

/**
 * A platform for threads: what it compresses and decompresses into is valid until the next `release`, which frees it at once. Left to the garbage collector,
 * which seldom runs where little but such memory is made, some 70 MB a thread wait for it.
 */
export class Scratch {
  readonly platform: Platform
  readonly #made: Detachable[] = []

  constructor() {
    const { zstd } = nodePlatform
    this.platform = {
      ...nodePlatform,
      deflate: (bytes, effort) => this.#noted(nodePlatform.deflate(bytes, effort)),
      inflate: (bytes, size) => this.#noted(nodePlatform.inflate(bytes, size)),
      ...(zstd === undefined ? {} : { zstd: (bytes, effort) => this.#noted(zstd(bytes, effort)) }),
      unzstd: (bytes, size) => this.#noted(nodePlatform.unzstd(bytes, size)),
    }
  }

  release(): void {
    for (const memory of this.#made.splice(0)) memory.transfer?.(0)
  }

  #noted(bytes: Uint8Array): Uint8Array {
    // What is smaller may be part of the pool that Node hands small buffers from.
    if (bytes.buffer.byteLength > Buffer.poolSize) this.#made.push(bytes.buffer)
    return bytes
  }
}

/** The one of this thread, as it does one task at a time. */
export const scratch: Scratch = new Scratch()
