import type { CID } from '../cid/cid.ts'
import type { AppliedChange, RefChange } from './refs.ts'

/** What a commit changes, and what the operation log says of it. */
export interface CommitRequest {
  readonly refs?: readonly RefChange[]
  readonly action: string
  readonly message?: string
  readonly actor?: string | null
  /** Blocks of which this session knows that all they lead to is there: if garbage collection had stopped following their links, it does again. */
  readonly whole?: readonly CID[]
  /**
   * Blocks of which what they lead to is gone, where they come from too: their links are not followed from then on. Asked anew for each state that the commit is tried on, since another writer may
   * have made one whole.
   */
  readonly dropped?: () => Promise<readonly CID[]>
  /** Number of the root record that this must come right after, for what was decided by all that it said: any commit in between is a RefConflictError. */
  readonly after?: number
}

export interface CommitResult {
  /** Number of the root record. */
  readonly number: number
  readonly changes: readonly AppliedChange[]
}
