import { NotFoundError } from '../errors.ts'
import type { Repository } from '../dataset/repository.ts'
import type { Storage } from '../storage/interface.ts'
import { isUrl } from './is-url.ts'
import { checkedUrl } from './place.ts'
import type { Remote } from './remote-record.ts'
import { getRemote, listRemotes } from './remotes.ts'

export const DEFAULT_REMOTE = 'origin'

/** Where a command goes: to a remote that has a name here, or to an address. */
export interface RemoteTarget {
  readonly url: string
  /** The storage that it is in, if whoever asks has opened it. */
  readonly storage?: Storage
  readonly remote: Remote | undefined
}

/** @throws NotFoundError for a name that no remote has */
export async function resolveTarget(repository: Repository, named: string | Storage | undefined): Promise<RemoteTarget> {
  if (typeof named === 'object') return { url: named.location, storage: named, remote: undefined }
  if (named !== undefined && (isUrl(named) || named.startsWith('file:') || /[./\\]/.test(named))) return { url: checkedUrl(named), remote: undefined }
  if (named === undefined && (await listRemotes(repository)).every(({ name }) => name !== DEFAULT_REMOTE)) {
    throw new NotFoundError(`There is no remote "${DEFAULT_REMOTE}"`, { data: { remote: DEFAULT_REMOTE }, hint: 'Add one with `varve remote add origin <url>`, or say where to with an address or the path of a folder.' })
  }
  const remote = await getRemote(repository, named ?? DEFAULT_REMOTE)
  return { url: remote.url, remote }
}
