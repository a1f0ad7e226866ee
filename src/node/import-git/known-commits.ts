import { cidText } from '../../cid/cid.ts'
import { readSnapshot } from '../../dataset/snapshot-object.ts'
import { RefConflictError } from '../../errors.ts'
import { isTagName, parseUserRefName } from '../../repository/ref-name.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { CidText } from '../../types.ts'
import type { GitCommit } from './git-history.ts'

/** What each snapshot of an imported history says in `meta`, under the kind of the history, beside its commit. */
export interface HistoryOrigin {
  readonly kind: 'git' | 'dvc'
  /** In the git repository. */
  readonly path: string
}

/** How many of the commits the ref has already. @throws RefConflictError if it has anything else, or is the name of a tag */
export async function knownCommits(blocks: BlockRepository, ref: string, { kind, path }: HistoryOrigin, commits: readonly GitCommit[]): Promise<number> {
  if (isTagName(parseUserRefName(ref))) throw new RefConflictError(`"${ref}" is the name of a tag`, { hint: 'Import into a ref.' })
  const target = await blocks.getRef(ref)
  if (target === undefined) return 0
  const origin = (await readSnapshot(blocks, target)).meta[kind]
  const { commit, path: from } = (typeof origin === 'object' && origin !== null ? origin : {}) as { readonly commit?: unknown; readonly path?: unknown }
  const at = from === path ? commits.findIndex(({ id }) => id === commit) : -1
  if (at >= 0) return at + 1
  throw new RefConflictError(`${ref} has snapshots that are not of this history: its newest is ${cidText(target)}`, { data: { ref }, hint: 'Import into another ref.' })
}

/** What the ref leads to. */
export async function headOf(blocks: BlockRepository, ref: string): Promise<{ readonly root: CidText | null; readonly snapshot: CidText | null }> {
  const target = await blocks.getRef(ref)
  return target === undefined ? { root: null, snapshot: null } : { root: cidText((await readSnapshot(blocks, target)).root), snapshot: cidText(target) }
}
