import { equalBytes, toHex } from '../../bytes.ts'
import { AlreadyExistsError, StorageError } from '../../errors.ts'
import type { Storage } from '../../storage/interface.ts'
import { isDeletionRefused } from '../../storage/deletion-refused.ts'
import { LastWords } from '../last-words.ts'
import { StoppableStorage } from '../stoppable-storage.ts'
import { S3Storage } from './s3-storage.ts'

const AT_ONCE = 8

/** What a probe of `put` found. */
export type ProbeResult =
  | { readonly kept: true }
  /** `what` was seen instead of a refusal, as the rest of a sentence that begins with the storage. */
  | { readonly kept: false; readonly what: string }

/**
 * Finds out whether a store refuses to create what exists, which commits rely on: twice one after the other, 8 times at once, and with S3 also for objects in parts. Costs some 40
 * requests, and leaves nothing but what cannot be deleted.
 *
 * @param storage with conditional writes, whatever it is to be used with
 * @param signal ends it at once, but for removing what was made
 * @throws StorageError if the store fails before it could show what it does: nothing is known then
 *
 * @example
 * const { kept } = await probeConditionalWrites(s3Storage('s3://datasets/team'))
 */
export async function probeConditionalWrites(storage: Storage, signal?: AbortSignal): Promise<ProbeResult> {
  const own: Storage[] = storage instanceof S3Storage ? [storage.with({ conditionalWrites: true }), storage.with({ conditionalWrites: true, wholeUpToBytes: 0 })] : []
  const words = signal === undefined ? undefined : new LastWords(signal)
  try {
    for (const [index, one] of (own.length > 0 ? own : [storage]).entries()) {
      const what = await probe(words === undefined ? one : new StoppableStorage(one, words))
      if (what !== undefined) return { kept: false, what: index === 0 ? what : `${what}, if objects are stored in parts` }
    }
    return { kept: true }
  } finally {
    words?.end()
    for (const one of own) await one.close()
  }
}

async function probe(storage: Storage): Promise<string | undefined> {
  const start = `probe/${toHex(globalThis.crypto.getRandomValues(new Uint8Array(12)))}`
  const [twice, atOnce] = [`${start}-twice`, `${start}-at-once`]
  try {
    const inTurn = [await putOne(storage, twice, 0), await putOne(storage, twice, 1)]
    const wrong = await judged(storage, twice, inTurn)
    if (wrong !== undefined) return wrong
    const together = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => putOne(storage, atOnce, index)))
    return await judged(storage, atOnce, together)
  } finally {
    // Also after an abort: what was made goes.
    for (const key of [twice, atOnce]) await storage.delete(key).catch(ignoreRefusal)
  }
}

/** True if the object was created, false if the store refused to. */
async function putOne(storage: Storage, key: string, index: number): Promise<boolean> {
  try {
    await storage.put(key, body(index))
    return true
  } catch (error) {
    if (error instanceof AlreadyExistsError) return false
    // One that conflicts with others for as long as it is tried was not created, which is what matters.
    if (error instanceof StorageError && error.data['reason'] === 'ECONFLICT') return false
    throw error
  }
}

async function judged(storage: Storage, key: string, created: readonly boolean[]): Promise<string | undefined> {
  const winners = created.filter(Boolean).length
  if (winners !== 1) return `says of ${winners} of ${created.length} writers that they created one object`
  const bytes = await storage.get(key)
  return equalBytes(bytes, body(created.indexOf(true))) ? undefined : 'keeps other bytes than those of the writer whose write it confirmed'
}

function body(index: number): Uint8Array {
  return Uint8Array.of(0x76, 0x61, 0x72, 0x76, 0x65, index)
}

function ignoreRefusal(error: unknown): void {
  if (!isDeletionRefused(error)) throw error
}
