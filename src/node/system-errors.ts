import { StorageError } from '../errors.ts'

/** What was asked of a storage when the system refused. */
export interface Attempt {
  readonly operation: 'put' | 'get' | 'stat' | 'list' | 'delete'
  readonly key: string
  /** The repository folder, for the message. */
  readonly location: string
}

const VERBS: Readonly<Record<Attempt['operation'], string>> = { put: 'store', get: 'read', stat: 'look up', list: 'list', delete: 'delete' }

interface Explanation {
  readonly what: string
  readonly hint: string
}

const FULL: Explanation = { what: 'disk full', hint: 'Free some space, then run the same command again; what was committed is intact.' }
const QUOTA: Explanation = { what: 'disk full: the quota is used up', hint: 'Free some space or have the quota raised, then run the same command again.' }
const PERMISSION: Explanation = { what: 'no permission', hint: 'Check who owns the folder, or run as the user who created the repository.' }
const READ_ONLY: Explanation = { what: 'no permission: the file system is read-only', hint: 'Mount the file system for writing; a disk with errors may have been remounted read-only.' }
const TOO_MANY: Explanation = { what: 'too many open files', hint: 'Close what is not needed, or raise the limit: ulimit -n 4096' }
const DEVICE: Explanation = { what: 'I/O error', hint: 'Check the disk and its connection before writing again, then run varve verify.' }

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ENOSPC: FULL,
  EDQUOT: QUOTA,
  EACCES: PERMISSION,
  EPERM: PERMISSION,
  EROFS: READ_ONLY,
  EMFILE: TOO_MANY,
  ENFILE: TOO_MANY,
  EIO: DEVICE,
  ENOENT: { what: 'its folder is missing', hint: 'Check that the folder of the repository still exists and is mounted.' },
  ENOTDIR: { what: 'a file is where a folder must be', hint: 'Find out what put the file there, and move it away.' },
  ENAMETOOLONG: { what: 'the path is too long', hint: 'Keep the repository in a folder with a shorter path.' },
  EXDEV: { what: 'its folder is on another file system', hint: 'Keep the whole repository on one file system, without symbolic links in it.' },
}

/** The system's code of an error (ENOENT, …), if it has one. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

/** True if the error says that the path leads to nothing. */
export function isAbsence(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Says what the system refused and why. `data` has the key, the operation, the system's code as `reason`, and its path if it gave one. */
export function storageError(error: unknown, attempt: Attempt): StorageError {
  const reason = errorCode(error) ?? 'UNKNOWN'
  const { what, hint } = EXPLANATIONS[reason] ?? { what: error instanceof Error ? error.message : String(error), hint: undefined }
  const path = error instanceof Error ? (error as NodeJS.ErrnoException).path : undefined
  return failed(attempt, what, { reason, cause: error, ...(path === undefined ? {} : { path }), ...(hint === undefined ? {} : { hint }) })
}

/** A StorageError in the form that all of this backend's have. */
export function failed(attempt: Attempt, what: string, details: { reason: string; hint?: string; path?: string; cause?: unknown }): StorageError {
  const { operation, key, location } = attempt
  const { reason, hint, path, cause } = details
  return new StorageError(`Cannot ${VERBS[operation]} "${key}" in ${location}: ${what} (${reason})`, {
    data: { key, operation, reason, ...(path === undefined ? {} : { path }) },
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  })
}
