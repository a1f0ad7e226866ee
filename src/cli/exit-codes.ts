import type { ErrorCode } from '../errors.ts'

/** What the process answers; scripts rely on it. */
export const EXIT = {
  done: 0,
  /** The answer is no: damage found, differences found, a proof that does not hold. */
  no: 1,
  usage: 2,
  notFound: 3,
  /** Damaged or hostile data. */
  badData: 4,
  /** Refused, to protect data. */
  refused: 5,
  /** The system failed: disk full, no permission, I/O error. */
  system: 6,
} as const

/** 128 and the number of the signal, as shells have it. */
export const SIGNAL_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

export type ExitSignal = keyof typeof SIGNAL_EXIT_CODES

const BY_ERROR: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: EXIT.usage,
  AMBIGUOUS_REVISION: EXIT.usage,
  INVALID_PIPELINE: EXIT.usage,
  INVALID_POLICY: EXIT.usage,
  NOT_FOUND: EXIT.notFound,
  CORRUPT_BLOCK: EXIT.badData,
  CORRUPT_OBJECT: EXIT.badData,
  MALFORMED_DATA: EXIT.badData,
  UNSAFE_PATH: EXIT.badData,
  ALREADY_EXISTS: EXIT.refused,
  WOULD_OVERWRITE: EXIT.refused,
  WOULD_LOSE: EXIT.refused,
  REF_CONFLICT: EXIT.refused,
  ROLLBACK: EXIT.refused,
  SESSION_REVOKED: EXIT.refused,
  FILE_CHANGED: EXIT.refused,
  UNSUPPORTED_FORMAT: EXIT.refused,
  EVICTED: EXIT.notFound,
  RECIPE_FAILED: EXIT.no,
  NOT_HERMETIC: EXIT.no,
  DIVERGENCE: EXIT.no,
  RECONSTRUCTION_MISMATCH: EXIT.no,
  // The system did not let varve read them: no permission, or an I/O error.
  UNREADABLE_FILES: EXIT.system,
  STORAGE_FAILED: EXIT.system,
  SEALED: EXIT.refused,
  CHECK_FAILED: EXIT.refused,
}

/** The exit code of an error; one that is none of varve's own counts as a failure of the system. */
export function exitCodeOf(code: string): number {
  return (BY_ERROR as Readonly<Record<string, number>>)[code] ?? EXIT.system
}
