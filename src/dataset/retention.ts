import { toHex } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { BlockRepository } from '../repository/repository.ts'
import { isTagName } from '../repository/ref-name.ts'
import { snapshotRefs, walkHistory } from './history.ts'
import { leftRoots } from './left-at-remote.ts'
import { readSnapshot } from './snapshot-object.ts'

/**
 * Which snapshots of a ref's history keep their data. One that either rule keeps is kept; what refs and tags point to always is, and a tag keeps nothing else.
 * Without a rule, all are kept.
 */
export interface Retention {
  /** The newest so many of each ref. */
  readonly keepLast?: number
  /** Those that are not older than this, by the time they state, in milliseconds. */
  readonly keepWithinMs?: number
}

/** @throws InvalidArgumentError for what is no number of snapshots or no span of time */
export function assertRetention({ keepLast, keepWithinMs }: Retention): void {
  if (keepLast !== undefined && !(Number.isSafeInteger(keepLast) && keepLast >= 1)) {
    throw new InvalidArgumentError(`To keep the last ${keepLast} snapshots makes no sense`, { hint: 'Give a whole number from 1.' })
  }
  if (keepWithinMs !== undefined && !(keepWithinMs >= 0)) throw new InvalidArgumentError(`${keepWithinMs} is not a span of time`, { hint: 'Give a number from 0.' })
}

/**
 * The snapshots in the history of any ref that no rule keeps, newest first in each history. Of a history, what is kept is unbroken: behind a snapshot that goes, all go
 * unless another ref keeps them.
 */
export async function snapshotsToEvict(repository: BlockRepository, retention: Retention): Promise<readonly CID[]> {
  if (retention.keepLast === undefined && retention.keepWithinMs === undefined) return []
  const kept = new Set<string>()
  for await (const { name, target } of snapshotRefs(repository)) await addKept(repository, target, isTagName(name) ? { keepLast: 1 } : retention, kept)
  // What was left at a remote takes no room here, and stays readable.
  const left = await leftRoots(repository)
  const evicted: CID[] = []
  const seen = new Set<string>()
  for await (const { target } of snapshotRefs(repository)) {
    for await (const { cid, snapshot } of walkHistory(repository, target, seen)) if (!kept.has(cidText(cid)) && !left.has(toHex(snapshot.root.multihash.digest))) evicted.push(cid)
  }
  return evicted
}

/** Goes back from a ref as long as snapshots are kept: the newest first, whichever line of parents they are in. */
async function addKept(repository: BlockRepository, tip: CID, { keepLast = 1, keepWithinMs }: Retention, kept: Set<string>): Promise<void> {
  const since = keepWithinMs === undefined ? Number.POSITIVE_INFINITY : repository.platform.now().getTime() - keepWithinMs
  const seen = new Set<string>()
  let waiting = [tip]
  for (let count = 0; waiting.length > 0; count++) {
    const read = await Promise.all(waiting.map(async (cid) => ({ cid, snapshot: await readSnapshot(repository, cid) })))
    read.sort((a, b) => Date.parse(b.snapshot.time) - Date.parse(a.snapshot.time))
    const [newest, ...others] = read
    if (newest === undefined) return
    waiting = others.map(({ cid }) => cid)
    seen.add(cidText(newest.cid))
    const isWanted = count < keepLast || Date.parse(newest.snapshot.time) >= since
    if (!isWanted || (count > 0 && (await repository.isEvicted(newest.cid)))) continue
    kept.add(cidText(newest.cid))
    waiting.push(...newest.snapshot.parents.filter((parent) => !seen.has(cidText(parent)) && !waiting.some((other) => other.equals(parent))))
  }
}
