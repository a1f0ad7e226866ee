import { createHash } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { contentOf } from '../content-of.ts'

/** Lock files of JavaScript, in the order in which they count where a folder has several; npm prefers its shrinkwrap too. */
export const NODE_LOCK_FILES: readonly string[] = ['npm-shrinkwrap.json', 'package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock']

/** For commands in other languages: a project in Python may have a package-lock.json for its tools, which is nothing to it. */
export const COMMAND_LOCK_FILES: readonly string[] = ['uv.lock', 'poetry.lock', 'Pipfile.lock', 'requirements.txt', 'Cargo.lock', 'go.sum']

export interface LockFile {
  /** Absolute. */
  readonly path: string
  /** Lower-case hexadecimal. */
  readonly sha256: string
}

/**
 * The lock file in use: in the nearest folder, from `folder` upwards, that has one of `names`, the first of them. Reads that file.
 * @throws StorageError if it cannot be read
 */
export function findLockFile(folder: string, names: readonly string[] = NODE_LOCK_FILES): LockFile | undefined {
  const found = nearestOf(resolve(folder), names)
  return found === undefined ? undefined : { path: found.path, sha256: createHash('sha256').update(found.content).digest('hex') }
}

/** The first of the names that is a file in the nearest folder upwards that has any. */
export function nearestOf(folder: string, names: readonly string[]): { readonly path: string; readonly content: Uint8Array } | undefined {
  for (let at = folder; ; at = dirname(at)) {
    for (const name of names) {
      const path = join(at, name)
      const content = contentOf(path)
      if (content !== undefined) return { path, content }
    }
    if (dirname(at) === at) return undefined
  }
}
