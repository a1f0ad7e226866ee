import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultRefName } from '../../dataset/default-ref-name.ts'
import type { Repository } from '../../dataset/repository.ts'
import { VarveError } from '../../errors.ts'
import type { PipelinePlan } from '../../recipe/pipeline/index.ts'

/** A folder beside the pipeline file that is not what the ref of its name holds: steps read the ref. */
export interface EditedInput {
  readonly ref: string
  /** Absolute. */
  readonly folder: string
  /** Paths that the folder has and the ref has not, and so on. */
  readonly added: number
  readonly changed: number
  readonly removed: number
}

/**
 * Folders that were edited since the snapshot that steps read. Where a snapshot was taken is written down nowhere; a folder counts if it lies beside the pipeline file and `varve snapshot` would give it
 * the name of a ref that is an input. What cannot be found out within `mostMs`, or at all, is left out: this is a hint, and decides nothing. Reads what changed since the last snapshot, stores nothing.
 */
export async function editedInputs(repository: Repository, { folder, plan }: { readonly folder: string; readonly plan: PipelinePlan }, mostMs: number): Promise<readonly EditedInput[]> {
  const names = new Set(plan.steps.flatMap(({ inputs }) => inputs.flatMap(({ source }) => (source.kind === 'revision' ? [source.revision] : []))))
  const signal = AbortSignal.timeout(mostMs)
  const found: EditedInput[] = []
  for (const name of names.size === 0 || mostMs === 0 ? [] : await foldersIn(folder)) {
    const edited = await unlessTrouble(async () => {
      const ref = defaultRefName(name)
      if (!names.has(ref)) return undefined
      const { summary } = await repository.status(join(folder, name), ref, { signal })
      return { ref, folder: join(folder, name), added: summary.added, changed: summary.modified, removed: summary.removed }
    }, signal)
    if (edited !== undefined && edited.added + edited.changed + edited.removed > 0) found.push(edited)
  }
  return found
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort()
}

/** A file that cannot be read, a ref that is not there: whoever needs it meets that, and says so. */
async function unlessTrouble<T>(look: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof VarveError || signal.aborted) return undefined
    throw error
  }
}
