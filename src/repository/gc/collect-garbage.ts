import { toHex } from '../../bytes.ts'
import { type Lease, leaseKey, listLeases } from '../lease.ts'
import { packKey } from '../pack-format.ts'
import type { BlockRepository } from '../repository.ts'
import { type Collection, commitCollection, type CommittedCollection } from './commit-collection.ts'
import type { GcOptions, GcReport } from './interface.ts'
import { Marking } from './live-blocks.ts'
import { revoked } from '../outlive-gc.ts'
import type { PackUsage } from './pack-usage.ts'
import { Relocation } from './relocation.ts'
import { sleep } from '../pause.ts'
import type { SessionHost } from '../session-host.ts'
import { amountOf, survey, type Survey } from './survey.ts'
import { keysOf, sweep } from './sweep.ts'

const DEFAULT_GRACE_MS = 3000
const DEFAULT_SESSION_MAX_AGE_MS: number = 7 * 24 * 3600 * 1000

/**
 * Drops what nothing leads to. Writers and readers go on meanwhile: blocks that are needed are copied to new packs, a root record puts those in the
 * old ones' place, and old packs are deleted when no session is left that may count on them. If it dies half-way nothing is lost, and
 * the next collection finishes the work. Reads the tree nodes and the packs that are rewritten. Memory: some 40 bytes a live block.
 *
 * @throws CorruptObjectError if the repository is not whole or storage does not list all of it: nothing was removed
 * @throws SessionRevokedError if another collection took this one for dead: it removed nothing
 */
export async function collectGarbage(repository: BlockRepository, host: SessionHost, options: GcOptions): Promise<GcReport> {
  if (options.dryRun === true) {
    await repository.refresh()
    const found = await survey(repository, new Marking(), options)
    const { revoke, stay } = await sessionsOf(repository, options)
    return { ...reportOf(found, [...found.rewritten]), dryRun: true, sessions: stay, revoked: revoke, deferredPacks: 0, damagedPacks: [], freedBytes: expectedBytes(found) }
  }
  const own = await host.announce()
  try {
    const began = host.state.root.record.gcEpoch
    const marking = new Marking()
    let relocation = new Relocation(repository, host)
    for (;;) {
      await repository.refresh()
      const { state } = host
      await assertNotRevoked(host, own, began)
      const found = await survey(repository, marking, options)
      if (found.restarted) relocation = new Relocation(repository, host)
      const { revoke } = await sessionsOf(repository, options, own)
      const moved = await relocate(relocation, found, options)
      const gone = new Set([...found.dead, ...moved].map(({ pack }) => toHex(pack.id)))
      // Others who use the same repository, and reads that have to try again, take it on to newer states, of which none of this is true.
      if (host.state !== state) continue
      const committed = await commitIfNeeded(host, { survey: found, gone, relocation, revoke }, options)
      if (committed === undefined) continue
      if (gone.size > 0) await sleep(options.graceMs ?? DEFAULT_GRACE_MS, options.signal)
      const swept = await sweep(repository, { dropNumber: committed.number, dropped: keysOf(gone, committed.superseded), own, revoked: new Set(repository.root.revoked) })
      const damagedPacks = found.rewritten.filter((use) => !moved.includes(use)).map(({ pack }) => packKey(pack.id))
      const { sessions, deferredPacks, deletedBytes } = swept
      return { ...reportOf(found, moved), dryRun: false, sessions, revoked: revoke, deferredPacks, damagedPacks, freedBytes: deletedBytes - relocation.storedBytes }
    }
  } finally {
    await repository.storage.delete(leaseKey(own)).catch(() => undefined)
  }
}

/**
 * A collection is a writer too: when another has given it up, the packs that it wrote are gone.
 * @throws SessionRevokedError
 */
async function assertNotRevoked({ state, storage }: SessionHost, own: string, began: number): Promise<void> {
  const { revoked: ids, gcEpoch } = state.root.record
  if (ids.includes(own) || (gcEpoch !== began && (await storage.stat(leaseKey(own))) === undefined)) throw revoked(own)
}

/** No record is made if there is nothing to say in it. */
async function commitIfNeeded(host: SessionHost, collection: Collection, options: GcOptions): Promise<CommittedCollection | undefined> {
  const { gone, revoke, survey: found } = collection
  if (gone.size === 0 && revoke.length === 0 && found.evict.length === 0) return { number: host.state.root.record.number, superseded: [] }
  return commitCollection(host, collection, options)
}

/** The packs whose live blocks have been moved; a pack with damage in it is left out. */
async function relocate(relocation: Relocation, found: Survey, options: GcOptions): Promise<readonly PackUsage[]> {
  const totalBytes = found.rewritten.reduce((sum, { pack }) => sum + pack.size, 0)
  const moved: PackUsage[] = []
  let blocks = 0
  let bytes = 0
  for (const use of found.rewritten) {
    const isMoved = await relocation.move(use, found.relocation, options, (size) => {
      options.onProgress?.({ type: 'rewrite', blocks: ++blocks, bytes: (bytes += size), totalBytes })
    })
    if (isMoved) moved.push(use)
  }
  return moved
}

/** Other writers: those that have been given up, and those that may still commit. */
async function sessionsOf({ storage, hasher, platform, root }: BlockRepository, options: GcOptions, own?: string): Promise<{ revoke: readonly Lease[]; stay: readonly Lease[] }> {
  const { isGone = () => false, sessionMaxAgeMs = DEFAULT_SESSION_MAX_AGE_MS } = options
  const others = (await listLeases(storage, hasher)).filter(({ id }) => id !== own && !root.revoked.includes(id))
  // A lease without a readable time belongs to nobody who could be waited for.
  const isGivenUp = (lease: Lease): boolean => isGone(lease) || !(platform.now().getTime() - Date.parse(lease.started) <= sessionMaxAgeMs)
  return { revoke: others.filter(isGivenUp), stay: others.filter((lease) => !isGivenUp(lease)) }
}

function reportOf(found: Survey, moved: readonly PackUsage[]): Pick<GcReport, 'live' | 'removed' | 'unused' | 'packs' | 'evicted'> {
  const kept = [...found.kept, ...found.rewritten.filter((use) => !moved.includes(use))]
  return {
    live: found.liveAmount,
    removed: amountOf([...found.dead, ...moved], 'dead'),
    unused: amountOf(kept, 'dead'),
    packs: { removed: found.dead.length, rewritten: moved.length, kept: kept.length },
    evicted: found.evict,
  }
}

function expectedBytes(found: Survey): number {
  return found.dead.reduce((sum, { pack }) => sum + pack.size, 0) + amountOf(found.rewritten, 'dead').bytes
}
