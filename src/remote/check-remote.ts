import type { Repository } from '../dataset/repository.ts'
import { NotFoundError, RollbackError, VarveError } from '../errors.ts'
import { openRemote, resolveTarget } from './remote-target.ts'
import { assertNoRollback } from './rollback.ts'
import { userRefs } from './user-refs.ts'

export interface CheckedRemote {
  readonly remote: string | null
  readonly url: string
  readonly ok: boolean
  /** How many refs and tags it has; null if there is no repository yet. */
  readonly refs: number | null
  /** What is wrong, as sentences. */
  readonly problems: readonly string[]
}

/** Whether a remote can be reached and read, and is not older than it was. Reads its newest state and its refs. */
export async function checkRemote(repository: Repository, name?: string): Promise<CheckedRemote> {
  const target = await resolveTarget(repository, name)
  const report = { remote: target.remote?.name ?? null, url: target.url }
  try {
    const place = await openRemote(target, {})
    try {
      const problems: string[] = []
      if (target.remote !== undefined) await assertNoRollback(place.blocks, target.remote).catch((error: unknown) => problems.push(rollbackText(error)))
      return { ...report, ok: problems.length === 0, refs: (await userRefs(place.blocks)).size, problems }
    } finally {
      await place.close()
    }
  } catch (error) {
    if (error instanceof NotFoundError && (target.remote === undefined || target.remote.seen === null)) return { ...report, ok: true, refs: null, problems: [] }
    if (error instanceof VarveError) return { ...report, ok: false, refs: null, problems: [`${error.message}. ${error.hint}`] }
    throw error
  }
}

function rollbackText(error: unknown): string {
  if (error instanceof RollbackError) return error.message
  throw error
}
