import { toHex } from '../../bytes.ts'
import type { PackUsage } from './pack-usage.ts'

/** What becomes of every pack. */
export interface GcPlan {
  /** Packs of which nothing is needed. */
  readonly dead: readonly PackUsage[]
  /** Packs whose live blocks move to new packs. */
  readonly rewritten: readonly PackUsage[]
  readonly kept: readonly PackUsage[]
}

/** A pack is rewritten if this part of it is dead: less is not worth copying the rest. */
const WORTHWHILE_DEAD_SHARE = 0.2
/** Commits leave packs as small as what they added; so many of them are put together. */
const SMALL_PACK_SIZE_BYTES: number = 4 * 1024 * 1024
const MAX_SMALL_PACKS = 8

/** How packs are chosen, beyond what garbage in them makes necessary. */
export interface PackPolicy {
  /** So many small packs of a kind may stay as they are. */
  readonly maxSmallPacks?: number
  /** A pack is rewritten if this part of it is of no use. */
  readonly minDeadShare?: number
}

/** `must` are the packs, by the hex of their ids, that have to be rewritten whatever they hold. */
export function planPacks(usage: Iterable<PackUsage>, must: ReadonlySet<string>, { maxSmallPacks = MAX_SMALL_PACKS, minDeadShare = WORTHWHILE_DEAD_SHARE }: PackPolicy = {}): GcPlan {
  const dead: PackUsage[] = []
  const rewritten: PackUsage[] = []
  const whole: PackUsage[] = []
  for (const use of usage) {
    if (!use.holdsLive) dead.push(use)
    else if (must.has(toHex(use.pack.id)) || use.deadBytes >= use.pack.size * minDeadShare) rewritten.push(use)
    else whole.push(use)
  }
  const kept: PackUsage[] = []
  for (const kind of ['data', 'metadata'] as const) {
    const small = whole.filter(({ pack }) => pack.kind === kind && pack.size < SMALL_PACK_SIZE_BYTES)
    // Where a pack is written anyway, others go in with it.
    const mayStay = rewritten.some(({ pack }) => pack.kind === kind) ? Math.min(1, maxSmallPacks - 1) : maxSmallPacks
    const merges = small.length > mayStay
    if (merges) rewritten.push(...small)
    kept.push(...whole.filter((use) => use.pack.kind === kind && !(merges && small.includes(use))))
  }
  return { dead, rewritten, kept }
}
