import { toHex } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { isDropped } from './evicted-data.ts'
import { goneDigests, leftRoots } from './left-at-remote.ts'
import type { SnapshotInfo } from './results.ts'
import type { Snapshot } from './snapshot-object.ts'

/** Where data is that is not here. */
export interface DataPlaces {
  /** Digests, in hex, of roots and snapshots whose data was dropped. */
  readonly gone: ReadonlySet<string>
  /** Remotes by the hex of the digests of roots whose data was left there. */
  readonly left: ReadonlyMap<string, string>
}

export async function dataPlaces(repository: BlockRepository): Promise<DataPlaces> {
  return { gone: await goneDigests(repository), left: await leftRoots(repository) }
}

/** A snapshot as it is told of. */
export function snapshotInfo(cid: CID, snapshot: Snapshot, { gone, left }: DataPlaces): SnapshotInfo {
  return {
    ...snapshot, snapshot: cidText(cid), root: cidText(snapshot.root), parents: snapshot.parents.map(cidText), evicted: isDropped(gone, cid, snapshot.root),
    leftAt: left.get(toHex(snapshot.root.multihash.digest)) ?? null,
  }
}
