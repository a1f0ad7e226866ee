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

/** What a writer knows of blocks that resemble the one it puts, as those of the file's version before. Asked for only if the block is new. */
export interface DeltaHint {
  /** The blocks that it most likely resembles, in the order in which they stand one after the other. */
  bases(): Promise<readonly CID[]>
  /** Told where, in these bases one after the other, the last likeness ended. */
  onMatch(sourceEnd: number): void
}

/** Where trees write their nodes to. Putting the same bytes twice is harmless. */
export interface BlockSink {
  /** Keeps a copy of the bytes, or stores them, before it returns: the caller may reuse the memory. */
  put(code: BlockCode, bytes: Uint8Array, hint?: DeltaHint): MaybePromise<CID>
}
