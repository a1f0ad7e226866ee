import type { CID } from '../../cid/cid.ts'
import { remoteWith } from '../../dataset/left-at-remote.ts'
import { readSnapshot } from '../../dataset/snapshot-object.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { OperationOptions } from '../../types.ts'
import type { RequestTally } from '../request-tally.ts'
import { LazyBlocks } from './lazy-blocks.ts'
import { readManifests } from './prefetch.ts'

/** Reads the manifests of what refs lead to, so that listing and comparing the newest versions needs no remote. Those that are here already cost nothing. */
export async function readHeads(blocks: BlockRepository, refs: ReadonlyMap<string, CID>, { signal }: OperationOptions): Promise<void> {
  const place = await blocks.elsewhere()
  if (place === undefined) return
  const roots: CID[] = []
  for (const snapshot of refs.values()) {
    const { root } = await readSnapshot(blocks, snapshot)
    if ((await remoteWith(blocks, root)) !== undefined) roots.push(root)
  }
  await readManifests(blocks, roots, signal)
  if (place instanceof LazyBlocks) await place.cache.flush()
}

/** What reading elsewhere has asked for so far. */
export async function requestsElsewhere(blocks: BlockRepository): Promise<RequestTally> {
  const place = await blocks.elsewhere()
  return place instanceof LazyBlocks ? place.requests : {}
}
