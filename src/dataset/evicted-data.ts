import { toHex } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import { EvictedError } from '../errors.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { isGone } from './left-at-remote.ts'

/**
 * Sees to it that what a manifest root leads to can be read: of derived data that garbage collection dropped, by making it again if the repository was opened so. What was left at a remote is read from there.
 * @throws EvictedError if it was dropped and may not be made again; and what making it throws
 */
export async function bringBack(repository: BlockRepository, root: CID): Promise<void> {
  if (!(await isGone(repository, root))) return
  if (repository.remake === undefined) {
    throw new EvictedError(`${cidText(root)} is derived data that garbage collection dropped, to be made again when it is needed`, { data: { root: cidText(root) } })
  }
  await repository.remake(repository, root)
}

/** True if garbage collection dropped the data of a snapshot: by a rule of retention, or because it can be made again. */
export function isDropped(evicted: ReadonlySet<string>, snapshot: CID, root: CID): boolean {
  return evicted.has(toHex(snapshot.multihash.digest)) || evicted.has(toHex(root.multihash.digest))
}
