import { toHex } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import { NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { addReachable } from '../repository/reachable.ts'
import { ReachedBlocks } from '../repository/reached-blocks.ts'
import { snapshotRefs, walkHistory } from './history.ts'

/**
 * Makes sure that a ref to a snapshot leads to all of it. What a ref leads to already is whole; of anything else, as what a deleted ref led to, garbage
 * collection may have left some blocks and taken others. Reads every snapshot, and for one that no ref leads to its tree nodes too.
 *
 * @throws NotFoundError if something is gone
 */
export async function assertWhole(repository: BlockRepository, snapshot: CID): Promise<void> {
  const seen = new Set<string>()
  for await (const { target } of snapshotRefs(repository)) if (target.equals(snapshot)) return
  for await (const { target } of snapshotRefs(repository)) for await (const { cid } of walkHistory(repository, target, seen)) if (cid.equals(snapshot)) return
  const evicted = await repository.evicted()
  await addReachable(repository.here, [snapshot], new ReachedBlocks(), {
    follows: (cid) => !evicted.has(toHex(cid.multihash.digest)),
    onMissing: (cid, cause) => {
      throw new NotFoundError(`Garbage collection removed part of ${cidText(snapshot)}: ${cidText(cid)} is gone`, {
        data: { cid: cidText(snapshot), missing: cidText(cid) }, hint: 'Another copy of the repository may still have it.', ...(cause === undefined ? {} : { cause }),
      })
    },
  })
}
