import { type CID, cidText } from '../cid/cid.ts'
import { VarveError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isReservedName } from '../repository/reserved-name.ts'
import { readSnapshot, type Snapshot } from './snapshot-object.ts'

/** A snapshot that a ref has led to. */
export interface FormerSnapshot {
  readonly cid: CID
  readonly snapshot: Snapshot
  /** The ref that has led to it. */
  readonly ref: string
}

/** What is looked at, at most. */
const MOST_SNAPSHOTS = 100

/**
 * Snapshots that refs were moved away from, newest first, as far as they are still here: garbage collection removes those that nothing else leads to. 100 at most.
 * @param known snapshots to pass over, as CID text
 */
export async function* formerSnapshots(repository: BlockRepository, known: ReadonlySet<string>): AsyncGenerator<FormerSnapshot> {
  const left = new Map<string, { readonly cid: CID; readonly ref: string }>()
  for await (const { changes } of repository.operations()) {
    for (const { name, before } of changes) {
      if (before === null || isReservedName(name) || known.has(cidText(before))) continue
      // Said again it counts as newer.
      left.delete(cidText(before))
      left.set(cidText(before), { cid: before, ref: name })
    }
  }
  for (const { cid, ref } of [...left.values()].reverse().slice(0, MOST_SNAPSHOTS)) {
    const snapshot = await snapshotIfHere(repository, cid)
    if (snapshot !== undefined) yield { cid, snapshot, ref }
  }
}

async function snapshotIfHere(repository: BlockRepository, cid: CID): Promise<Snapshot | undefined> {
  try {
    return await readSnapshot(repository, cid)
  } catch (error) {
    // It was collected, or is none.
    if (error instanceof VarveError) return undefined
    throw error
  }
}
