import { AlreadyExistsError } from '../../errors.ts'
import { isWithoutListing } from '../../storage/no-listing.ts'
import { recordKey } from '../root-record.ts'
import type { Storage } from '../../storage/interface.ts'

const LOG_PREFIX = 'quarantine/log/'
const PIECE_SIZE_BYTES: number = 4 * 1024 * 1024

/** Where the bytes of a damaged object are kept. */
export function quarantineKey(key: string): string {
  return `quarantine/${key}`
}

/** Copies an object into quarantine, or an empty one if there is none. What is there already, from a repair that did not end, stays. */
export async function quarantine(storage: Storage, key: string, size: number): Promise<string> {
  const target = quarantineKey(key)
  try {
    await storage.put(target, pieces(storage, key, size))
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error
  }
  return target
}

/** Numbers of the root records that a repair has given up: they are known to be damaged, and nothing relies on them. */
export async function givenUpRecords(storage: Pick<Storage, 'list'>): Promise<Set<number>> {
  const numbers = new Set<number>()
  for await (const { key } of storage.list(LOG_PREFIX)) numbers.add(Number(key.slice(LOG_PREFIX.length)))
  return numbers
}

/** Tells whether a repair has given up a root record. Where nothing can be listed, each is asked for by itself. */
export async function givenUpTest(storage: Pick<Storage, 'list' | 'stat'>): Promise<(number: number) => boolean | Promise<boolean>> {
  try {
    const known = await givenUpRecords(storage)
    return (number) => known.has(number)
  } catch (error) {
    if (!isWithoutListing(error)) throw error
    return async (number) => (await storage.stat(quarantineKey(recordKey(number)))) !== undefined
  }
}

async function* pieces(storage: Storage, key: string, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < size; start += PIECE_SIZE_BYTES) yield await storage.get(key, { range: { start, end: Math.min(size, start + PIECE_SIZE_BYTES) } })
}
