import type { CID } from '../../cid/cid.ts'
import { toHex } from '../../bytes.ts'
import { CorruptObjectError, VarveError } from '../../errors.ts'
import { DigestTable } from '../digest-table.ts'
import { evictedDigests } from '../evicted.ts'
import { addReachable } from '../reachable.ts'
import type { BlockRepository } from '../repository.ts'

/**
 * Every block that the newest root record leads to: through refs, and the log of operations without what its entries mention. `evict` and what was
 * evicted before are kept themselves, their links are not followed.
 *
 * @throws CorruptObjectError if a block that is needed is missing or damaged: what it leads to is not known, and must not be taken for garbage
 */
export async function findLiveBlocks(repository: BlockRepository, evict: readonly CID[], signal?: AbortSignal): Promise<DigestTable> {
  const { refs, operations, evicted } = repository.root
  const ended = await evictedDigests(repository, evicted)
  for (const cid of evict) ended.add(toHex(cid.multihash.digest))
  const live = new DigestTable()
  const follows = (cid: CID): boolean => !ended.has(toHex(cid.multihash.digest))
  try {
    await addReachable(repository, present([refs, evicted]), live, { follows, signal })
    await addReachable(repository, evict, live, { follows, signal })
    // An operation mentions where refs were before; that keeps nothing.
    const isListNode = (_cid: CID, value: unknown): boolean => (value as { type?: unknown } | null)?.type !== 'operation'
    await addReachable(repository, present([operations.tree, ...operations.tail]), live, { follows: isListNode, signal })
  } catch (cause) {
    if (!(cause instanceof VarveError)) throw cause
    throw new CorruptObjectError(`Nothing was removed, because the repository is not whole: ${cause.message}`, {
      cause, data: cause.data, hint: 'Run `varve verify` to see what is affected and `varve repair` to mend it, then collect garbage.',
    })
  }
  return live
}

function present(cids: readonly (CID | null)[]): CID[] {
  return cids.filter((cid) => cid !== null)
}
