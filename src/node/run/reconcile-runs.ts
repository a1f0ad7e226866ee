import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Repository } from '../../dataset/repository.ts'
import { SealedError } from '../../errors.ts'
import { loadRun } from '../../run/find-run.ts'
import type { RunRecord } from '../../run/interface.ts'
import { runLabel } from '../../run/run-key.ts'
import { commitRecord, listRuns } from '../../run/run-tree.ts'
import { hostId, isGoneSince } from '../maker.ts'
import { keepMetrics } from './keep-metrics.ts'
import { runFiles } from './run-folder.ts'
import { storeLog } from './store-log.ts'

/**
 * Seals runs whose process is gone without having said how it ended as `lost`, with the metrics and the output that it left. Runs of other hosts stay as they are: nothing tells whether they
 * live. Reads the tree of runs, and what is not over.
 * @returns the labels of runs that were found to be lost
 */
export async function reconcileRuns(repository: Repository): Promise<readonly string[]> {
  const { blocks } = repository
  const lost: string[] = []
  for await (const listed of listRuns(blocks)) {
    if (listed.isOver) continue
    const { started, ended } = await loadRun(blocks, listed)
    const { process } = started
    if (process.hostId !== hostId() || !isGoneSince(process.id, Date.parse(started.started))) continue
    const files = runFiles(repository, listed.start)
    try {
      await blocks.withSession(async (session) => {
        const { metrics, final } = await keepMetrics(session, files.journal, blocks.config.chunker)
        const log = existsSync(files.stdout) ? await storeLog(session, files, blocks.config.chunker) : null
        const record: RunRecord = {
          start: listed.start, status: 'lost', reason: 'its process was gone before it said how it ended', exitCode: null, signal: null, ended: blocks.platform.now().toISOString(), final, metrics, log,
          artifacts: ended?.artifacts ?? [],
        }
        await commitRecord(blocks, session, listed, record, { message: `${runLabel(listed)}: lost`, actor: null })
      })
    } catch (error) {
      // Another process was first.
      if (!(error instanceof SealedError)) throw error
    }
    await rm(files.folder, { recursive: true, force: true })
    lost.push(runLabel(listed))
  }
  return lost
}
