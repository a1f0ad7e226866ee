import { equalBytes } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import type { Repository } from '../dataset/repository.ts'
import { RefConflictError } from '../errors.ts'
import type { BlockRepository, RefChange, Session } from '../repository/index.ts'
import { trackedName } from '../repository/tracked-ref.ts'
import type { RemoteTarget } from './remote-target.ts'
import { getRemote, remoteChange } from './remotes.ts'
import { stateOf } from './rollback.ts'
import { trackedRefs } from './tracking.ts'

const MOST_TRIES = 20

/**
 * The changes by which a repository knows where the refs of a remote are and how new the remote was. None for an address that is no remote here, and none if all is known. Refs whose
 * snapshots are not here are passed over.
 */
export async function rememberingChanges(repository: Repository, session: Session, target: RemoteTarget, remote: BlockRepository, refs: ReadonlyMap<string, CID>, options: { readonly forgetOthers?: boolean } = {}): Promise<readonly RefChange[]> {
  if (target.remote === undefined) return []
  const { name } = target.remote
  const known = await trackedRefs(repository.blocks, name)
  const changes: RefChange[] = []
  for (const [ref, cid] of refs) if (known.get(ref)?.equals(cid) !== true && (await session.has(cid))) changes.push({ name: trackedName(name, ref), target: cid, own: true })
  if (options.forgetOthers === true) for (const ref of known.keys()) if (!refs.has(ref)) changes.push({ name: trackedName(name, ref), target: null, own: true })
  const seen = await stateOf(remote)
  const remembered = await getRemote(repository, name)
  const before = remembered.seen
  const isKnown = seen === null || (before !== null && before.number === seen.number && equalBytes(before.digest, seen.digest))
  if (!isKnown) changes.push(await remoteChange(repository, session, { ...remembered, seen }))
  return changes
}

/** Commits those changes, if there are any. */
export async function rememberRefs(repository: Repository, target: RemoteTarget, remote: BlockRepository, refs: ReadonlyMap<string, CID>, { action, author }: { readonly action: string; readonly author?: string }): Promise<void> {
  if (target.remote === undefined) return
  await repository.blocks.withSession(async (session) => {
    for (let tries = 0; ; tries++) {
      const changes = await rememberingChanges(repository, session, target, remote, refs)
      try {
        if (changes.length > 0) await session.commit({ action, message: target.remote?.name ?? '', actor: author ?? null, refs: changes })
        return
      } catch (error) {
        // Another push or fetch has remembered something meanwhile.
        if (!(error instanceof RefConflictError) || tries === MOST_TRIES) throw error
        await repository.blocks.refresh()
      }
    }
  })
}
