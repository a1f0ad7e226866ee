import type { Dir } from 'node:fs'
import { lstat, mkdir, opendir } from 'node:fs/promises'
import { type EntryFacts, isSameFile } from '../folder-calls.ts'
import { isAbsence } from '../system-errors.ts'

type Identity = Pick<EntryFacts, 'dev' | 'ino'>

/** Folders that a recipe gets to write to, and whether they are still there afterwards: what a link in the place of one leads to, the recipe did not make. */
export class OwnFolders {
  readonly #made = new Map<string, Identity>()
  /** A folder that is open keeps its number even if it is removed, so that none made in its place has that. */
  readonly #open: Dir[] = []

  /** Makes a folder, if it is not there yet, and remembers which it is. */
  async make(path: string): Promise<void> {
    await mkdir(path, { recursive: true })
    this.#open.push(await opendir(path))
    this.#made.set(path, await lstat(path, { bigint: true }))
  }

  /** True if it is gone, or something else is in its place. */
  async isReplaced(path: string): Promise<boolean> {
    const made = this.#made.get(path)
    try {
      const now = await lstat(path, { bigint: true })
      return made === undefined || !now.isDirectory() || !isSameFile(now, made)
    } catch (error) {
      if (isAbsence(error)) return true
      throw error
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((folder) => folder.close()))
  }
}
