import { cidText } from '../cid/cid.ts'
import type { Repository } from '../dataset/repository.ts'
import type { RefChange } from '../repository/index.ts'
import { isTagName } from '../repository/ref-name.ts'
import type { CidText } from '../types.ts'
import { type Advance, advanceOf } from './advance.ts'
import { fetchAnd, type FetchOptions, type FetchResult } from './fetch.ts'
import { refusedRefs, type RefusedRef } from './refused-refs.ts'

export interface PulledRef {
  readonly ref: string
  readonly before: CidText | null
  readonly after: CidText
  readonly outcome: Advance
}

export interface PullResult extends Omit<FetchResult, 'refs'> {
  readonly refs: readonly PulledRef[]
}

/**
 * Fetches, then moves the refs of the same names here on to what the remote has. All or none. A ref that went on here stays where it is (`behind` is said of it the other way round: the remote is behind).
 *
 * @throws RefConflictError if a ref went on at both sides: what was fetched is here, as `origin/<ref>`
 */
export async function pull(repository: Repository, options: FetchOptions = {}): Promise<PullResult> {
  const pulled: PulledRef[] = []
  const refused: RefusedRef[] = []
  const { result } = await fetchAnd(repository, 'pull', options, async (refs, session) => {
    const changes: RefChange[] = []
    for (const [ref, after] of refs) {
      const before = await repository.blocks.getRef(ref)
      const advance = await advanceOf(session, ref, before, after)
      pulled.push({ ref, before: before === undefined ? null : cidText(before), after: cidText(after), outcome: advance })
      if (advance === 'diverged' && before !== undefined) refused.push({ ref, before, after })
      else if (advance === 'new' || advance === 'forward') changes.push({ name: ref, expected: before ?? null, target: after })
    }
    return refused.length > 0 ? [] : changes
  })
  if (refused.length > 0) throw diverged(repository, refused, result.remote)
  return { ...result, refs: pulled }
}

function diverged(repository: Repository, refused: readonly RefusedRef[], remote: string | null): Error {
  const [first] = refused
  const named = `${remote ?? '<remote>'}/${first?.ref ?? ''}`
  const hint = first !== undefined && isTagName(first.ref)
    ? `Delete the tag here and pull again, to take over the remote's: varve refs --delete ${first.ref}`
    : `Compare them: varve diff ${first?.ref ?? ''} ${named}. To go on from the remote's: varve reset ${first?.ref ?? ''} ${named}, write it out with varve checkout ${first?.ref ?? ''} <dir>, make your changes again THERE, then snapshot and push; a snapshot of your old folder would undo theirs. To keep yours instead: varve push --force.`
  return refusedRefs(refused, repository.location, hint)
}

