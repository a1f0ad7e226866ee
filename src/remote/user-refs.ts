import { type CID } from '../cid/cid.ts'
import { nearest } from '../dataset/near-names.ts'
import { snapshotRefs } from '../dataset/history.ts'
import { NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isReservedName } from '../repository/reserved-name.ts'
import type { Remote } from './remote-record.ts'

/** The refs and tags of snapshots that users gave names to. */
export async function userRefs(repository: BlockRepository): Promise<Map<string, CID>> {
  const found = new Map<string, CID>()
  for await (const { name, target } of snapshotRefs(repository)) if (!isReservedName(name)) found.set(name, target)
  return found
}

/** All refs, varve's own too, whatever they lead to: reads no snapshot. */
export async function allRefs(repository: BlockRepository): Promise<Map<string, CID>> {
  const found = new Map<string, CID>()
  for await (const { name, target } of repository.refs()) found.set(name, target)
  return found
}

/** Of refs those that are not varve's own. */
export function namedRefs(refs: ReadonlyMap<string, CID>): Map<string, CID> {
  return new Map([...refs].filter(([name]) => !isReservedName(name)))
}

/** What is being done with the refs, for the hint to whoever names a remote in the place of a ref. */
export interface ChoosingFor {
  /** The verb, and its option that names a remote, such as `push` and `--to`. */
  readonly verb: string
  readonly option: string
  readonly remotes: readonly Remote[]
}

/** Those with the given names, or all. @throws NotFoundError for a name that is not there, with the remote of that name or the nearest ref */
export function chosenRefs(refs: ReadonlyMap<string, CID>, names: readonly string[] | undefined, where: string, { verb, option, remotes }: ChoosingFor): Map<string, CID> {
  if (names === undefined) return new Map(refs)
  return new Map(
    names.map((name) => {
      const target = refs.get(name)
      if (target !== undefined) return [name, target]
      if (remotes.some((remote) => remote.name === name)) {
        const command = ['varve', verb, ...names.filter((other) => other !== name), option, name].join(' ')
        throw new NotFoundError(`There is no ref or tag "${name}" in ${where}`, { data: { ref: name, remote: name }, hint: `${name} is a remote: ${command}` })
      }
      const near = nearest(name, [...refs.keys()])
      throw new NotFoundError(`There is no ref or tag "${name}" in ${where}`, { data: { ref: name, near: near ?? null }, ...(near === undefined ? {} : { hint: `Did you mean "${near}"?` }) })
    }),
  )
}
