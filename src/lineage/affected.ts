import type { CID } from '../cid/cid.ts'
import { idOf } from '../cid/digest-id.ts'
import type { BlockRepository } from '../repository/index.ts'
import { type RunUse, rootsInUse, runsOfRoots } from '../run/run-uses.ts'
import { type Act, type ActTable } from './act.ts'

/** What was made of some data, directly or not. */
export interface Affected {
  /** Derivations, models and evaluations. */
  readonly acts: ReadonlySet<Act>
  /** By their starts, as `idOf` gives them. */
  readonly runs: ReadonlyMap<string, RunUse>
}

/** Every root that a run, a derivation, a model or an evaluation used, once. Reads no run. */
export async function usedRoots(repository: BlockRepository, table: ActTable): Promise<ReadonlyMap<string, CID>> {
  const roots = new Map<string, CID>()
  for (const { ins } of table.acts()) for (const { id, to } of ins) if (to.kind === 'root') roots.set(id, to.link.cid)
  for (const kind of ['input', 'code'] as const) for await (const root of rootsInUse(repository, kind)) roots.set(idOf(root), root)
  return roots
}

/**
 * What was made of roots. Of runs only the index is read: what they made matters here only where something used it again, so that it is enough to ask of each root in use which runs made it.
 * @param used as `usedRoots` gives it
 */
export async function affectedBy(repository: BlockRepository, table: ActTable, used: ReadonlyMap<string, CID>, start: readonly CID[]): Promise<Affected> {
  const roots = new Set<string>()
  const acts = new Set<Act>()
  const runs = new Map<string, RunUse>()
  let makers: readonly { readonly root: CID; readonly run: string }[] | undefined
  for (let fresh = start; fresh.length > 0; ) {
    for (const root of fresh) roots.add(idOf(root))
    const next = new Map<string, CID>()
    const add = (root: CID): void => void (roots.has(idOf(root)) || next.set(idOf(root), root))
    for (const root of fresh) {
      for (const act of fresh === start ? table.takers(idOf(root)) : table.realTakers(idOf(root))) {
        acts.add(act)
        for (const { to } of act.outs) if (to.kind === 'root') add(to.link.cid)
      }
    }
    const before = runs.size
    for (const kind of ['input', 'code'] as const) {
      for await (const use of runsOfRoots(repository, fresh, kind)) {
        const { id } = use
        if (!runs.has(id)) for (const act of table.takers(id)) acts.add(act)
        runs.set(id, use)
      }
    }
    if (runs.size > before) {
      makers ??= await makersOf(repository, [...used.values()])
      for (const { root, run } of makers) if (runs.has(run)) add(root)
    }
    fresh = [...next.values()]
  }
  return { acts, runs }
}

async function makersOf(repository: BlockRepository, roots: readonly CID[]): Promise<readonly { readonly root: CID; readonly run: string }[]> {
  const makers: { root: CID; run: string }[] = []
  for (const kind of ['artifact', 'metrics', 'log'] as const) for await (const { root, id } of runsOfRoots(repository, roots, kind)) makers.push({ root, run: id })
  return makers
}
