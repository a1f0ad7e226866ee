import { resolve } from 'node:path'
import type { Repository } from '../dataset/repository.ts'
import { VarveError, WouldOverwriteError } from '../errors.ts'
import type { OperationOptions } from '../types.ts'
import { assertBesideSource } from './clone-place.ts'
import { leaveAt } from './lazy/leave-data.ts'
import { openRepository } from './lazy/open-repository.ts'
import { type PrefetchedRefs, prefetchRefs } from './lazy/prefetch-refs.ts'
import { checkedUrl, openPlace } from './place.ts'
import { pull, type PullResult } from './pull.ts'
import { DEFAULT_REMOTE } from './remote-target.ts'
import { listRemotes, storeRemote } from './remotes.ts'

export interface CloneOptions extends OperationOptions {
  /** Refs and tags; default all. */
  readonly refs?: readonly string[]
  /** Take over histories alone; data is read from the other repository, which must stay there, when it is asked for. Default false. */
  readonly lazy?: boolean
  /** Globs or paths of files and folders: of the newest versions what matches is fetched ahead into the cache, the rest is left as with `lazy`, which goes without saying then. */
  readonly paths?: readonly string[]
  /** Runs that are over, derivations and models too. Default: if no refs are named. */
  readonly records?: boolean
  readonly author?: string
}

export interface CloneResult extends PullResult {
  /** Absolute path of the repository's folder. */
  readonly repository: string
  /** What was fetched ahead for `paths`; null without. */
  readonly prefetched: PrefetchedRefs | null
}

/**
 * Makes a repository in `folder` with what another has, which is then its remote `origin`. Stopped and run again it goes on where it was.
 * @param folder of the repository itself, such as `mnist/.varve`
 * @throws NotFoundError if there is no repository at the address; nothing was made then
 * @throws InvalidArgumentError if the folder is the other repository or lies in it; nothing was made then
 * @throws VarveError, of the kind that it is, if `paths` could not be fetched ahead: the clone is there
 * @throws WouldOverwriteError if the folder holds another repository
 */
export async function clone(address: string, folder: string, options: CloneOptions = {}): Promise<CloneResult> {
  const url = checkedUrl(address)
  const { refs, records, author, paths, lazy = paths !== undefined, ...operation } = options
  const place = await openPlace({ url }, { signal: options.signal })
  const { hash } = place.blocks.config
  await place.close()
  assertBesideSource(url, resolve(folder))
  const repository = await openRepository(folder, { create: true, hash, ...(options.signal === undefined ? {} : { signal: options.signal }) })
  try {
    await claim(repository, url, author)
    // Said before anything is fetched, so that what is stopped goes on as it began.
    if (lazy) await leaveAt(repository.blocks, DEFAULT_REMOTE)
    const pulled = await pull(repository, { ...operation, metadataOnly: lazy, ...(refs === undefined ? {} : { refs }), ...(records === undefined ? {} : { records }), ...(author === undefined ? {} : { author }) })
    const prefetched = paths === undefined ? null : await fetchAhead(repository, pulled, paths, operation)
    return { ...pulled, prefetched, repository: resolve(folder) }
  } finally {
    await repository.close()
  }
}

/** What could not be fetched ahead does not undo the clone. @throws the same error, which says that the clone is there */
async function fetchAhead({ blocks, location }: Repository, { refs }: PullResult, paths: readonly string[], options: OperationOptions): Promise<PrefetchedRefs> {
  try {
    return await prefetchRefs(blocks, refs, paths, options)
  } catch (error) {
    if (!(error instanceof VarveError)) throw error
    const [first] = refs
    throw new VarveError(error.code, `${error.message}; the lazy clone itself is there, in ${location}`, {
      cause: error, data: { ...error.data, repository: location }, hint: `${error.hint} In the clone \`varve cache prefetch ${first?.ref ?? '<ref>'} --path <glob>\` fetches ahead.`,
    })
  }
}

/** A repository that is new, or that an earlier attempt has begun. */
async function claim(repository: Repository, url: string, author: string | undefined): Promise<void> {
  const origin = (await listRemotes(repository)).find(({ name }) => name === DEFAULT_REMOTE)
  if (origin?.url === url) return
  if (origin !== undefined || repository.blocks.root.number > 0) {
    throw new WouldOverwriteError(`${repository.location} is a repository already${origin === undefined ? '' : `, with ${origin.url} as its origin`}`, { data: { path: repository.location }, hint: 'Name another folder, or go into this one and run `varve pull`.' })
  }
  await storeRemote(repository, { name: DEFAULT_REMOTE, url, singleWriter: false, seen: null }, author === undefined ? {} : { author })
}

/** The folder that a clone is made in if none is named: the last part of the address. */
export function defaultFolder(address: string): string {
  const [path = ''] = address.split(/[?#]/)
  const name = path.split(/[\\/]+/).filter((part) => part !== '' && part !== '.varve').at(-1) ?? ''
  return /^[\w.-]+$/.test(name) && !/^\.+$/.test(name) ? name : 'clone'
}

