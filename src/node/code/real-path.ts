import { realpathSync } from 'node:fs'
import { isAbsence } from '../system-errors.ts'

/** A path with symbolic links followed; undefined if it leads nowhere. */
export function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}
