import { packKey } from '../pack-format.ts'
import type { BlockRepository } from '../repository.ts'
import type { SessionHost } from '../session-host.ts'
import { forecast } from './forecast.ts'
import type { GcOptions, GcReport } from './interface.ts'
import { Marking } from './live-blocks.ts'
import type { PackUsage } from './pack-usage.ts'
import { runCollection, sessionsOf } from './run-collection.ts'
import { amountOf, survey, type Survey } from './survey.ts'

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
    const sessions = await sessionsOf(repository, options)
    const { moved, ...rest } = await forecast(repository, host, found, sessions, options)
    return { ...reportOf(found, moved), ...rest, dryRun: true, refusedFiles: 0, sessions: sessions.stay, revoked: sessions.revoke, damagedPacks: damagedOf(found, moved) }
  }
  const { found, moved, sessions, revoke, deferredPacks, refusedFiles, deletedBytes, storedBytes } = await runCollection(repository, host, options, { action: 'gc' })
  return { ...reportOf(found, moved), dryRun: false, sessions, revoked: revoke, deferredPacks, refusedFiles, damagedPacks: damagedOf(found, moved), freedBytes: deletedBytes - storedBytes, ...(repository.storage.keepsVersions === true ? { keepsVersions: true } : {}) }
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

function damagedOf(found: Survey, moved: readonly PackUsage[]): string[] {
  return found.rewritten.filter((use) => !moved.includes(use)).map(({ pack }) => packKey(pack.id))
}
