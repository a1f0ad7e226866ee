import { toHex } from '../../bytes.ts'
import { type Lease, leaseKey, listLeases } from '../lease.ts'
import { sleep } from '../pause.ts'
import type { BlockRepository } from '../repository.ts'
import { VarveError } from '../../errors.ts'
import type { RepositoryState, SessionHost } from '../session-host.ts'
import { type Collection, commitCollection, type CommittedCollection, isCommitNeeded } from './commit-collection.ts'
import { revoked } from '../outlive-gc.ts'
import type { GcOptions } from './interface.ts'
import { Marking } from './live-blocks.ts'
import type { PackUsage } from './pack-usage.ts'
import { Relocation } from './relocation.ts'
import { survey, type Survey, type SurveyPolicy } from './survey.ts'
import { keysOf, sweep, type SweepResult } from './sweep.ts'

const DEFAULT_GRACE_MS = 3000
const DEFAULT_SESSION_MAX_AGE_MS: number = 7 * 24 * 3600 * 1000

export interface CollectionPolicy extends SurveyPolicy {
  /** What the log of operations calls it. */
  readonly action: string
}

/** What was found, and what was done about it. */
export interface CollectionOutcome extends SweepResult {
  readonly found: Survey
  readonly moved: readonly PackUsage[]
  readonly revoke: readonly Lease[]
  /** Bytes of blocks in new packs. */
  readonly storedBytes: number
}

/**
 * Moves what is needed out of packs that are to go, commits a record without those, and deletes them when no session is left that may count on them. A commit of another
 * writer in between costs a look at what came since. A collection in between voids what was moved, since it may count on what is gone by now.
 *
 * @throws SessionRevokedError if another collection took this one for dead: it removed nothing
 */
export async function runCollection(repository: BlockRepository, host: SessionHost, options: GcOptions, policy: CollectionPolicy): Promise<CollectionOutcome> {
  const own = await host.announce()
  let relocation = new Relocation(repository, host)
  try {
    const began = host.state.root.record.gcEpoch
    let marking = new Marking()
    let epoch = began
    for (;;) {
      await repository.refresh()
      const { state } = host
      await assertNotRevoked(host, own, began)
      if (state.root.record.gcEpoch !== epoch) {
        epoch = state.root.record.gcEpoch
        marking = new Marking(marking.deltas)
        await relocation.close()
        relocation = new Relocation(repository, host)
      }
      // Others who use the same repository, and reads that have to try again, take it on to newer states, of which none of what was found is true.
      const found = await unlessMovedOn(host, state, survey(repository, marking, options, policy))
      if (found === undefined) continue
      if (found.restarted) {
        await relocation.close()
        relocation = new Relocation(repository, host)
      }
      const { revoke } = await sessionsOf(repository, options, own)
      const moved = await unlessMovedOn(host, state, relocate(relocation, found, options))
      if (moved === undefined) continue
      const gone = new Set([...found.dead, ...moved].map(({ pack }) => toHex(pack.id)))
      const committed = await commitIfNeeded(host, { survey: found, gone, relocation, revoke, action: policy.action }, options)
      if (committed === undefined) continue
      if (gone.size > 0) await sleep(options.graceMs ?? DEFAULT_GRACE_MS, options.signal)
      const swept = await sweep(repository, { dropNumber: committed.number, dropped: keysOf(gone, committed.superseded), own, revoked: new Set(repository.root.revoked) })
      return { ...swept, found, moved, revoke, storedBytes: relocation.storedBytes }
    }
  } finally {
    await relocation.close()
    await repository.storage.delete(leaseKey(own)).catch(() => undefined)
  }
}

/** Undefined if the repository is at another state by then: damage that was met may be nothing but what another collection removed. */
async function unlessMovedOn<T>(host: SessionHost, state: RepositoryState, work: Promise<T>): Promise<T | undefined> {
  try {
    const result = await work
    return host.state === state ? result : undefined
  } catch (error) {
    if (error instanceof VarveError && host.state !== state) return undefined
    throw error
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

async function commitIfNeeded(host: SessionHost, collection: Collection, options: GcOptions): Promise<CommittedCollection | undefined> {
  if (!isCommitNeeded(collection)) return { number: host.state.root.record.number, superseded: [] }
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
export async function sessionsOf({ storage, hasher, platform, root }: BlockRepository, options: GcOptions, own?: string): Promise<{ revoke: readonly Lease[]; stay: readonly Lease[] }> {
  const { isGone = () => false, sessionMaxAgeMs = DEFAULT_SESSION_MAX_AGE_MS } = options
  const others = (await listLeases(storage, hasher)).filter(({ id }) => id !== own && !root.revoked.includes(id))
  // A lease without a readable time belongs to nobody who could be waited for.
  const isGivenUp = (lease: Lease): boolean => isGone(lease) || !(platform.now().getTime() - Date.parse(lease.started) <= sessionMaxAgeMs)
  return { revoke: others.filter(isGivenUp), stay: others.filter((lease) => !isGivenUp(lease)) }
}
