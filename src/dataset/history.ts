import { type CID, cidText } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
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
