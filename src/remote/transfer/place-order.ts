import { compareBytes } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import type { BlockLocation, IndexSet } from '../../repository/index-set.ts'
import { inParallel } from './in-parallel.ts'

/** Where blocks can be looked up. */
interface Placed {
  readonly indexes: Pick<IndexSet, 'findOne'>
}

/** Positions of blocks in a list by the places where they lie, so that neighbours are read together; those that the index does not know come last. */
export async function placeOrder({ indexes }: Placed, cids: readonly CID[]): Promise<number[]> {
  const places: (BlockLocation | undefined)[] = []
  await inParallel(cids.entries(), undefined, async ([at, { multihash }]) => {
    places[at] = await indexes.findOne(multihash.digest)
  })
  return [...cids.keys()].sort((a, b) => comparePlaces(places[a], places[b]))
}

/** The blocks in that order. */
export async function inPlaceOrder(repository: Placed, cids: readonly CID[]): Promise<readonly CID[]> {
  return (await placeOrder(repository, cids)).flatMap((at) => cids[at] ?? [])
}

function comparePlaces(a: BlockLocation | undefined, b: BlockLocation | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return a.pack === b.pack ? a.offset - b.offset : compareBytes(a.pack.id, b.pack.id)
}
