import { type CID, cidText } from '../cid/cid.ts'
import type { Repository } from '../dataset/repository.ts'
import type { RefChange, Session } from '../repository/index.ts'
import { isTagName } from '../repository/ref-name.ts'
import type { CidText } from '../types.ts'
import { type Advance, advanceOf } from './advance.ts'
import { fetchAnd, type FetchOptions, type FetchResult } from './fetch.ts'
import type { SentRecords } from './records/interface.ts'
import { refusedRefs, type RefusedRef } from './refused-refs.ts'

export interface PulledRef {
  readonly ref: string
  readonly before: CidText | null
  readonly after: CidText
  readonly outcome: Advance
}

export interface PullOptions extends FetchOptions {
  /** Take over runs that are over, derivations and models too. Default: if no refs are named. */
  readonly records?: boolean
}

export interface PullResult extends Omit<FetchResult, 'refs'> {
  readonly refs: readonly PulledRef[]
  /** What became of runs, derivations and models; null if they were left out. */
  readonly records: SentRecords | null
}

/**
 * Fetches, then moves the refs of the same names here on to what the remote has, all or none, and takes over the records of its runs, derivations and models. A ref that went on here stays where it is (`behind` is said of it the other way round: the remote is behind). A model that went on at both sides
 * stays as it is, which the result says, and hinders nothing else.
 *
 * @throws RefConflictError if a ref went on at both sides: what was fetched is here, as `origin/<ref>`
 */
export async function pull(repository: Repository, options: PullOptions = {}): Promise<PullResult> {
  const pulled: PulledRef[] = []
  const refused: RefusedRef[] = []
  const move = async (refs: ReadonlyMap<string, CID>, session: Session): Promise<readonly RefChange[] | undefined> => {
    const changes: RefChange[] = []
    for (const [ref, after] of refs) {
      const before = await repository.blocks.getRef(ref)
      const advance = await advanceOf(session, ref, before, after)
      pulled.push({ ref, before: before === undefined ? null : cidText(before), after: cidText(after), outcome: advance })
      if (advance === 'diverged' && before !== undefined) refused.push({ ref, before, after })
      else if (advance === 'new' || advance === 'forward') changes.push({ name: ref, expected: before ?? null, target: after })
    }
    return refused.length > 0 ? undefined : changes
  }
  const { result, records } = await fetchAnd(repository, 'pull', options, { changes: move, records: options.records ?? options.refs === undefined })
  if (refused.length > 0) throw diverged(refused, result)
  return { ...result, refs: pulled, records }
}

function diverged(refused: readonly RefusedRef[], { remote, url }: Pick<FetchResult, 'remote' | 'url'>): Error {
  const [first] = refused
  const named = `${remote}/${first?.ref ?? ''}`
  const hint = first !== undefined && isTagName(first.ref)
    ? `Delete the tag here and pull again, to take over the remote's: varve refs --delete ${first.ref}`
    : remote === null ? `Give the remote a name, by which theirs can be looked at: varve remote add <name> ${url}. Then \`varve pull --from <name>\` says how to go on from them.`
    : `Compare them: varve diff ${first?.ref ?? ''} ${named}. To go on from the remote's: varve reset ${first?.ref ?? ''} ${named}, write it out with varve checkout ${first?.ref ?? ''} <dir>, make your changes again THERE, then snapshot and push; a snapshot of your old folder would undo theirs. To keep yours instead: varve push --force.`
  return refusedRefs(refused, { changed: 'here', other: `at ${url}` }, hint)
}

