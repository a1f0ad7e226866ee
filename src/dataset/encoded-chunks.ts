import { type BlockCode } from '../cid/cid.ts'
import type { Hasher } from '../cid/interface.ts'
import type { CompressionMode } from '../codec/block-compression.ts'
import type { PackableBlock } from '../repository/encode-block.ts'
import type { BlockRun } from '../repository/block-run.ts'
import type { Loan } from '../repository/pack-stream.ts'
import type { MaybePromise } from '../types.ts'

/** Where chunks go that were hashed, and are encoded, elsewhere. A `Session` is one. */
export interface EncodedChunks {
  readonly hasher: Hasher
  readonly compression: CompressionMode
  /** True, once, if the chunk is to be encoded and put. */
  wants(digest: Uint8Array): MaybePromise<boolean>
  putRun(run: BlockRun, loan: Loan | undefined): Promise<void> | undefined
  putEncoded(code: BlockCode, digest: Uint8Array, size: number, block: PackableBlock, loan?: Loan): Promise<void> | undefined
}

/** For content that is only hashed: nothing is wanted. */
export function nothingEncoded(hasher: Hasher): EncodedChunks {
  return { hasher, compression: 'none', wants: () => false, putRun: () => undefined, putEncoded: () => undefined }
}
