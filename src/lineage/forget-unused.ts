import type { CID } from '../cid/cid.ts'
import { forgetDerivations, type ForgetOptions, unreachedDerivations, type UnreachedDerivation } from '../recipe/forget-derivations.ts'
import { listVersionEntries } from '../registry/model-tree.ts'
import type { BlockRepository } from '../repository/index.ts'
import { rootsInUse } from '../run/run-uses.ts'

/**
 * What could be forgotten: derivations to whose outputs neither a ref's or a tag's history leads, nor a run or an evaluation that read them, and which nothing kept was derived from.
 * Reads every snapshot and every derivation that is remembered.
 */
export async function unusedDerivations(repository: BlockRepository, options: ForgetOptions = {}): Promise<readonly UnreachedDerivation[]> {
  return unreachedDerivations(repository, { ...options, alsoReached: usedRoots })
}

/**
 * Forgets them, with their runs: the next collection removes what they alone kept. Commits only if there are any.
 * @throws RefConflictError if others commit all the time
 */
export async function forgetUnusedDerivations(repository: BlockRepository, options: ForgetOptions = {}): Promise<readonly UnreachedDerivation[]> {
  return forgetDerivations(repository, { ...options, alsoReached: usedRoots })
}

/** What runs read and models were evaluated on: dropped data among it could not be made again without its derivation. */
export async function* usedRoots(repository: BlockRepository): AsyncGenerator<CID> {
  for (const kind of ['input', 'code', 'artifact', 'metrics', 'log'] as const) yield* rootsInUse(repository, kind)
  for await (const { root, evaluatedOn } of listVersionEntries(repository)) {
    yield root
    if (evaluatedOn !== null) yield evaluatedOn
  }
}
