import { type BlockCode, type CID, cidOf } from '../cid/cid.ts'
import type { Hasher } from '../cid/interface.ts'
import type { BlockSink } from '../codec/interface.ts'

/** Computes CIDs and keeps nothing: what a folder would hash to, without a repository. */
export class HashingSink implements BlockSink {
  readonly #hasher: Hasher

  constructor(hasher: Hasher) {
    this.#hasher = hasher
  }

  put(code: BlockCode, bytes: Uint8Array): CID {
    return cidOf(this.#hasher, code, bytes)
  }
}
