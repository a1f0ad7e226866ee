import { type CID } from '../cid/cid.ts'
import { nearest } from '../dataset/near-names.ts'
import { snapshotRefs } from '../dataset/history.ts'
import { NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isReservedName } from '../repository/reserved-name.ts'

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

/** Those with the given names, or all. @throws NotFoundError for a name that is not there, with the nearest one */
export function chosenRefs(refs: ReadonlyMap<string, CID>, names: readonly string[] | undefined, where: string): Map<string, CID> {
  if (names === undefined) return new Map(refs)
  return new Map(
    names.map((name) => {
      const target = refs.get(name)
      if (target !== undefined) return [name, target]
      const near = nearest(name, [...refs.keys()])
      throw new NotFoundError(`There is no ref or tag "${name}" in ${where}`, { data: { ref: name, near: near ?? null }, ...(near === undefined ? {} : { hint: `Did you mean "${near}"?` }) })
    }),
  )
}
