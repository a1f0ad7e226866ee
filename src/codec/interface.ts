import type { CID, BlockCode } from '../cid/cid.ts'
import type { MaybePromise } from '../types.ts'

/** Where trees read their nodes from. What comes back has been hashed and is the CID's content. */
export interface BlockSource {
  /**
   * @throws NotFoundError if the block is not there
   * @throws CorruptBlockError if its bytes are damaged
   */
  get(cid: CID): MaybePromise<Uint8Array>
}

/** Where trees write their nodes to. Putting the same bytes twice is harmless. */
export interface BlockSink {
  /** Keeps a copy of the bytes, or stores them, before it returns: the caller may reuse the memory. */
  put(code: BlockCode, bytes: Uint8Array): MaybePromise<CID>
}
