import { toHex } from '../bytes.ts'
import type { CID } from '../cid/cid.ts'
import { getValue, scanTree } from '../manifest/read-tree.ts'
import { linkCodec } from '../repository/link-codec.ts'
import { getRef, listRefs } from '../repository/refs.ts'
import { parseRefName } from '../repository/ref-name.ts'
import type { BlockRepository } from '../repository/repository.ts'

/**
 * Refs to trees from the digest of each manifest root whose data was left at a remote, to be read from there when it is asked for. Such a root is entered as dropped too, since its data is not here;
 * one that is entered there no more has come since.
 */
const LEFT = '_varve/lazy/'

export function leftName(remote: string): string {
  return `${LEFT}${remote}`
}

/** The remotes that data was left at. Reads what is here alone. */
export async function lazyRemotes(repository: BlockRepository): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of listRefs(repository.here, repository.root.refs, LEFT)) names.push(name.slice(LEFT.length))
  return names
}

/** The remote that the data of a root was left at, if that is not here. */
export async function remoteWith(repository: BlockRepository, root: CID): Promise<string | undefined> {
  if (repository.root.evicted === null || !(await repository.isEvicted(root))) return undefined
  for (const remote of await lazyRemotes(repository)) {
    const tree = await getRef(repository.here, repository.root.refs, parseRefName(leftName(remote)))
    if (tree !== undefined && (await getValue(repository.here, tree, linkCodec, root.multihash.digest)) !== undefined) return remote
  }
  return undefined
}

/** Where the data of all such roots is: the hex of the digest of each, and the remote. */
export async function leftRoots(repository: BlockRepository): Promise<ReadonlyMap<string, string>> {
  const left = new Map<string, string>()
  const remotes = await lazyRemotes(repository)
  if (remotes.length === 0) return left
  const evicted = await repository.evicted()
  for (const remote of remotes) {
    const tree = await getRef(repository.here, repository.root.refs, parseRefName(leftName(remote)))
    if (tree !== undefined) for await (const { key } of scanTree(repository.here, tree, linkCodec)) if (evicted.has(toHex(key))) left.set(toHex(key), remote)
  }
  return left
}

/** True if the data of a root was dropped, and is not to be read from anywhere. */
export async function isGone(repository: BlockRepository, root: CID): Promise<boolean> {
  return repository.root.evicted !== null && (await repository.isEvicted(root)) && (await remoteWith(repository, root)) === undefined
}

/** The digests, in hex, of all roots and snapshots of which that is true. */
export async function goneDigests(repository: BlockRepository): Promise<ReadonlySet<string>> {
  const left = await leftRoots(repository)
  const evicted = await repository.evicted()
  return left.size === 0 ? evicted : new Set([...evicted].filter((digest) => !left.has(digest)))
}
