import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CID, cidText } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'

/** Files of a run that is under way, or whose process died: what has not been committed yet. */
export interface RunFiles {
  readonly folder: string
  /** Metrics as they were logged. */
  readonly journal: string
  /** Of a command: metrics as it writes them, lines of JSON. */
  readonly metrics: string
  /** Of a command: which process it is. */
  readonly command: string
  readonly stdout: string
  readonly stderr: string
}

/** Where they are: beside what else this machine may keep, or, for a repository that was opened without such a place, among the system's temporary files. */
export function runFiles({ workFolder }: Pick<Repository, 'workFolder'>, start: CID): RunFiles {
  const folder = join(workFolder ?? join(tmpdir(), 'varve'), 'runs', cidText(start))
  return {
    folder, journal: join(folder, 'metrics.journal'), metrics: join(folder, 'metrics.jsonl'), command: join(folder, 'command.json'), stdout: join(folder, 'stdout.txt'), stderr: join(folder, 'stderr.txt'),
  }
}

/** Removes them when the run is over. What cannot be removed, since something still writes to it, only takes up space: no outcome depends on it. */
export async function removeRunFiles({ folder }: RunFiles): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
}
