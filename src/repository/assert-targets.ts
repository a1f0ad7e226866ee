import { type CID, cidText, DAG_CBOR_CODE } from '../cid/cid.ts'
import { InvalidArgumentError, NotFoundError } from '../errors.ts'
import type { MaybePromise } from '../types.ts'
import { evictedError, isEvicted } from './evicted.ts'
import type { RefChange } from './refs.ts'
import type { SessionHost } from './session-host.ts'

/** Before refs are pointed to blocks; `whole` are those of which the session says that all is there again. @throws NotFoundError for one that is nowhere, or whose data was dropped; @throws InvalidArgumentError for one that is no dag-cbor block */
export async function assertTargets(host: SessionHost, blocks: { has(cid: CID): MaybePromise<boolean> }, refs: readonly RefChange[], whole: readonly CID[]): Promise<void> {
  for (const { name, target } of refs) {
    if (target === null) continue
    if (target.code !== DAG_CBOR_CODE) throw new InvalidArgumentError(`${name} cannot point to ${cidText(target)}: a ref points to a dag-cbor block`)
    if (!whole.some((cid) => cid.equals(target)) && (await isEvicted(host.blocks, host.state.root.record.evicted, target))) throw evictedError(target)
    if (!(await blocks.has(target))) throw new NotFoundError(`A ref cannot point to ${cidText(target)}: that block is not in the repository`)
  }
}
