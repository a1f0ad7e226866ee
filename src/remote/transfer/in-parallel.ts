import type { MaybePromise } from '../../types.ts'

/** Calls that are under way at once: look-ups over a network wait for each other's answers otherwise. */
const MOST_AT_ONCE = 32

/** Calls `work` for each item, several at a time where it does not answer at once. Stops at the first that fails, once those under way have ended. */
export async function inParallel<T>(items: Iterable<T>, signal: AbortSignal | undefined, work: (item: T) => MaybePromise<void>): Promise<void> {
  const failures: unknown[] = []
  const iterator = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true && failures.length === 0; next = iterator.next()) {
      signal?.throwIfAborted()
      const done = work(next.value)
      if (done !== undefined) await done
    }
  }
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, () => worker().catch((error: unknown) => failures.push(error))))
  if (failures.length > 0) throw failures[0]
}
