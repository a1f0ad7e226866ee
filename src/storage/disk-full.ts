import { StorageError } from '../errors.ts'

/** Codes by which systems say that there is no room, which says nothing of the storage itself. */
const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT'])

/** True if something failed, or could not be tried, only because the disk or the quota is used up. */
export function isDiskFull(error: unknown): error is StorageError {
  return error instanceof StorageError && FULL.has(error.data['reason'])
}

/** The same of the system's code. */
export function saysDiskFull(code: string | undefined): boolean {
  return FULL.has(code)
}
