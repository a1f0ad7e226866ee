import { type BlockCode, type CID, cidOf, cidText } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import type { BlockRepository } from '../../repository/index.ts'

/** Gives blocks the CIDs that a session would, and can read them and all that is stored, but stores nothing. Keeps what is put in memory. */
export class UnstoredBlocks implements BlockSource, BlockSink {
  readonly #blocks: BlockRepository
  readonly #own = new Map<string, Uint8Array>()

  constructor(blocks: BlockRepository) {
    this.#blocks = blocks
  }

  async get(cid: CID): Promise<Uint8Array> {
    return this.#own.get(cidText(cid)) ?? this.#blocks.get(cid)
  }

  put(code: BlockCode, bytes: Uint8Array): CID {
    const cid = cidOf(this.#blocks.hasher, code, bytes)
    this.#own.set(cidText(cid), bytes.slice())
    return cid
  }
}
