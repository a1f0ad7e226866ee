import { setTimeout as sleep } from 'node:timers/promises'
import type { ContentStore, FileContent } from '../dataset/interface.ts'
import { isPromise } from '../types.ts'
import type { ByteText } from './byte-text.ts'
import { closeQuietly } from './durable-write.ts'
import { type EntryFacts, type FolderCalls, typeOf } from './folder-calls.ts'
import { errorCode, isAbsence } from './system-errors.ts'

/** How reading a file went. `absent`: it is gone. `changed`: it was written to, or replaced, each time it was read. */
export type FileReading =
  | { readonly outcome: 'read'; readonly content: FileContent; readonly facts: EntryFacts }
  | { readonly outcome: 'absent' | 'changed' }
  | { readonly outcome: 'unreadable'; readonly error: unknown }

export interface FileReadOptions {
  readonly calls: FolderCalls
  /** The file's path in the dataset. */
  readonly name?: Uint8Array
  /** Called between reads; a promise is waited for. Throws to stop. */
  readonly pause: () => Promise<void> | undefined
}

const ABSENT: FileReading = { outcome: 'absent' }
const CHANGED: FileReading = { outcome: 'changed' }

/** Waits before the second, third and fourth attempt. */
const RETRY_WAITS_MS: readonly number[] = [20, 50, 100]
/** Linux stamps files with the time of the last tick, 1 to 10 ms ago. */
const TICK_MS = 20
/** What FAT stamps with, and more than other coarse systems do. */
export const COARSE_TICK_MS = 2000
const SECOND_NS = 1_000_000_000n

/**
 * Reads a file into a store, and makes sure that what was read is the file as it was at one moment: its size, times and inode are the same
 * before and after, and as many bytes were read as it says. A file that does not hold still is read up to four times. Two writes in one tick of the clock
 * leave the same times, so a file that was written to in this tick is left alone until the tick is over.
 *
 * What escapes this: writes through a memory map, which systems stamp late or, while a page is dirty already, not at all; and file systems that do not keep times.
 *
 * Failures of the store are thrown; those of the file are returned.
 */
export async function readFile(path: ByteText, store: ContentStore, options: FileReadOptions): Promise<FileReading> {
  for (const wait of RETRY_WAITS_MS) {
    const reading = await readOnce(path, store, options)
    if (reading.outcome !== 'changed') return reading
    await sleep(wait)
    await options.pause()
  }
  return readOnce(path, store, options)
}

/** Whether a file can be opened for reading; undefined if it can, or is not there to be opened. */
export function failureToOpen(path: ByteText, calls: FolderCalls): unknown {
  try {
    calls.close(calls.open(path))
    return undefined
  } catch (error) {
    return failureOf(error).outcome === 'unreadable' ? error : undefined
  }
}

/** How coarse the clock is that stamped a file: a time on the full second comes from one that knows no less, or from a person. */
export function tickOf({ mtimeNs, ctimeNs }: Pick<EntryFacts, 'mtimeNs' | 'ctimeNs'>, fineMs: number): number {
  return mtimeNs % SECOND_NS === 0n && ctimeNs % SECOND_NS === 0n ? COARSE_TICK_MS : fineMs
}

async function readOnce(path: ByteText, store: ContentStore, options: FileReadOptions): Promise<FileReading> {
  const { calls } = options
  let file: number
  try {
    file = calls.open(path)
  } catch (error) {
    return failureOf(error)
  }
  try {
    return await readOpen(file, store, options)
  } finally {
    // All of it was read and checked; a close that fails takes nothing of that back.
    closeQuietly(calls, file)
  }
}

async function readOpen(file: number, store: ContentStore, { calls, name, pause }: FileReadOptions): Promise<FileReading> {
  const before = factsOf(file, calls)
  if ('outcome' in before) return before
  if (typeOf(before) !== 'file') return CHANGED
  const wait = unsettledFor(before)
  if (wait > 0) {
    await sleep(wait)
    const settled = factsOf(file, calls)
    if ('outcome' in settled) return settled
    if (!isUnchanged(before, settled)) return CHANGED
  }
  const expected = Number(before.size)
  let total = 0
  store.begin(name)
  for (let ended = false; !ended; ) {
    const space = store.space()
    let count: number
    try {
      count = calls.read(file, space)
    } catch (error) {
      return failureOf(error)
    }
    if (count > 0) {
      total += count
      const advanced = store.advance(count)
      if (isPromise(advanced)) await advanced
    }
    // Files of /proc have size 0 and content all the same, so the end of an empty file is looked for.
    ended = count === 0 || (total >= expected && expected > 0)
    if (!ended) await pause()
  }
  const after = factsOf(file, calls)
  if ('outcome' in after) return after
  if (total !== expected || !isUnchanged(before, after)) return CHANGED
  const content = store.finish()
  return { outcome: 'read', content: isPromise(content) ? await content : content, facts: after }
}

function factsOf(file: number, calls: FolderCalls): EntryFacts | FileReading {
  try {
    return calls.openFacts(file)
  } catch (error) {
    return { outcome: 'unreadable', error }
  }
}

/** How long, in ms, until another write to the file would show in its times. */
export function unsettledFor(facts: Pick<EntryFacts, 'mtimeNs' | 'ctimeNs'>): number {
  const tick = tickOf(facts, TICK_MS)
  // A write sets both times to the same tick, so it shows if either of them is older.
  const oldest = facts.mtimeNs < facts.ctimeNs ? facts.mtimeNs : facts.ctimeNs
  const age = Date.now() - Number(oldest / 1_000_000n)
  // Of times that lie in the future nothing can be said; waiting for the clock to get there could take for ever.
  return age < tick && age > -COARSE_TICK_MS ? Math.min(tick, tick - age) : 0
}

/** True if nothing shows that a file was written to or replaced. */
export function isUnchanged(before: EntryFacts, after: EntryFacts): boolean {
  return before.size === after.size && before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs && before.ino === after.ino && before.mode === after.mode
}

function failureOf(error: unknown): FileReading {
  if (isAbsence(error)) return ABSENT
  const code = errorCode(error)
  // The name leads to something else by now: a link (EMLINK on FreeBSD), or a socket.
  if (code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO') return CHANGED
  return { outcome: 'unreadable', error }
}
