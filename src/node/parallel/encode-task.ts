import type { Cutter } from '../../chunker/interface.ts'
import { DIGEST_SIZE_BYTES, RAW_CODE } from '../../cid/cid.ts'
import type { Hasher } from '../../cid/interface.ts'
import { encodeBlock } from '../../repository/encode-block.ts'
import { BLOCK_HEADER_SIZE_BYTES, encodeBlockHeader } from '../../repository/pack-format.ts'
import { copyBytes } from '../copy-bytes.ts'
import { scratch } from './scratch.ts'
import type { EncodeResult, EncodeTask } from './tasks.ts'

/** Compresses chunks, each into its own place or behind one another with their headers. */
export function encode({ spans, digests, compression, layoutAt }: Omit<EncodeTask, 'slab' | 'memory' | 'type' | 'hash'>, cutter: Cutter, hasher: Hasher): EncodeResult {
  const { memory } = cutter
  const count = spans.length / 2
  const result = new Uint32Array(count * 3)
  let end = layoutAt ?? 0
  for (let index = 0; index < count; index++) {
    const offset = spans[index * 2] as number
    const size = spans[index * 2 + 1] as number
    const digest = digests.subarray(index * DIGEST_SIZE_BYTES, (index + 1) * DIGEST_SIZE_BYTES)
    const { codec, payload, check } = encodeBlock(scratch.platform, hasher, digest, memory.subarray(offset, offset + size), compression)
    result[index * 3] = codec
    result[index * 3 + 1] = payload.length
    result[index * 3 + 2] = check
    if (layoutAt === undefined) {
      if (payload.buffer !== memory.buffer) copyBytes(payload, memory, offset)
      scratch.release()
      continue
    }
    encodeBlockHeader({ codec, code: RAW_CODE, storedSize: payload.length, size, check, digest }, memory, end)
    memory.set(payload, end + BLOCK_HEADER_SIZE_BYTES)
    end += BLOCK_HEADER_SIZE_BYTES + payload.length
    scratch.release()
  }
  return result
}
