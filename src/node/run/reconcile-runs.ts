import type { Repository } from '../../dataset/repository.ts'
import { SealedError, VarveError } from '../../errors.ts'
import { runLabel } from '../../run/run-key.ts'
import { readRunStart } from '../../run/run-object.ts'
import { type ListedRun, listOpenRuns } from '../../run/run-tree.ts'
import { commandOf } from './command-of.ts'
import { isRunGone } from './is-run-gone.ts'
import { runFiles } from './run-folder.ts'
import { sealLost } from './seal-lost.ts'

const REASON = 'its process was gone before it said how it ended'

/**
 * Seals runs whose process is gone without having said how it ended as `lost`, with the metrics, the output and the artifacts that it left. Of a command that outlives its supervisor, not before it has ended
 * too. Runs of other hosts stay as they are: nothing tells whether they live (`closeRun` is for who knows). What cannot be read of one run is no hindrance to others. Reads what is not over, and no other run.
 * @returns the labels of runs that were found to be lost
 */
export async function reconcileRuns(repository: Repository): Promise<readonly string[]> {
  await repository.blocks.refresh()
  const lost: string[] = []
  for await (const listed of listOpenRuns(repository.blocks)) if (await reconcile(repository, listed)) lost.push(runLabel(listed))
  return lost
}

async function reconcile(repository: Repository, listed: ListedRun): Promise<boolean> {
  const files = runFiles(repository, listed.start)
  try {
    const { process, started } = await readRunStart(repository.blocks, listed.start)
    const since = Date.parse(started)
    const command = commandOf(files)
    if (!isRunGone(process, since) || (command !== undefined && !isRunGone(command, since))) return false
    await sealLost(repository, listed, files, { reason: REASON, actor: null })
  } catch (error) {
    // Another process was first; or this version cannot read what the run recorded, and another may.
    if (error instanceof SealedError || (error instanceof VarveError && error.code !== 'STORAGE_FAILED')) return false
    throw error
  }
  return true
}
