import type { StorageError } from '../../errors.ts'
import { failed, type Attempt } from '../../node/system-errors.ts'

/**
 * Whether a request that failed may be sent again: `never`; `soon`, since what failed may work a moment later; `later`, since the server asked for less;
 * `few`, which is `soon` but gives up early, since the cause seldom passes.
 */
export type Again = 'never' | 'soon' | 'later' | 'few'

export interface FailureDetails {
  /** A stable code in capitals, for `data.reason` of the StorageError. */
  readonly reason: string
  /** What went wrong, to follow a colon. */
  readonly what: string
  readonly again: Again
  readonly hint?: string
  /** HTTP status, if there was an answer. */
  readonly status?: number
  /** How long the server asked to wait before the next attempt. */
  readonly waitMs?: number
  readonly cause?: unknown
}

/** One attempt of a request failed. Never leaves `remote/`: callers of a storage see the StorageError that it becomes. */
export class RequestFailure extends Error {
  readonly details: FailureDetails

  constructor(details: FailureDetails) {
    super(`${details.what} (${details.reason})`, details.cause === undefined ? {} : { cause: details.cause })
    this.name = 'RequestFailure'
    this.details = details
  }
}

/** What a caller of the storage is told: a failed request as StorageError, anything else as it is. */
export function asStorageError(error: unknown, attempt: Attempt): unknown {
  if (!(error instanceof RequestFailure)) return error
  const { reason, what, hint, cause } = error.details
  const storageError: StorageError = failed(attempt, what, { reason, cause: cause ?? error, ...(hint === undefined ? {} : { hint }) })
  return storageError
}
