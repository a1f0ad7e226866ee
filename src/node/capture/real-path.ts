import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'

/** A path, absolute, with links followed as far as that can be done. */
export function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}
