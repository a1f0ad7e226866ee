import { existsSync, readFileSync } from 'node:fs'
import type { CID } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { MalformedDataError, NotFoundError, SealedError, VarveError } from '../../errors.ts'
import type { Session } from '../../repository/index.ts'
import type { RunProcess } from '../../run/interface.ts'
import { runLabel } from '../../run/run-key.ts'
import { readRunStart } from '../../run/run-object.ts'
import { commitRecord, type ListedRun, listRuns } from '../../run/run-tree.ts'
import { isAbsence } from '../system-errors.ts'
import { isRunGone } from './is-run-gone.ts'
import { keepMetricsOfCommand, type KeptMetrics } from './keep-metrics.ts'
import { removeRunFiles, type RunFiles, runFiles } from './run-folder.ts'
import { storeLog } from './store-log.ts'

const REASON = 'its process was gone before it said how it ended'

/**
 * Seals runs whose process is gone without having said how it ended as `lost`, with the metrics, the output and the artifacts that it left. Of a command that outlives its supervisor, not before it has ended
 * too. Runs of other hosts stay as they are: nothing tells whether they live. What cannot be read of one run is no hindrance to others. Reads the tree of runs, and what is not over.
 * @returns the labels of runs that were found to be lost
 */
export async function reconcileRuns(repository: Repository): Promise<readonly string[]> {
  await repository.blocks.refresh()
  const lost: string[] = []
  for await (const listed of listRuns(repository.blocks)) if (!listed.isOver && (await reconcile(repository, listed))) lost.push(runLabel(listed))
  return lost
}

async function reconcile(repository: Repository, listed: ListedRun): Promise<boolean> {
  const { blocks } = repository
  const files = runFiles(repository, listed.start)
  try {
    const { process, started } = await readRunStart(blocks, listed.start)
    const since = Date.parse(started)
    const command = commandOf(files)
    if (!isRunGone(process, since) || (command !== undefined && !isRunGone(command, since))) return false
    await blocks.withSession(async (session) => {
      const { chunker } = blocks.config
      const [kept, doubt] = await leftMetrics(session, files, chunker)
      const log = await leftLog(session, files, chunker)
      await commitRecord(blocks, session, listed, (before) => ({
        start: listed.start, status: 'lost', reason: doubt === undefined ? REASON : `${REASON}; ${doubt}`, exitCode: null, signal: null, ended: blocks.platform.now().toISOString(), ...kept, log, artifacts: before?.artifacts ?? [],
      }), { message: `${runLabel(listed)}: lost`, actor: null, whole: [kept.metrics, log].filter((root) => root !== null) })
    })
  } catch (error) {
    // Another process was first; or this version cannot read what the run recorded, and another may.
    if (error instanceof SealedError || (error instanceof VarveError && error.code !== 'STORAGE_FAILED')) return false
    throw error
  }
  await removeRunFiles(files)
  return true
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

/** The command of a run, if it is one. */
function commandOf({ command }: RunFiles): RunProcess | undefined {
  try {
    return JSON.parse(readFileSync(command, 'utf8')) as RunProcess
  } catch {
    return undefined
  }
}
