import { RefConflictError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'

/** Whoever is disturbed this often, though a round after the first costs little, would be for ever. */
const MOST_ROUNDS = 40

export interface UndisturbedWork {
  readonly signal: AbortSignal | undefined
  /** What is not done if it comes to that, as `derivations cannot be …`. */
  readonly failure: string
}

/**
 * Does `round`, which decides by the whole state and commits right after it, until nobody else commits meanwhile. A round that gives undefined was disturbed too.
 * @throws RefConflictError if there is no end to it; the signal's reason between rounds; what else `round` throws
 */
export async function undisturbed<T>(repository: BlockRepository, { failure, signal }: UndisturbedWork, round: () => Promise<T | undefined>): Promise<T> {
  for (let count = 0; count < MOST_ROUNDS; count++) {
    signal?.throwIfAborted()
    try {
      const result = await round()
      if (result !== undefined) return result
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
    }
    await repository.refresh()
  }
  throw new RefConflictError(`Others commit so often that ${failure}`, { data: { attempts: MOST_ROUNDS }, hint: 'Nothing was changed. Run it again while fewer are at work.' })
}
