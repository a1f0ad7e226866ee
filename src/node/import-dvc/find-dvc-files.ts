import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type DvcOutput, parseDvcFile } from './dvc-file.ts'
import { readDvcLock } from './dvc-lock.ts'
import { MOST_DVC_FILE_BYTES, readBounded, unreadable } from './read-bounded.ts'

/** A `.dvc` file, or a lock file of pipelines, and what it tells of. */
export interface DvcFile {
  /** Its folder, relative to where the search began, with a `/` at the end; empty for that folder itself. */
  readonly folder: string
  readonly path: string
  readonly outputs: readonly DvcOutput[]
}

export interface FoundFiles {
  readonly files: readonly DvcFile[]
  /** Absolute paths of outputs that pipelines keep out of the cache. */
  readonly uncached: readonly string[]
}

const OTHERS = new Set(['.dvc', '.git'])
const SUFFIX = '.dvc'
export const LOCK_FILE = 'dvc.lock'

/** Reads one `.dvc` file; undefined if there is none. @throws MalformedDataError */
export async function readDvcFile(path: string, folder = ''): Promise<DvcFile | undefined> {
  const bytes = await readBounded(path, MOST_DVC_FILE_BYTES)
  return bytes === undefined ? undefined : { folder, path, outputs: await parseDvcFile(bytes.toString('utf8'), path) }
}

/** Reads one lock file; undefined if there is none. @throws MalformedDataError */
export async function readLockFile(path: string, folder = ''): Promise<(DvcFile & { readonly uncached: readonly string[] }) | undefined> {
  const lock = await readDvcLock(path)
  return lock === undefined ? undefined : { folder, path, outputs: lock.outputs, uncached: lock.uncached.map((output) => resolve(dirname(path), output)) }
}

/**
 * All `.dvc` files and lock files below a folder, in the order of their names. Tracked folders, which may be large and hold none, links, and DVC projects inside this one are not entered.
 * @throws MalformedDataError for one that cannot be understood; @throws StorageError for a folder that cannot be read
 */
export async function findDvcFiles(top: string): Promise<FoundFiles> {
  const files: DvcFile[] = []
  const uncached: string[] = []
  const tracked = new Set<string>()
  const waiting: string[] = ['']
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const entries = await entriesOf(join(top, folder))
    if (folder !== '' && entries.some(({ name }) => name === '.dvc')) continue
    for (const entry of entries) {
      const path = join(top, folder, entry.name)
      if (!entry.isFile()) continue
      const lock = entry.name === LOCK_FILE ? await readLockFile(path, folder) : undefined
      if (lock !== undefined) uncached.push(...lock.uncached)
      const file = entry.name.endsWith(SUFFIX) && entry.name !== SUFFIX ? await readDvcFile(path, folder) : lock
      if (file === undefined) continue
      files.push(file)
      for (const output of file.outputs) tracked.add(resolve(top, folder, output.path))
    }
    // The last is taken next.
    for (const { name } of entries.filter((entry) => entry.isDirectory() && !OTHERS.has(entry.name)).reverse()) {
      const inner = `${folder}${name}/`
      if (!tracked.has(resolve(top, inner))) waiting.push(inner)
    }
  }
  return { files, uncached }
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (cause) {
    throw unreadable(folder, cause)
  }
}
