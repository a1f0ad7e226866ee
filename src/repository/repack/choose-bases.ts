import { MAX_DELTA_BASES } from '../../codec/delta-payload.ts'
import type { Layout } from './layout.ts'

/** Sets of bases that are tried for a block. */
const MAX_SETS = 4
/** Blocks whose numbers are this near are parts of one version of a file. */
const MAX_GAP = 2
/** If no version accounts for so much of what all together do, bases of several versions are put together. */
const GOOD_SHARE = 0.8
/** Of a set, the rest of the room is for neighbours. */
const MAX_CHOSEN = 5
/** A block that accounts for less of the likeness than this is not worth reading. */
const LEAST_GAIN_SHARE = 0.08

type Sharing = ReadonlyMap<number, readonly number[]>

/**
 * Sets of bases that a block may be made from, the likest first. `sharing` says which blocks share which features with it. A set is made of neighbours, as a rule: the
 * parts of one version of a file. Parts of several versions would mostly say the same twice, and each has to be read. To those that share a feature come those
 * beside them, since the likeness goes on at their ends where no feature shows it.
 */
export function baseSets(sharing: Sharing, layout: Layout): readonly (readonly number[])[] {
  const all = countFeatures(sharing)
  const runs = runsOf(sharing).map((run) => ({ run, features: countFeatures(run) })).sort((a, b) => b.features - a.features)
  const sets = runs.slice(0, MAX_SETS).map(({ run }) => withNeighbours(cover(run), layout))
  if ((runs[0]?.features ?? 0) < all * GOOD_SHARE && runs.length > 1) sets.push(withNeighbours(cover(sharing), layout))
  return sets
}

function runsOf(sharing: Sharing): readonly Sharing[] {
  const runs: Map<number, readonly number[]>[] = []
  let last: number | undefined
  for (const [row, features] of [...sharing].sort(([a], [b]) => a - b)) {
    if (last === undefined || row - last > MAX_GAP) runs.push(new Map())
    runs.at(-1)?.set(row, features)
    last = row
  }
  return runs
}

/** The blocks that account for most, each for something that those before it do not. */
function cover(sharing: Sharing): readonly number[] {
  const chosen: number[] = []
  const covered = new Set<number>()
  const leastGain = Math.max(1, countFeatures(sharing) * LEAST_GAIN_SHARE)
  while (chosen.length < MAX_CHOSEN) {
    let best: { row: number; gain: number } | undefined
    for (const [row, features] of sharing) {
      const gain = features.filter((feature) => !covered.has(feature)).length
      if (gain > (best?.gain ?? 0)) best = { row, gain }
    }
    if (best === undefined || best.gain < leastGain) break
    chosen.push(best.row)
    for (const feature of sharing.get(best.row) ?? []) covered.add(feature)
  }
  return chosen
}

function withNeighbours(chosen: readonly number[], layout: Layout): readonly number[] {
  const set = new Set(chosen)
  for (const row of chosen) {
    for (const neighbour of [row + 1, row - 1]) if (set.size < MAX_DELTA_BASES && layout.mayBeBase(neighbour)) set.add(neighbour)
  }
  return [...set].sort((a, b) => a - b)
}

function countFeatures(sharing: Sharing): number {
  return new Set([...sharing.values()].flat()).size
}
