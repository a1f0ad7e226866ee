import type { CID } from '../cid/cid.ts'
import { openManifest } from '../manifest/manifest.ts'
import type { BlockRepository, RepackOptions, RepackReport } from '../repository/index.ts'
import { isDropped } from './evicted-data.ts'
import { snapshotRefs, walkHistory } from './history.ts'

export interface RepackRepositoryOptions extends Omit<RepackOptions, 'order' | 'isGone' | 'actor'> {
  readonly author?: string
}

/** One of a ref's versions, and the bytes that all its files have. */
interface Version {
  readonly root: CID
  readonly bytes: number
}

/** Beyond this, reading a small version through a large one costs too much, and a version between them comes first. */
const MAX_GROWTH = 2

/** Stores all versions in less room. @throws CorruptObjectError if the repository is not whole: nothing was changed */
export async function repackRepository(repository: BlockRepository, { author, ...options }: RepackRepositoryOptions): Promise<RepackReport> {
  return repository.repack({ ...options, order: () => placingOrder(repository), ...(author === undefined ? {} : { actor: author }) })
}

/** The roots of all versions whose data is there, in the order in which their content should be placed. Memory: what the history has of snapshots. */
async function placingOrder(repository: BlockRepository): Promise<readonly CID[]> {
  const evicted = await repository.evicted()
  const seen = new Set<string>()
  const order: CID[] = []
  for await (const { target } of snapshotRefs(repository)) {
    const versions: Version[] = []
    for await (const { cid, snapshot } of walkHistory(repository, target, seen)) {
      if (isDropped(evicted, cid, snapshot.root)) continue
      versions.push({ root: snapshot.root, bytes: (await openManifest(repository, snapshot.root)).totals.bytes })
    }
    for (const number of interleaved(versions.map(({ bytes }) => bytes))) order.push(...versions.slice(number, number + 1).map(({ root }) => root))
  }
  return order
}

/**
 * The numbers of versions, given their sizes newest first, in the order in which to place them. The newest stands by itself, for it is read most; but if versions have
 * grown much, one of middling size does, so that neither the newest nor the oldest is far from it. Then come the newest, the oldest, and always one half-way
 * between two that were placed: each is then near to some other and few steps from the first, where one after the other would make a long chain.
 */
export function interleaved(sizes: readonly number[]): readonly number[] {
  const last = sizes.length - 1
  if (last < 0) return []
  const [smallest, largest] = [Math.max(1, Math.min(...sizes)), Math.max(1, ...sizes)]
  const order = new Set<number>()
  if (largest > smallest * MAX_GROWTH) {
    const distance = (number: number): number => Math.abs(Math.log(Math.max(1, sizes[number] ?? 1) / Math.sqrt(smallest * largest)))
    order.add(sizes.reduce((best, _, number) => (distance(number) < distance(best) ? number : best), 0))
  }
  order.add(0)
  order.add(last)
  let gaps: readonly (readonly [number, number])[] = split([...order].sort((a, b) => a - b))
  while (gaps.length > 0) {
    for (const [from, to] of gaps) order.add((from + to) >>> 1)
    gaps = split([...order].sort((a, b) => a - b))
  }
  return [...order]
}

/** Gaps between neighbours that leave something out. */
function split(numbers: readonly number[]): readonly (readonly [number, number])[] {
  return numbers.slice(1).flatMap((to, at) => (to - (numbers[at] ?? to) > 1 ? [[numbers[at] ?? to, to] as const] : []))
}
