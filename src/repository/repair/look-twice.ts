import { CorruptBlockError, CorruptObjectError, MalformedDataError, NotFoundError } from '../../errors.ts'
import type { Storage } from '../../storage/interface.ts'

/**
 * What `read` gives, or undefined if it finds damage twice. A repair gives up what it takes for damaged: a bit that flipped on the way, or a read that came
 * short once, must not have that effect. Storage that fails is an error at once.
 */
export async function triedTwice<T>(read: () => Promise<T>): Promise<T | undefined> {
  for (let tries = 0; tries < 2; tries++) {
    try {
      return await read()
    } catch (error) {
      if (!isDamage(error)) throw error
    }
  }
  return undefined
}

function isDamage(error: unknown): boolean {
  return error instanceof CorruptBlockError || error instanceof CorruptObjectError || error instanceof MalformedDataError || error instanceof NotFoundError
}

/** Keys that at least one of two listings has. */
export async function listTwice(storage: Pick<Storage, 'list'>, prefix: string): Promise<ReadonlySet<string>> {
  const keys = new Set<string>()
  for (let tries = 0; tries < 2; tries++) for await (const { key } of storage.list(prefix)) keys.add(key)
  return keys
}
