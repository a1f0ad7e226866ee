import type { Repository } from '../dataset/repository.ts'
import { StorageError } from '../errors.ts'
import { checkedUrl, storageAt } from './place.ts'
import type { Remote } from './remote-record.ts'
import { type RemoteActOptions, storeRemote } from './remotes.ts'

export interface AddRemoteOptions extends RemoteActOptions {
  /** Declare that nobody else writes there, for a storage that cannot tell two writers apart. */
  readonly singleWriter?: boolean
}

/**
 * Gives a repository elsewhere a name. Nothing needs to be there yet: the first push creates it.
 * @throws InvalidArgumentError for an address with a password, or a name that is none; @throws AlreadyExistsError; @throws StorageError if a bucket cannot be reached, or does not keep two writers apart
 */
export async function addRemote(repository: Repository, name: string, address: string, options: AddRemoteOptions = {}): Promise<Remote> {
  const { singleWriter = false, ...act } = options
  const remote: Remote = { name, url: checkedUrl(address), singleWriter, seen: null }
  // Whoever would open it refuses what is no address, and what is a secret.
  await (await storageAt(remote.url)).close()
  if (!singleWriter) await assertConditionalWrites(remote.url)
  await storeRemote(repository, remote, act)
  return remote
}

/** Commits rely on a store that refuses to create what exists; some take the condition and ignore it. */
async function assertConditionalWrites(url: string, signal?: AbortSignal): Promise<void> {
  if (!/^s3:/i.test(url)) return
  const { probeConditionalWrites } = await import('./s3/probe-conditional-writes.ts')
  const storage = await storageAt(url)
  try {
    const probed = await probeConditionalWrites(storage, signal)
    if (probed.kept) return
    throw new StorageError(`${storage.location} ${probed.what}: with several writers commits would be lost`, {
      data: { location: storage.location, reason: 'ENOEXCLUSIVE' }, hint: 'Use a store that keeps If-None-Match, or, if nobody else will ever write there, pass --single-writer.',
    })
  } finally {
    await storage.close()
  }
}

/** Before the first push to an address that has no name here: what `addRemote` asks, if no repository is there yet. @throws StorageError */
export async function assertMayCreate(url: string, signal?: AbortSignal): Promise<void> {
  if (!/^s3:/i.test(url)) return
  const storage = await storageAt(url, { signal })
  try {
    if ((await storage.stat('config.json')) === undefined) await assertConditionalWrites(url, signal)
  } finally {
    await storage.close()
  }
}
