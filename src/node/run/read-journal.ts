import { open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { NotFoundError } from '../../errors.ts'
import type { LogEntry, LogSource } from '../../run/metrics/interface.ts'
import { isAbsence, storageError } from '../system-errors.ts'
import { JOURNAL_HEADER, JournalDecoder } from './journal-format.ts'

/** Bytes that are read at a time; what is made of them takes some ten times as much. */
const READ_BYTES: number = 256 * 1024

export interface JournalReading {
  /** True if whole records are followed by bytes that are none: the process died as it wrote. They are ignored. */
  readonly isTorn: boolean
  /** Up to the end of the last whole record. */
  readonly wholeBytes: number
  /** The records up to there, whatever is added later. Memory: some 3 MB, whatever the length. */
  readonly entries: LogSource
}

/**
 * Reads a journal of metrics (`MetricJournal`), also of a process that was killed or still writes.
 * @throws NotFoundError if there is no such file; @throws StorageError if it cannot be read; @throws MalformedDataError if it is another kind of file
 */
export async function readJournal(path: string): Promise<JournalReading> {
  let wholeBytes = 0
  let isTorn = false
  for await (const { end, rest } of pieces(path, Number.POSITIVE_INFINITY)) [wholeBytes, isTorn] = [end, rest > 0]
  return { isTorn, wholeBytes, entries: () => entriesUpTo(path, wholeBytes) }
}

async function* entriesUpTo(path: string, wholeBytes: number): AsyncGenerator<readonly LogEntry[], void, undefined> {
  for await (const { entries } of pieces(path, wholeBytes)) if (entries.length > 0) yield entries
}

interface Piece {
  readonly entries: readonly LogEntry[]
  /** Where the last whole record ends in the file. */
  readonly end: number
  /** Bytes after it that were read. */
  readonly rest: number
}

async function* pieces(path: string, limit: number): AsyncGenerator<Piece, void, undefined> {
  const file = await explained(path, () => open(path, 'r'))
  try {
    const decoder = new JournalDecoder()
    let left: Uint8Array = new Uint8Array(0)
    let end = 0
    for (let position = 0; position < limit; ) {
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, limit - position) + left.length)
      buffer.set(left)
      const { bytesRead } = await explained(path, () => file.read(buffer, left.length, buffer.length - left.length, position))
      if (bytesRead === 0) return
      position += bytesRead
      left = buffer.subarray(0, left.length + bytesRead)
      if (end === 0) {
        if (left.length < JOURNAL_HEADER.length) {
          yield { entries: [], end, rest: left.length }
          continue
        }
        JournalDecoder.assertHeader(left)
        left = left.subarray(JOURNAL_HEADER.length)
        end = JOURNAL_HEADER.length
      }
      const { entries, used, isTorn } = decoder.decode(left)
      left = left.subarray(used)
      end += used
      yield { entries, end, rest: left.length }
      if (isTorn) return
    }
  } finally {
    await file.close()
  }
}

async function explained<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isAbsence(error)) throw new NotFoundError(`There is no journal of metrics ${path}`, { cause: error, data: { path } })
    throw storageError(error, { operation: 'get', key: basename(path), location: dirname(path) })
  }
}
