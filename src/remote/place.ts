import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HashName } from '../cid/interface.ts'
import type { Repository } from '../dataset/repository.ts'
import { InvalidArgumentError, NotFoundError } from '../errors.ts'
import { FolderStorage } from '../node/folder-storage.ts'
import { openRepository } from '../node/open-repository.ts'
import type { Storage } from '../storage/interface.ts'
import { isUrl } from './is-url.ts'
import { LastWords } from './last-words.ts'
import { assertNotMisspelt } from './misspelt-address.ts'
import { ownProxies } from './proxy/own-proxies.ts'
import type { RemoteRequest } from './requests/interface.ts'
import type { S3Settings } from './s3/interface.ts'
import { StoppableStorage } from './stoppable-storage.ts'

/** Larger packs than locally: each costs a round trip, and some services bill by the request. */
export const REMOTE_PACK_SIZE_BYTES: number = 64 * 1024 * 1024

/** An address as it is kept: paths are absolute; what would be a secret, or is nearly an address, is refused. @throws InvalidArgumentError */
export function checkedUrl(location: string): string {
  assertNotMisspelt(location)
  if (location.startsWith('file:')) return repositoryFolderOf(fileURLToPath(location))
  if (!isUrl(location)) return repositoryFolderOf(resolve(location))
  const url = new URL(location)
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError('An address of a remote must not hold a user name or password: it is stored, and shown', { hint: 'Set credentials where the service’s own tools look for them, such as AWS_ACCESS_KEY_ID or ~/.aws/credentials.' })
  }
  return location
}

export interface PlaceOptions {
  /** Its user has declared that nobody else writes there. */
  readonly singleWriter?: boolean
  /** Told of every request over a network. */
  readonly onRequest?: (request: RemoteRequest) => void
  /** Ends calls over a network: reads at once, and what a last commit needs some seconds later. */
  readonly signal?: AbortSignal | undefined
}

/** A folder that has a repository in it, in `.varve`, and is none itself, stands for that. */
export function repositoryFolderOf(folder: string): string {
  const inner = join(folder, '.varve')
  return !existsSync(join(folder, 'config.json')) && existsSync(join(inner, 'config.json')) ? inner : folder
}

/** The storage at an address, or in a folder. @throws InvalidArgumentError for an address of a kind that is not known */
export async function storageAt(location: string, { singleWriter = false, onRequest, signal }: PlaceOptions = {}): Promise<Storage> {
  if (!isUrl(location)) return new FolderStorage(location)
  const words = signal === undefined ? undefined : new LastWords(signal)
  const told = (request: RemoteRequest): void => {
    if (request.status !== undefined) words?.heard()
    onRequest?.(request)
  }
  const agents = await ownProxies()
  const storage = await networkStorage(location, { conditionalWrites: !singleWriter, onRequest: told, ...(agents === undefined ? {} : { agents }) })
  return words === undefined ? storage : new StoppableStorage(storage, words)
}

async function networkStorage(location: string, settings: S3Settings): Promise<Storage> {
  if (/^s3:/i.test(location)) {
    const { s3Storage } = await import('./s3/s3-storage.ts')
    return s3Storage(location, settings)
  }
  if (/^https?:/i.test(location)) {
    const { httpStorage } = await import('./http/http-storage.ts')
    return httpStorage(location, settings)
  }
  throw new InvalidArgumentError(`This version knows no storage of the kind "${new URL(location).protocol}"`, { data: { location }, hint: 'Name a folder, or an address that begins with s3://, http:// or https://.' })
}

/** Where a repository is: an address, or a storage that somebody has opened, and closes. */
export interface Place {
  readonly url: string
  readonly storage?: Storage
}

/** Opens the repository at a place; with `create`, makes one there if there is none. Close it after use. @throws NotFoundError, which says what to do about an address */
export async function openPlace({ url, storage }: Place, options: PlaceOptions & { readonly create?: HashName } = {}): Promise<Repository> {
  const { create, ...place } = options
  const location = storage === undefined ? (isUrl(url) ? await storageAt(url, place) : url) : place.signal === undefined ? lent(storage) : new StoppableStorage(lent(storage), new LastWords(place.signal))
  try {
    return await openRepository(location, create === undefined ? {} : { create: true, hash: create })
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new NotFoundError(error.message, { cause: error, data: error.data, hint: 'Check the address; the first `varve push` to it creates a repository there.' })
  }
}

/** The same storage, which stays open. */
function lent(storage: Storage): Storage {
  return {
    location: storage.location,
    get keepsVersions() {
      return storage.keepsVersions
    },
    put: (key, body, options) => storage.put(key, body, options),
    get: (key, options) => storage.get(key, options),
    stat: (key, options) => storage.stat(key, options),
    list: (prefix, options) => storage.list(prefix, options),
    delete: (key, options) => storage.delete(key, options),
    close: async () => undefined,
  }
}
