import { type CID, cidText } from '../cid/cid.ts'
import { decodeCbor } from '../codec/dag-cbor.ts'
import type { BlockSource } from '../codec/interface.ts'
import { VarveError } from '../errors.ts'
import type { BlockRepository, Ref } from '../repository/index.ts'
import { readSnapshot, type Snapshot } from './snapshot-object.ts'

/**
 * A snapshot and all before it, each once: along first parents as far as they go, then along the others. `seen` may be shared between
 * walks and holds the CIDs that were visited; memory grows with the number of snapshots, not with the data.
 */
export async function* walkHistory(source: BlockSource, head: CID, seen: Set<string> = new Set()): AsyncGenerator<{ cid: CID; snapshot: Snapshot }> {
  const waiting: CID[] = [head]
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    const name = cidText(cid)
    if (seen.has(name)) continue
    seen.add(name)
    const snapshot = await readSnapshot(source, cid)
    yield { cid, snapshot }
    waiting.push(...[...snapshot.parents].reverse())
  }
}

/** The refs and tags that point to snapshots. Another program may keep refs to blocks of its own in the same repository; those are left out. */
export async function* snapshotRefs(repository: BlockRepository, prefix = ''): AsyncGenerator<Ref> {
  for await (const ref of repository.refs(prefix)) if (!(await isForeign(repository, ref.target))) yield ref
}

async function isForeign(source: BlockSource, cid: CID): Promise<boolean> {
  try {
    return (decodeCbor(await source.get(cid)) as { type?: unknown } | null)?.type !== 'snapshot'
  } catch (error) {
    // Damage is for whoever reads the snapshot to report.
    if (error instanceof VarveError) return false
    throw error
  }
}
