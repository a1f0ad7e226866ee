import type { HashName } from '../cid/interface.ts'
import { NotFoundError } from '../errors.ts'
import type { Repository } from '../dataset/repository.ts'
import type { Storage } from '../storage/interface.ts'
import { isUrl } from './is-url.ts'
import { checkedUrl, openPlace, type PlaceOptions } from './place.ts'
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
  if (named !== undefined && (isUrl(named) || named.startsWith('file:') || /[./\\:;]/.test(named))) return { url: checkedUrl(named), remote: undefined }
  if (named === undefined && (await listRemotes(repository)).every(({ name }) => name !== DEFAULT_REMOTE)) {
    throw new NotFoundError(`There is no remote "${DEFAULT_REMOTE}"`, { data: { remote: DEFAULT_REMOTE }, hint: 'Add one with `varve remote add origin <url>`, or say where to with an address or the path of a folder.' })
  }
  const remote = await getRemote(repository, named ?? DEFAULT_REMOTE)
  return { url: remote.url, remote }
}

/** Opens what a target leads to, or makes a repository there if there is none, and tells which. */
export async function openOrCreateRemote(target: RemoteTarget, { create, ...options }: PlaceOptions & { readonly create: HashName }): Promise<{ readonly place: Repository; readonly isCreated: boolean }> {
  try {
    return { place: await openPlace(target, options), isCreated: false }
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
  }
  return { place: await openPlace(target, { ...options, create }), isCreated: true }
}

/** Opens what a target leads to. @throws NotFoundError, which tells a remote that is away from one that was never there */
export async function openRemote(target: RemoteTarget, options: PlaceOptions): Promise<Repository> {
  try {
    return await openPlace(target, options)
  } catch (cause) {
    if (!(cause instanceof NotFoundError)) throw cause
    const { url, remote } = target
    const hint = remote === undefined ? 'Check the address; `varve push --to` creates a repository in an empty place.'
      : remote.seen === null ? `Nothing was pushed there yet: \`varve push --to ${remote.name}\` creates it.`
        : `It was there before, at state ${remote.seen.number}. Check that its disk or share is mounted, or ask whoever keeps it; if it has gone for good, remove the remote and add it again.`
    throw new NotFoundError(`There is no repository at ${url}${remote === undefined ? '' : `, the remote "${remote.name}"`}`, { cause, data: { location: url }, hint })
  }
}
