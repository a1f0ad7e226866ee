import { sleep } from '../../repository/pause.ts'
import { RequestFailure, type Again } from './request-failure.ts'

export interface RetryPolicy {
  readonly maxAttempts: number
  readonly retryForMs: number
}

/** The first wait is up to this, and each further one up to twice the one before. */
const FIRST_WAIT_MS: Readonly<Record<Exclude<Again, 'never'>, number>> = { soon: 100, few: 200, later: 1000 }
const LONGEST_WAIT_MS = 20_000
const FEW_ATTEMPTS = 3

/**
 * Calls `attempt` with 1, 2, … until it succeeds, fails for good, or the policy ends it. Waits are random, between half and all of a bound that doubles, so that
 * clients which failed together do not come back together. Only a RequestFailure is tried again.
 *
 * @throws what the last attempt threw; the signal's reason if it is aborted, whatever the attempt threw then
 */
export async function retrying<T>(attempt: (number: number) => Promise<T>, policy: RetryPolicy, signal?: AbortSignal): Promise<T> {
  const began = performance.now()
  for (let number = 1; ; number++) {
    signal?.throwIfAborted()
    try {
      return await attempt(number)
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof RequestFailure)) throw error
      const { again, waitMs = 0 } = error.details
      if (again === 'never' || number >= policy.maxAttempts || (again === 'few' && number >= FEW_ATTEMPTS)) throw error
      const bound = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS[again] * 2 ** (number - 1))
      const wait = Math.min(LONGEST_WAIT_MS, Math.max(waitMs, bound * (0.5 + Math.random() / 2)))
      if (performance.now() - began + wait > policy.retryForMs) throw error
      await sleep(wait, signal)
    }
  }
}
