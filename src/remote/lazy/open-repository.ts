import { join } from 'node:path'
import { lazyRemotes } from '../../dataset/left-at-remote.ts'
import type { Repository } from '../../dataset/repository.ts'
import type { BlockCache } from '../../node/block-cache/block-cache.ts'
import { type OpenOptions, openRepository as openHere, workFolderOf } from '../../node/open-repository.ts'
import { type BlockRepository } from '../../repository/index.ts'
import type { BlocksElsewhere } from '../../repository/elsewhere.ts'
import type { Storage } from '../../storage/interface.ts'

/**
 * Opens a repository: the path of its folder (such as `.varve`), or a storage backend. `signal` and `onProgress` serve every call on it that
 * brings none of its own. What a lazy clone left at a remote is read from there when it is asked for; no connection is opened before.
 *
 * @throws NotFoundError if there is none and `create` is not set
 * @throws UnsupportedFormatError if a newer version wrote it
 *
 * @example
 * await using repository = await openRepository('./.varve', { create: true })
 */
export async function openRepository(location: string | Storage, options: OpenOptions = {}): Promise<Repository> {
  return openHere(location, { elsewhere: (repository) => blocksAtRemotes(repository, location, options.signal), ...options })
}

/** The cache of what is read from elsewhere, for the repository at a location. */
export async function cacheOf({ platform, hasher }: BlockRepository, location: string | Storage): Promise<BlockCache> {
  const { BlockCache: Cache } = await import('../../node/block-cache/block-cache.ts')
  return new Cache(join(workFolderOf(location), 'blocks'), platform, hasher)
}

/** Where blocks are that were left at remotes; undefined if none were. Reads what is here alone. */
async function blocksAtRemotes(repository: BlockRepository, location: string | Storage, signal: AbortSignal | undefined): Promise<BlocksElsewhere | undefined> {
  const names = await lazyRemotes(repository)
  if (names.length === 0) return undefined
  const { readRemotesHere } = await import('../remotes.ts')
  const known = (await readRemotesHere(repository)).filter(({ name }) => names.includes(name))
  const removed = names.filter((name) => !known.some((remote) => remote.name === name))
  const { LazyRemote } = await import('./lazy-remote.ts')
  const { LazyBlocks } = await import('./lazy-blocks.ts')
  const { RemovedRemote } = await import('./removed-remote.ts')
  return new LazyBlocks([...known.map(({ name, url }) => new LazyRemote({ name, url, signal })), ...removed.map((name) => new RemovedRemote(name))], await cacheOf(repository, location))
}
