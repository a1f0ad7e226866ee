import { existsSync } from 'node:fs'
import type { CID } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { MalformedDataError, NotFoundError } from '../../errors.ts'
import type { Session } from '../../repository/index.ts'
import { runLabel } from '../../run/run-key.ts'
import { commitRecord, type ListedRun } from '../../run/run-tree.ts'
import { isAbsence } from '../system-errors.ts'
import { keepMetricsOfCommand, type KeptMetrics } from './keep-metrics.ts'
import { removeRunFiles, type RunFiles } from './run-folder.ts'
import { storeLog } from './store-log.ts'

export interface LossOptions {
  readonly reason: string
  /** Who says so; null where the process was looked for and is gone. */
  readonly actor: string | null
}

/** Seals a run as `lost`, with the metrics, the output and the artifacts that it left here, and removes its files. @throws SealedError if it is over already */
export async function sealLost({ blocks }: Repository, listed: ListedRun, files: RunFiles, { reason, actor }: LossOptions): Promise<void> {
  await blocks.withSession(async (session) => {
    const { chunker } = blocks.config
    const [kept, doubt] = await leftMetrics(session, files, chunker)
    const log = await leftLog(session, files, chunker)
    await commitRecord(blocks, session, listed, (before) => ({
      start: listed.start, status: 'lost', reason: doubt === undefined ? reason : `${reason}; ${doubt}`, exitCode: null, signal: null, ended: blocks.platform.now().toISOString(), ...kept, log, artifacts: before?.artifacts ?? [],
    }), { message: `${runLabel(listed)}: lost`, actor, whole: [kept.metrics, log].filter((root) => root !== null) })
  })
  await removeRunFiles(files)
}

/** What a power cut leaves of a journal may be nothing that can be read. */
async function leftMetrics(session: Session, files: RunFiles, chunker: string): Promise<readonly [KeptMetrics, string | undefined]> {
  try {
    return [await keepMetricsOfCommand(session, files, chunker), undefined]
  } catch (error) {
    if (!(error instanceof MalformedDataError) && !(error instanceof NotFoundError)) throw error
    return [{ metrics: null, final: {} }, `its metrics cannot be read: ${error.message}`]
  }
}

async function leftLog(session: Session, files: RunFiles, chunker: string): Promise<CID | null> {
  if (!existsSync(files.stdout) || !existsSync(files.stderr)) return null
  try {
    return await storeLog(session, files, chunker)
  } catch (error) {
    // Another process was first, and has removed it.
    if (isAbsence(error)) return null
    throw error
  }
}
