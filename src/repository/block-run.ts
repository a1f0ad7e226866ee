import type { PackableBlock } from './encode-block.ts'
import type { IndexRecord } from './index-format.ts'
import { BLOCK_HEADER_SIZE_BYTES, decodeBlockHeader } from './pack-format.ts'

/** Blocks with their headers, as they will stand in a pack, and where each begins in `bytes`. */
export interface BlockRun {
  readonly bytes: Uint8Array
  readonly blocks: readonly (Omit<IndexRecord, 'pack'> & { readonly digest: Uint8Array })[]
}

/** The blocks of a run one by one; payloads are views. */
export function* blocksOf({ bytes, blocks }: BlockRun): Generator<{ readonly digest: Uint8Array; readonly size: number; readonly block: PackableBlock }> {
  for (const { digest, offset, storedSize, size, codec } of blocks) {
    const start = offset + BLOCK_HEADER_SIZE_BYTES
    yield { digest, size, block: { codec, payload: bytes.subarray(start, start + storedSize), check: decodeBlockHeader(bytes, offset)?.check ?? 0 } }
  }
}
