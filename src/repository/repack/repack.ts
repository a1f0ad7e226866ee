import { InvalidArgumentError, VarveError } from '../../errors.ts'
import type { PackUsage } from '../gc/pack-usage.ts'
import { Marking } from '../gc/live-blocks.ts'
import { runCollection, sessionsOf } from '../gc/run-collection.ts'
import { amountOf, survey, type Survey } from '../gc/survey.ts'
import type { BlockRepository } from '../repository.ts'
import type { SessionHost } from '../session-host.ts'
import type { RepackOptions, RepackReport } from './interface.ts'
import { notWhole, Planner } from './planner.ts'

/** Packs of less than 4 MiB are put together if there are two or more of them. */
const MAX_SMALL_PACKS = 1
/** A pack is rewritten if this part of it is of no use. */
const WORTHWHILE_DEAD_SHARE = 0.05

/**
 * Stores live blocks in less room: against the blocks that they resemble most, wherever those are, through chains of deltas that are cheap to read. Gathers small packs
 * and drops garbage and second copies. Works as garbage collection does, beside readers and writers, and is as safe to be stopped. Reads and hashes every live
 * block. Memory: some 100 bytes a live block, 150 more for each that is stored anew, and at most some 160 MiB: packs, caches of bases, and what blocks are known by.
 *
 * @throws CorruptObjectError if a live block is damaged or missing: nothing was changed
 */
export async function repack(repository: BlockRepository, host: SessionHost, options: RepackOptions): Promise<RepackReport> {
  const { compression = 'auto', dryRun = false } = options
  if (compression !== 'auto' && compression !== 'max') {
    throw new InvalidArgumentError(`A repository cannot be repacked with compression "${String(compression)}"`, { hint: 'Choose auto or max.' })
  }
  if (options.maxReadCost !== undefined && !(options.maxReadCost >= 1)) {
    throw new InvalidArgumentError(`Reading cannot cost ${options.maxReadCost} times what it costs without deltas`, { hint: 'Give a number from 1.' })
  }
  const planner = new Planner(repository, host, options)
  const policy = { action: 'repack', maxSmallPacks: MAX_SMALL_PACKS, minDeadShare: WORTHWHILE_DEAD_SHARE, recode: planner.plan.bind(planner) }
  try {
    if (dryRun) {
      await repository.refresh()
      const found = await survey(repository, new Marking(), options, policy)
      const { revoke, stay } = await sessionsOf(repository, options)
      const before = bytesOf([...found.dead, ...found.rewritten, ...found.kept])
      const after = before - expectedGain(found, planner)
      const rest = { freedBytes: before - after, sessions: stay, revoked: revoke, deferredPacks: 0, refusedFiles: 0 }
      return { ...reportOf(planner, found), dryRun, bytes: { before, after }, packs: packsOf(found, 0), ...rest }
    }
    const { found, sessions, revoke, deferredPacks, refusedFiles, deletedBytes, storedBytes } = await runCollection(repository, host, options, policy)
    const packs = [...repository.indexes.packs]
    const before = bytesOf([...found.dead, ...found.rewritten, ...found.kept])
    const after = packs.reduce((sum, { size }) => sum + size, 0)
    const rest = { freedBytes: deletedBytes - storedBytes, sessions, revoked: revoke, deferredPacks, refusedFiles }
    return { ...reportOf(planner, found), dryRun, bytes: { before, after }, packs: packsOf(found, packs.length), ...rest }
  } catch (error) {
    throw error instanceof VarveError && error.code === 'CORRUPT_BLOCK' ? notWhole(error) : error
  }
}

function reportOf({ examined, latest }: Planner, found: Survey): Pick<RepackReport, 'examined' | 'recoded' | 'removed'> {
  return { examined, recoded: latest?.recoded ?? { blocks: 0, bytes: 0 }, removed: amountOf([...found.dead, ...found.rewritten], 'dead') }
}

/** `after` 0: what is to be expected. */
function packsOf({ dead, rewritten, kept }: Survey, after: number): RepackReport['packs'] {
  const kinds = new Set(rewritten.filter(({ liveBlocks }) => liveBlocks > 0).map(({ pack }) => pack.kind))
  return { before: dead.length + rewritten.length + kept.length, after: after > 0 ? after : kept.length + kinds.size }
}

function bytesOf(packs: readonly PackUsage[]): number {
  return packs.reduce((sum, { pack }) => sum + pack.size, 0)
}

function expectedGain(found: Survey, { latest }: Planner): number {
  const recoded = latest === undefined ? 0 : latest.bytes.before - latest.bytes.after
  return bytesOf(found.dead) + amountOf(found.rewritten, 'dead').bytes + recoded
}
