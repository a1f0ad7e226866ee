import type { CID } from '../../cid/cid.ts'
import { toHex } from '../../bytes.ts'
import { CorruptObjectError, VarveError } from '../../errors.ts'
import type { DigestTable } from '../digest-table.ts'
import { evictedDigests } from '../evicted.ts'
import { addReachable } from '../reachable.ts'
import { ReachedBlocks } from '../reached-blocks.ts'
import type { BlockRepository } from '../repository.ts'
import { DeltaBases } from './delta-bases.ts'

/**
 * What is live, gathered over several states of the repository: a collection that was overtaken by a commit looks only at what the commit brought. What
 * has died meanwhile still counts, and is left to the next collection.
 */
export class Marking {
  #reached = new ReachedBlocks()
  /** Digests of blocks whose links were not followed, since they were evicted or to be. */
  #evicted: ReadonlySet<string> = new Set()
  /** What was read of deltas; it holds for every marking. */
  readonly deltas: DeltaBases

  constructor(deltas: DeltaBases = new DeltaBases()) {
    this.deltas = deltas
  }

  get reached(): ReachedBlocks {
    return this.#reached
  }

  get live(): DigestTable {
    return this.#reached.digests
  }

  /** Begins anew, and says so, if something is not to be evicted after all, or is back: its links were passed by. */
  expect(wanted: ReadonlySet<string>): boolean {
    const isNew = [...this.#evicted].some((digest) => !wanted.has(digest))
    if (isNew) this.#reached = new ReachedBlocks()
    this.#evicted = wanted
    return isNew
  }
}

/**
 * Adds to `reached` every block that the newest root record leads to: through refs, and the log of operations without what its entries mention. `evict` and
 * what was evicted before are kept themselves, their links are not followed.
 *
 * @throws CorruptObjectError if a block that is needed is missing or damaged: what it leads to is not known, and must not be taken for garbage
 */
export async function addLiveBlocks(repository: BlockRepository, evict: readonly CID[], reached: ReachedBlocks, signal?: AbortSignal): Promise<void> {
  const { refs, operations, evicted } = repository.root
  const ended = await evictedDigests(repository, evicted)
  for (const cid of evict) ended.add(toHex(cid.multihash.digest))
  const follows = (cid: CID): boolean => !ended.has(toHex(cid.multihash.digest))
  try {
    await addReachable(repository.here, present([refs, evicted]), reached, { follows, signal })
    await addReachable(repository.here, evict, reached, { follows, signal })
    // An operation mentions where refs were before; that keeps nothing.
    const isListNode = (_cid: CID, value: unknown): boolean => (value as { type?: unknown } | null)?.type !== 'operation'
    await addReachable(repository.here, present([operations.tree, ...operations.tail]), reached, { follows: isListNode, signal })
  } catch (cause) {
    if (!(cause instanceof VarveError)) throw cause
    throw new CorruptObjectError(`Nothing was removed, because the repository is not whole: ${cause.message}`, {
      cause, data: cause.data, hint: '`varve verify` shows what is affected, `varve repair` mends what can be mended, and what is lost comes back with a new snapshot of the same files, or with `varve repair --from <repo>`. Then collect garbage.',
    })
  }
}

function present(cids: readonly (CID | null)[]): CID[] {
  return cids.filter((cid) => cid !== null)
}
