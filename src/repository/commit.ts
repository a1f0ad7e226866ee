import type { AppliedChange, RefChange } from './refs.ts'

/** What a commit changes, and what the operation log says of it. */
export interface CommitRequest {
  readonly refs?: readonly RefChange[]
  readonly action: string
  readonly message?: string
  readonly actor?: string | null
}

export interface CommitResult {
  /** Number of the root record. */
  readonly number: number
  readonly changes: readonly AppliedChange[]
}
