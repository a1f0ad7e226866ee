import { readFileSync } from 'node:fs'
import { StorageError } from '../errors.ts'
import { errorCode, isAbsence } from './system-errors.ts'

/** All of a small file, undefined where there is none, or a folder. @throws StorageError if it cannot be read */
export function contentOf(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (isAbsence(error) || errorCode(error) === 'EISDIR') return undefined
    const reason = errorCode(error) ?? 'UNKNOWN'
    throw new StorageError(`${path} cannot be read: ${reason}`, { cause: error, data: { file: path, reason }, hint: 'Make it readable.' })
  }
}
