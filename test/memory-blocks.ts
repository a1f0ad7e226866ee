import { type BlockCode, type CID, cidOf, cidText } from '../src/cid/cid.ts'
import type { Hasher } from '../src/cid/interface.ts'
import type { BlockSink, BlockSource } from '../src/codec/interface.ts'
import { NotFoundError } from '../src/errors.ts'

/** Blocks in a map, for tests of whatever reads and writes trees. Answers without promises. */
export class MemoryBlocks implements BlockSource, BlockSink {
  readonly blocks: Map<string, Uint8Array> = new Map<string, Uint8Array>()
  /** Calls of `get`. */
  reads = 0
  /** Blocks that were new when they were put. */
  writes = 0
  readonly #hasher: Hasher

  constructor(hasher: Hasher) {
    this.#hasher = hasher
  }

  get(cid: CID): Uint8Array {
    this.reads++
    const bytes = this.blocks.get(cidText(cid))
    if (bytes === undefined) throw new NotFoundError(`No block ${cid.toString()}`)
    return bytes
  }

  put(code: BlockCode, bytes: Uint8Array): CID {
    const cid = cidOf(this.#hasher, code, bytes)
    const key = cidText(cid)
    if (!this.blocks.has(key)) {
      this.writes++
      this.blocks.set(key, bytes.slice())
    }
    return cid
  }
}
