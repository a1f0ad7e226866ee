import type { Cutter } from '../../chunker/interface.ts'
import type { Hasher } from '../../cid/interface.ts'
import { compressBlock, PLAIN_CODEC } from '../../codec/block-compression.ts'
import { checkOf } from '../../repository/pack-format.ts'
import { nodePlatform } from '../node-platform.ts'
import type { EncodeResult, EncodeTask } from './tasks.ts'

/** Compresses chunks where they are. */
export function encode({ spans, compression }: Pick<EncodeTask, 'spans' | 'compression'>, cutter: Cutter, hasher: Hasher): EncodeResult {
  const result = new Uint32Array((spans.length / 2) * 3)
  for (let index = 0; index < spans.length / 2; index++) {
    const offset = spans[index * 2] as number
    const size = spans[index * 2 + 1] as number
    const { codec, payload } = compressBlock(nodePlatform, cutter.memory.subarray(offset, offset + size), compression)
    const check = codec === PLAIN_CODEC ? 0 : checkOf(hasher.digest(payload))
    if (codec !== PLAIN_CODEC) cutter.memory.set(payload, offset)
    result.set([codec, payload.length, check], index * 3)
  }
  return result
}
