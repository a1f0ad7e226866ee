import type { CID } from '../../cid/cid.ts'
import type { DigestTable } from '../digest-table.ts'
import { addReachable } from '../reachable.ts'
import { ReachedBlocks } from '../reached-blocks.ts'
import type { BlockRepository } from '../repository.ts'

/** Live blocks in the order in which their places are settled: 40 bytes a block. What a live block leads to is live. */
export async function placement(repository: BlockRepository, live: DigestTable, order: readonly CID[], signal?: AbortSignal): Promise<DigestTable> {
  const placed = new ReachedBlocks()
  for (const root of order) {
    // Another writer may have moved a ref on since.
    if (live.rowOf(root.multihash.digest) >= 0) await addReachable(repository.here, [root], placed, { signal })
  }
  for (let row = 0; row < live.count; row++) placed.digests.add(live.digest(row))
  return placed.digests
}
