import { compareBytes } from '../../bytes.ts'
import { type CID, cidText } from '../../cid/cid.ts'
import type { BlockLocation, IndexSet } from '../../repository/index-set.ts'
import { inParallel } from './in-parallel.ts'

/** Blocks in the order in which they lie, so that neighbours are read together; those that the index does not know come last. */
export async function inPlaceOrder({ indexes }: { readonly indexes: Pick<IndexSet, 'findOne'> }, cids: readonly CID[]): Promise<readonly CID[]> {
  const places = new Map<string, BlockLocation | undefined>()
  await inParallel(cids, undefined, async (cid) => void places.set(cidText(cid), await indexes.findOne(cid.multihash.digest)))
  return cids.toSorted((a, b) => comparePlaces(places.get(cidText(a)), places.get(cidText(b))))
}

/** Orders places by pack, and in it from the front; what has none comes last. Returns < 0, 0 or > 0. */
export function comparePlaces(a: BlockLocation | undefined, b: BlockLocation | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return a.pack === b.pack ? a.offset - b.offset : compareBytes(a.pack.id, b.pack.id)
}
