import type { CID } from '../../cid/cid.ts'
import { VarveError } from '../../errors.ts'
import { type BlockRequest, type ReadResult, wrongSize } from '../../repository/block-reader.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import { storedLength } from '../../repository/read-block.ts'
import { comparePlaces } from '../transfer/place-order.ts'
import { spansAhead } from '../transfer/spans-ahead.ts'

interface Wanted {
  readonly at: number
  readonly cid: CID
  readonly location: BlockLocation
}

/**
 * Blocks in the order asked for, read in the order in which they lie in packs, by few large reads, each hashed. What cannot be read from where it is said to be is asked of the repository, which knows other copies and says what is wrong.
 * @param places of the blocks, undefined for one that is nowhere
 */
export async function readLocated(blocks: BlockRepository, requests: readonly BlockRequest[], places: readonly (BlockLocation | undefined)[]): Promise<readonly ReadResult[]> {
  const results: (ReadResult | undefined)[] = requests.map(() => undefined)
  const wanted = requests.flatMap(({ cid }, at): Wanted[] => (places[at] === undefined ? [] : [{ at, cid, location: places[at] }]))
  wanted.sort((a, b) => comparePlaces(a.location, b.location))
  let next = 0
  for await (const span of spansAhead(blocks.storage, wanted)) {
    for (const { cid, location } of span.wanted) {
      const start = location.offset - span.start
      const bytes = await opened(blocks, cid, location, span.bytes?.subarray(start, start + storedLength(location)))
      const { at } = wanted[next++] as Wanted
      // What is a view of the span is copied, since the next is read into its memory.
      results[at] = bytes === undefined ? await alone(blocks, cid) : { cid, bytes: bytes.buffer === span.bytes?.buffer ? bytes.slice() : bytes }
    }
    span.memory.giveBack()
  }
  const checked: ReadResult[] = []
  for (const [at, { cid, size }] of requests.entries()) {
    const result = results[at] ?? (await alone(blocks, cid))
    checked.push('bytes' in result && size !== undefined && size !== result.bytes.length ? { cid, error: wrongSize(cid, result.bytes.length, size) } : result)
  }
  return checked
}

async function opened(blocks: BlockRepository, cid: CID, location: BlockLocation, stored: Uint8Array | undefined): Promise<Uint8Array | undefined> {
  if (stored === undefined) return undefined
  try {
    return await blocks.openBlock(cid, location, stored)
  } catch (error) {
    if (error instanceof VarveError) return undefined
    throw error
  }
}

async function alone(blocks: BlockRepository, cid: CID): Promise<ReadResult> {
  try {
    return { cid, bytes: await blocks.get(cid) }
  } catch (error) {
    if (error instanceof VarveError) return { cid, error }
    throw error
  }
}
