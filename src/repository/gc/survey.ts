import { toHex } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import { CorruptObjectError } from '../../errors.ts'
import type { DigestTable } from '../digest-table.ts'
import { evictedDigests } from '../evicted.ts'
import { packKey } from '../pack-format.ts'
import type { BlockRepository } from '../repository.ts'
import type { BlockAmount, GcOptions } from './interface.ts'
import { addLiveBlocks, type Marking } from './live-blocks.ts'
import { findOrphanedDeltas, strandedPacks } from './orphaned-deltas.ts'
import { measurePacks, type PackUsage } from './pack-usage.ts'
import { type GcPlan, type PackPolicy, planPacks } from './plan.ts'
import type { Recoding } from './recoding.ts'
import type { RelocationPlan } from './relocation.ts'
import { StandingCopies } from './standing-copies.ts'

/** What one state of the repository holds, and what is to become of it. */
export interface Survey extends GcPlan {
  readonly evict: readonly CID[]
  /** True if what was moved before belongs to a plan that does not hold any more. */
  readonly restarted: boolean
  readonly relocation: RelocationPlan
  readonly liveAmount: BlockAmount
}

export interface SurveyPolicy extends PackPolicy {
  /** What is to be stored in another way. */
  readonly recode?: (live: DigestTable, epoch: number) => Promise<Recoding>
}

/** @throws CorruptObjectError if storage does not list every pack that the index names */
export async function survey(repository: BlockRepository, marking: Marking, options: GcOptions, { recode, ...packs }: SurveyPolicy = {}): Promise<Survey> {
  const { gcEpoch } = repository.root
  await assertWholeListing(repository)
  const known = await evictedDigests(repository, repository.root.evicted)
  const evict = ((await options.evict?.()) ?? []).filter(({ multihash }) => !known.has(toHex(multihash.digest)))
  const restarted = marking.expect(new Set([...known, ...evict.map(({ multihash }) => toHex(multihash.digest))]))
  const { live } = marking
  await addLiveBlocks(repository, evict, marking.reached, options.signal)
  const recoding = await recode?.(live, gcEpoch)
  if (recoding !== undefined) for (let row = 0; row < recoding.live.count; row++) live.add(recoding.live.digest(row))
  const usage = await measurePacks(repository.indexes, live, options.signal)
  const orphaned = await findOrphanedDeltas(repository, live, marking.deltas, options.signal)
  const must = new Set([...orphaned.packs, ...(recoding?.packs ?? [])])
  let plan = planPacks(usage.values(), must, packs)
  let going = goingOf(plan)
  // What goes with one pack may be what a delta in another is made from.
  for (let more = await strandedPacks(repository.indexes, orphaned.dead, live, going); more.size > 0; more = await strandedPacks(repository.indexes, orphaned.dead, live, going)) {
    for (const pack of more) must.add(pack)
    plan = planPacks(usage.values(), must, packs)
    going = goingOf(plan)
  }
  const relocation = { live, going, materialise: orphaned.digests, recoding, standing: new StandingCopies(repository, going) }
  return { ...plan, evict, restarted, relocation, liveAmount: amountOf([...usage.values()], 'live') }
}

function goingOf({ dead, rewritten }: GcPlan): ReadonlySet<string> {
  return new Set([...dead, ...rewritten].map(({ pack }) => toHex(pack.id)))
}

export function amountOf(packs: readonly PackUsage[], which: 'live' | 'dead'): BlockAmount {
  return packs.reduce((sum, use) => ({ blocks: sum.blocks + use[`${which}Blocks`], bytes: sum.bytes + use[`${which}Bytes`] }), { blocks: 0, bytes: 0 })
}

/** A listing that lacks what must be there says nothing about what else there is. */
async function assertWholeListing({ storage, indexes }: BlockRepository): Promise<void> {
  const missing = new Set([...indexes.packs].map(({ id }) => packKey(id)))
  for await (const { key } of storage.list('packs/')) missing.delete(key)
  const [key] = missing
  if (key === undefined) return
  throw new CorruptObjectError(`Nothing was removed, because ${missing.size} packs that the index names are not listed in ${storage.location}, ${key} among them`, {
    data: { key, missing: missing.size }, hint: 'Either storage did not list all it holds, and it helps to try again, or packs are lost: run `varve verify`.',
  })
}
