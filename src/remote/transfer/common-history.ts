import { type CID, cidText } from '../../cid/cid.ts'
import { walkHistory } from '../../dataset/history.ts'
import { readSnapshot } from '../../dataset/snapshot-object.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { VarveError } from '../../errors.ts'

/** Bases that are walked at most: of many refs, a few are as near to what is new as all. */
const MOST_BASES = 32

export interface CommonHistory {
  /** Snapshots that both have. */
  readonly snapshots: ReadonlyMap<string, CID>
  /** Roots that both have whole, those first that new snapshots come after. */
  readonly bases: readonly CID[]
  /** All roots that both have whole, but for those. */
  readonly roots: readonly CID[]
}

/**
 * What two repositories have in common, as far as refs tell. Reads each snapshot of the common history once, from the near side, and each new one from the source.
 *
 * @param wants snapshots of the source
 * @param tips what refs of the target lead to; those that the near side does not know are passed over
 * @param isDropped true for a snapshot or root of the target of which only the record is left
 * @param isRefilled true for a known snapshot whose data is to go over all the same, since the target has dropped it
 */
export async function commonHistory(
  source: BlockSource, near: BlockSource & { has(cid: CID): boolean | Promise<boolean> }, wants: Iterable<CID>, tips: Iterable<CID>, { isDropped, isRefilled }: { readonly isDropped: (cid: CID) => boolean; readonly isRefilled: (snapshot: CID, root: CID) => boolean },
): Promise<CommonHistory> {
  const snapshots = new Map<string, CID>()
  const roots = new Map<string, CID>()
  const tipRoots: CID[] = []
  const seen = new Set<string>()
  for (const tip of tips) {
    if (!(await near.has(tip))) continue
    try {
      for await (const { cid, snapshot } of walkHistory(near, tip, seen)) {
        const isWhole = !isDropped(cid) && !isDropped(snapshot.root)
        if (isWhole) roots.set(cidText(cid), snapshot.root)
        if (isWhole || !isRefilled(cid, snapshot.root)) snapshots.set(cidText(cid), cid)
      }
    } catch (error) {
      // A history that is only partly here: what was met of it is common all the same.
      if (!(error instanceof VarveError)) throw error
    }
    const root = roots.get(cidText(tip))
    if (root !== undefined) tipRoots.push(root)
  }
  // The heads of other refs are worth a look only where nothing nearer is known: each of them costs the reading of what differs.
  const before = await boundary(source, wants, snapshots, roots)
  const bases = new Map([...new Map((before.length > 0 ? before : tipRoots).map((root) => [cidText(root), root]))].slice(0, MOST_BASES))
  return { snapshots, bases: [...bases.values()], roots: [...roots.values()].filter((root) => !bases.has(cidText(root))) }
}

/** The roots of common snapshots that new ones come right after. */
async function boundary(source: BlockSource, wants: Iterable<CID>, common: ReadonlyMap<string, CID>, roots: ReadonlyMap<string, CID>): Promise<CID[]> {
  const found: CID[] = []
  const seen = new Set<string>()
  const waiting = [...wants]
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    const name = cidText(cid)
    if (seen.has(name)) continue
    seen.add(name)
    const root = roots.get(name)
    if (root !== undefined) found.push(root)
    if (!common.has(name)) waiting.push(...(await readSnapshot(source, cid)).parents)
  }
  return found
}
