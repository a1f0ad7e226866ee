import type { CID } from '../cid/cid.ts'
import type { Repository } from '../dataset/repository.ts'
import { lazyRemotes, leftName, leftRoots } from '../dataset/left-at-remote.ts'
import { nearest } from '../dataset/near-names.ts'
import { AlreadyExistsError, InvalidArgumentError, NotFoundError, WouldLoseError } from '../errors.ts'
import type { BlockRepository, RefChange } from '../repository/index.ts'
import { parseRefName } from '../repository/ref-name.ts'
import { getRef } from '../repository/refs.ts'
import { readRemotes, type Remote, writeRemotes } from './remote-record.ts'
import { trackingPrefix } from './tracking.ts'

/** The ref to the list of remotes. */
const REMOTES_REF = '_varve/remotes'
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/i

export interface RemoteActOptions {
  readonly message?: string
  readonly author?: string
}

export interface RemovedRemoteResult {
  /** Roots of data, code and artifacts whose content was left there and is not here. */
  readonly left: number
}

/** The remotes of a repository, by name. */
export async function listRemotes(repository: Repository): Promise<readonly Remote[]> {
  const target = await repository.blocks.getRef(REMOTES_REF)
  return target === undefined ? [] : readRemotes(repository.blocks, target)
}

/** The same, without a look at what is elsewhere. */
export async function readRemotesHere(blocks: BlockRepository): Promise<readonly Remote[]> {
  const target = await getRef(blocks.here, blocks.root.refs, parseRefName(REMOTES_REF))
  return target === undefined ? [] : readRemotes(blocks.here, target)
}

/** @throws NotFoundError with the nearest name */
export async function getRemote(repository: Repository, name: string): Promise<Remote> {
  const remotes = await listRemotes(repository)
  const found = remotes.find((remote) => remote.name === name)
  if (found !== undefined) return found
  const near = nearest(name, remotes.map((remote) => remote.name))
  throw new NotFoundError(`There is no remote "${name}"`, {
    data: { remote: name, near: near ?? null },
    hint: near === undefined ? `Add it with \`varve remote add ${name} <url>\`; \`varve remote list\` shows those that there are.` : `Did you mean "${near}"? \`varve remote list\` shows all.`,
  })
}

/** @throws AlreadyExistsError if the name is taken; @throws InvalidArgumentError if it is no name */
export async function storeRemote(repository: Repository, remote: Remote, options: RemoteActOptions = {}): Promise<void> {
  if (!NAME.test(remote.name)) throw new InvalidArgumentError(`"${remote.name}" cannot be the name of a remote`, { hint: 'Use letters, digits, "-" and "_", beginning with a letter or digit. Example: origin' })
  await changeRemotes(repository, 'remote-add', options, async (remotes) => {
    if ((await repository.blocks.refs(`${remote.name}/`).next()).done !== true) throw new InvalidArgumentError(`There are refs here whose names begin with "${remote.name}/"`, { data: { remote: remote.name }, hint: 'Give the remote another name, so that origin/raw means one thing.' })
    if (remotes.some(({ name }) => name === remote.name)) throw new AlreadyExistsError(`There is a remote "${remote.name}" already`, { data: { remote: remote.name }, hint: `Remove it first: varve remote remove ${remote.name}` })
    return [...remotes, remote]
  })
  // What was left at a remote of that name, which was removed, is found there again.
  if ((await lazyRemotes(repository.blocks)).includes(remote.name)) repository.blocks.lookElsewhereAnew()
}

/** Forgets a remote, and where its refs were; not what was left there, which is found again when a remote of that name is added. Nothing is done to the remote itself. @throws NotFoundError; @throws WouldLoseError if a lazy clone left data there, unless `force` */
export async function removeRemote(repository: Repository, name: string, options: RemoteActOptions & { readonly force?: boolean } = {}): Promise<RemovedRemoteResult> {
  await getRemote(repository, name)
  const left = [...(await leftRoots(repository.blocks)).values()].filter((remote) => remote === name).length
  if (left > 0 && options.force !== true) {
    throw new WouldLoseError(`The data of ${left} root${left === 1 ? '' : 's'} was left at the remote "${name}", and would not be found any more`, { data: { remote: name, left }, hint: `Take it first with \`varve pull --with-data --from ${name}\`, or remove the remote all the same with --force: adding one of that name finds it again.` })
  }
  const lazy = await repository.blocks.getRef(leftName(name))
  const tracked: RefChange[] = lazy === undefined || left > 0 ? [] : [{ name: leftName(name), expected: lazy, target: null, own: true }]
  for await (const ref of repository.blocks.refs(trackingPrefix(name))) tracked.push({ name: ref.name, target: null, own: true })
  await changeRemotes(repository, 'remote-remove', options, async (remotes) => remotes.filter((remote) => remote.name !== name), tracked)
  if (left > 0) repository.blocks.lookElsewhereAnew()
  return { left }
}

/** The change of refs by which a remote is known in another state, for a commit that changes more. */
export async function remoteChange(repository: Repository, session: { put: Parameters<typeof writeRemotes>[0]['put'] }, changed: Remote): Promise<RefChange> {
  const before = await repository.blocks.getRef(REMOTES_REF)
  const remotes = before === undefined ? [] : await readRemotes(repository.blocks, before)
  const target = await writeRemotes(session, [...remotes.filter(({ name }) => name !== changed.name), changed])
  return { name: REMOTES_REF, expected: before ?? null, target, own: true }
}

async function changeRemotes(repository: Repository, action: string, { message = '', author }: RemoteActOptions, change: (remotes: readonly Remote[]) => Promise<readonly Remote[]>, more: readonly RefChange[] = []): Promise<void> {
  const { blocks } = repository
  await blocks.withSession(async (session) => {
    const before = await blocks.getRef(REMOTES_REF)
    const after = await change(before === undefined ? [] : await readRemotes(blocks, before))
    const target: CID | null = after.length === 0 ? null : await writeRemotes(session, after)
    await session.commit({ action, message, actor: author ?? null, refs: [{ name: REMOTES_REF, expected: before ?? null, target, own: true }, ...more] })
  })
}
