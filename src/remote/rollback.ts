import { equalBytes } from '../bytes.ts'
import { NotFoundError, RollbackError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { RootLog } from '../repository/root-log.ts'
import type { Remote, SeenState } from './remote-record.ts'

/** The state of a repository, to be remembered; null before its first commit. */
export async function stateOf(repository: BlockRepository): Promise<SeenState | null> {
  const { number } = repository.root
  const digest = await digestOf(repository, number)
  return digest === undefined ? null : { number, digest }
}

/**
 * Makes sure that a remote has not gone back behind what was seen of it, and that its history is still the one that was seen. Records of the log are never removed.
 * @throws RollbackError
 */
export async function assertNoRollback(repository: BlockRepository, { name, url, seen }: Remote): Promise<void> {
  if (seen === null) return
  const { number } = repository.root
  const digest = number < seen.number ? undefined : await digestOf(repository, seen.number)
  if (digest !== undefined && equalBytes(digest, seen.digest)) return
  const what = number < seen.number ? `is at state ${number}, and was at state ${seen.number} before` : `has ${digest === undefined ? 'no' : 'another'} state ${seen.number} that it had before`
  throw new RollbackError(`The remote "${name}" (${url}) ${what}: it was rolled back or replaced`, {
    data: { remote: name, url, seen: seen.number, number },
    hint: 'Ask whoever keeps it. If it was restored from an older copy on purpose, go on with --accept-rollback.',
  })
}

async function digestOf(repository: BlockRepository, number: number): Promise<Uint8Array | undefined> {
  try {
    return (await new RootLog(repository.storage, repository.hasher).read(number)).digest ?? undefined
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}
