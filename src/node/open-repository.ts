import { hostname, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { CID } from '../cid/cid.ts'
import type { Hasher, HashName, Platform } from '../cid/interface.ts'
import { AlreadyExistsError, InvalidArgumentError, NotFoundError } from '../errors.ts'
import { Repository } from '../dataset/repository.ts'
import { BlockRepository } from '../repository/repository.ts'
import type { BlockRepositoryOptions, BulkReading, CreateOptions } from '../repository/repository-options.ts'
import type { Lease } from '../repository/lease.ts'
import type { Storage } from '../storage/interface.ts'
import type { OperationOptions } from '../types.ts'
import { cacheIdentity } from './cache-identity.ts'
import { nodeFolders } from './folder-port.ts'
import { FolderStorage } from './folder-storage.ts'
import { hostId, isGoneSince } from './maker.ts'
import { nodePlatform } from './node-platform.ts'
import { parallelScanner } from './parallel/pack-scanner.ts'
import { spanOpenerStarter } from './parallel/span-opener.ts'

export interface OpenOptions extends OperationOptions {
  /** Create the repository if there is none. Default false. */
  readonly create?: boolean
  /** Open it even if its state cannot be read, to repair it; until then it seems to be empty. Default false. */
  readonly damaged?: boolean
  /** Hash of a repository that is created; default `sha2-256`. */
  readonly hash?: HashName
  /**
   * Whether derived data that was dropped is made again when it is asked for: `auto` runs the recipes that the repository holds, which is for repositories whose writers you trust. Default
   * `never`: asking is an error, and `reconstruct` does it.
   */
  readonly reconstruct?: 'auto' | 'never'
  /** Finds where blocks are read that are not here. Default: nowhere, or, as `varve` exports this, the remotes that a lazy clone left them at. */
  readonly elsewhere?: BlockRepositoryOptions['elsewhere']
  /** Default: Node's own hashing and compression. */
  readonly platform?: Platform
}

/**
 * Opens a repository: the path of its folder (such as `.varve`), or a storage backend. `signal` and `onProgress` serve every call on it that
 * brings none of its own.
 *
 * @throws NotFoundError if there is none and `create` is not set
 * @throws UnsupportedFormatError if a newer version wrote it
 *
 * @example
 * await using repository = await openRepository('./.varve', { create: true })
 */
export async function openRepository(location: string | Storage, options: OpenOptions = {}): Promise<Repository> {
  if (typeof location !== 'string' && typeof location?.get !== 'function') throw new InvalidArgumentError('A repository is opened by the path of its folder, or by a storage', { hint: "Write openRepository('.varve')." })
  const { create = false, damaged = false, hash, platform = nodePlatform, reconstruct = 'never', elsewhere, signal, onProgress } = options
  const folder = typeof location === 'string' ? resolve(location) : undefined
  const storage = typeof location === 'string' ? new FolderStorage(resolve(location)) : location
  const host = `${hostname()} ${hostId()}`
  const writer = { host, process: process.pid }
  const isGone = (lease: Lease): boolean => lease.host === host && isGoneSince(lease.process, Date.parse(lease.started))
  const bulk = typeof location === 'string' && platform === nodePlatform ? { bulkReading: (hasher: Hasher) => bulkReading(storage, hasher) } : {}
  const workFolder = workFolderOf(location)
  const underWay = new Map<string, Promise<void>>()
  // Whoever asks for the same data meanwhile waits for it too.
  const remake = (blocks: BlockRepository, root: CID): Promise<void> => {
    const name = root.toString()
    const making = underWay.get(name) ?? import('./derive/reconstruct.ts').then(({ remake: make }) => make(blocks, root, join(workFolder, 'scratch'))).finally(() => underWay.delete(name))
    underWay.set(name, making)
    return making
  }
  const settings = { platform, writer, isGone, ...bulk, ...(reconstruct === 'auto' ? { remake } : {}), ...(elsewhere === undefined ? {} : { elsewhere }), ...(hash === undefined ? {} : { hash }) }
  const blocks = damaged ? await openDamaged(storage, settings) : await openOrCreate(storage, create, settings)
  const folders = nodeFolders(folder === undefined ? {} : { repositoryFolder: folder, cacheFolder: workFolder, cacheIdentity: cacheIdentity(blocks) })
  return new Repository(blocks, { folders, workFolder, defaults: { ...(signal === undefined ? {} : { signal }), ...(onProgress === undefined ? {} : { onProgress }) } })
}

/** Where this machine keeps what can be had again, of the repository at a location. */
export function workFolderOf(location: string | Storage): string {
  return join(typeof location === 'string' ? resolve(location) : join(tmpdir(), 'varve'), 'cache')
}

/** Folders are read by threads. */
function bulkReading(storage: Storage, hasher: Hasher): BulkReading {
  return { scanner: parallelScanner(storage, hasher), startOpener: spanOpenerStarter(storage, hasher) }
}

async function openDamaged(storage: Storage, options: BlockRepositoryOptions): Promise<BlockRepository> {
  try {
    return await BlockRepository.openDamaged(storage, options)
  } catch (error) {
    await storage.close()
    throw error
  }
}

async function openOrCreate(storage: Storage, create: boolean, options: CreateOptions): Promise<BlockRepository> {
  try {
    return await BlockRepository.open(storage, options)
  } catch (error) {
    if (!create || !(error instanceof NotFoundError)) {
      await storage.close()
      throw error
    }
  }
  try {
    return await BlockRepository.create(storage, options)
  } catch (error) {
    // Another process created it first: that one will do.
    if (error instanceof AlreadyExistsError) return BlockRepository.open(storage, options)
    await storage.close()
    throw error
  }
}
