import { readFile, stat } from 'node:fs/promises'
import { MalformedDataError, StorageError } from '../../errors.ts'
import { errorCode, isAbsence } from '../system-errors.ts'

/** `.dvc` files and configuration are a few hundred bytes. */
export const MOST_DVC_FILE_BYTES: number = 1024 * 1024
/** The list of a folder with some two million files. */
export const MOST_LISTING_BYTES: number = 256 * 1024 * 1024

/**
 * A small file, whole; undefined if there is none.
 * @throws MalformedDataError if it is larger than `most` bytes or no file; @throws StorageError if it cannot be read
 */
export async function readBounded(path: string, most: number): Promise<Buffer | undefined> {
  try {
    const facts = await stat(path)
    if (!facts.isFile()) throw new MalformedDataError(`${path} is not a file`, { data: { path }, hint: 'Find out what put it there, and move it away.' })
    if (facts.size > most) throw new MalformedDataError(`${path} has ${facts.size} bytes; files of its kind are read up to ${most}`, { data: { path }, hint: 'Look into it: this is not what DVC writes.' })
    return await readFile(path)
  } catch (cause) {
    if (isAbsence(cause)) return undefined
    throw errorCode(cause) === undefined || cause instanceof MalformedDataError ? cause : unreadable(path, cause)
  }
}

/** The system refuses to give a file or a folder. */
export function unreadable(path: string, cause: unknown): StorageError {
  const reason = errorCode(cause) ?? 'UNKNOWN'
  return new StorageError(`${path} cannot be read: ${reason}`, { cause, data: { path, reason }, hint: 'Make it readable, then run the same command again.' })
}
