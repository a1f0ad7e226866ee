import { type CID, cidText } from '../cid/cid.ts'
import { idOf } from '../cid/digest-id.ts'
import { snapshotRefs } from '../dataset/history.ts'
import { readSnapshot, type Snapshot } from '../dataset/snapshot-object.ts'
import { isTagName, type BlockRepository, type Ref } from '../repository/index.ts'
import { shownTracked } from '../repository/tracked-ref.ts'
import { readLinked } from './act.ts'

/** What is known of a root by its snapshots. */
export interface RootNames {
  /** The best first: tags, which stay; refs; what remotes had, as `origin/raw`; places in the history of a ref. */
  readonly names: readonly string[]
  /** In the order in which refs lead to them. */
  readonly snapshots: readonly KnownSnapshot[]
}

export interface KnownSnapshot {
  readonly cid: CID
  readonly snapshot: Snapshot
}

interface Found {
  readonly tags: string[]
  readonly refs: string[]
  readonly tracked: string[]
  readonly places: string[]
  readonly snapshots: Map<string, KnownSnapshot>
}

/** Every root that a ref's history leads to, by `idOf`. Reads each snapshot once, some 50 µs. */
export async function rootNames(repository: BlockRepository): Promise<ReadonlyMap<string, RootNames>> {
  const roots = new Map<string, Found>()
  const read = new Map<string, Snapshot>()
  const found = async (cid: CID): Promise<{ readonly root: Found; readonly snapshot: Snapshot; readonly isNew: boolean }> => {
    const id = idOf(cid)
    const known = read.get(id)
    const snapshot = known ?? (await readLinked(`The snapshot ${cidText(cid)}`, () => readSnapshot(repository, cid)))
    read.set(id, snapshot)
    const name = idOf(snapshot.root)
    const root = roots.get(name) ?? { tags: [], refs: [], tracked: [], places: [], snapshots: new Map<string, KnownSnapshot>() }
    roots.set(name, root)
    root.snapshots.set(id, { cid, snapshot })
    return { root, snapshot, isNew: known === undefined }
  }
  for (const { name: stored, target } of await branchesFirst(repository)) {
    const tip = await found(target)
    const tracked = shownTracked(stored)
    const name = tracked ?? stored
    ;(tracked !== undefined ? tip.root.tracked : isTagName(name) ? tip.root.tags : tip.root.refs).push(name)
    // Along first parents a place has a name; what other parents lead to is known, and has none.
    const waiting: { cid: CID; age: number | undefined }[] = tip.isNew ? parentsOf(tip.snapshot, 0) : []
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const { root, snapshot, isNew } = await found(at.cid)
      if (!isNew) continue
      if (at.age !== undefined) root.places.push(`${name}~${at.age}`)
      waiting.push(...parentsOf(snapshot, at.age))
    }
  }
  return new Map([...roots].map(([root, { tags, refs, tracked, places, snapshots }]) => [root, { names: [...tags, ...refs, ...tracked, ...places], snapshots: [...snapshots.values()] }]))
}

/** Most of the history is then named after what goes on here. */
async function branchesFirst(repository: BlockRepository): Promise<readonly Ref[]> {
  const refs: Ref[] = []
  for await (const ref of snapshotRefs(repository)) refs.push(ref)
  const own = refs.filter(({ name }) => shownTracked(name) === undefined)
  return [...own.filter(({ name }) => !isTagName(name)), ...own.filter(({ name }) => isTagName(name)), ...refs.filter(({ name }) => shownTracked(name) !== undefined)]
}

function parentsOf({ parents }: Snapshot, age: number | undefined): { cid: CID; age: number | undefined }[] {
  return parents.map((cid, at) => ({ cid, age: at === 0 && age !== undefined ? age + 1 : undefined })).reverse()
}
