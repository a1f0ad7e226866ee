import type { Repository } from '../dataset/repository.ts'
import { checkedUrl } from './place.ts'
import type { Remote } from './remote-record.ts'
import { type RemoteActOptions, storeRemote } from './remotes.ts'

export interface AddRemoteOptions extends RemoteActOptions {
  /** Declare that nobody else writes there, for a storage that cannot tell two writers apart. */
  readonly singleWriter?: boolean
}

/**
 * Gives a repository elsewhere a name. Nothing needs to be there yet: the first push creates it.
 * @throws InvalidArgumentError for an address with a password, or a name that is none; @throws AlreadyExistsError
 */
export async function addRemote(repository: Repository, name: string, address: string, options: AddRemoteOptions = {}): Promise<Remote> {
  const { singleWriter = false, ...act } = options
  const remote: Remote = { name, url: checkedUrl(address), singleWriter, seen: null }
  await storeRemote(repository, remote, act)
  return remote
}
