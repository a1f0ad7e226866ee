import { copyFile, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ByteText } from '../byte-text.ts'
import { isAbsence } from '../system-errors.ts'
import type { Variables } from './git-command.ts'
import type { GitConfig, GitPlace } from './git-place.ts'

/** Names that git does not know to ignore, and that are never part of the code. */
const NEVER_CODE: readonly string[] = ['.varve', 'node_modules']

/** Where git writes while it looks at a working tree, instead of into the user's repository: an index and objects of its own. */
export class GitScratch {
  readonly folder: string
  readonly excludesFile: string
  readonly #place: GitPlace
  #excludes = ''

  private constructor(folder: string, place: GitPlace) {
    this.folder = folder
    this.excludesFile = join(folder, 'excludes')
    this.#place = place
  }

  /** Makes it in a folder for temporary files. It is to be removed by `remove`. */
  static async make(base: string, place: GitPlace): Promise<GitScratch> {
    await mkdir(base, { recursive: true })
    return new GitScratch(await mkdtemp(join(base, 'varve-capture-')), place)
  }

  /** What cannot be removed stays: it is in a folder for such things, and nobody else may read it. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
  }

  /** Lists what is ignored: what the user's own list has, and what is never code. @param extra more patterns, in the syntax of gitignore */
  async writeExcludes({ excludesFile }: Pick<GitConfig, 'excludesFile'>, extra: readonly ByteText[]): Promise<void> {
    // Without a list of the user's, git looks at none; one that cannot be read it passes over too.
    const own = await readFile(excludesFile, 'latin1').catch(() => '')
    this.#excludes = `${own}\n${[...NEVER_CODE, ...extra].join('\n')}\n`
    await writeFile(this.excludesFile, this.#excludes, 'latin1')
  }

  /** Leaves out untracked files, by their paths from the top of the working tree. */
  async exclude(paths: readonly ByteText[]): Promise<void> {
    if (paths.length === 0) return
    this.#excludes += paths.map((path) => `${patternOf(path)}\n`).join('')
    await writeFile(this.excludesFile, this.#excludes, 'latin1')
  }

  /**
   * Copies the user's index, so that git need not read what has not changed. The copy may not look younger: git compares its time with those of files to tell which of them may have
   * changed unseen since.
   */
  async copyIndex(): Promise<void> {
    await mkdir(join(this.folder, 'objects'))
    try {
      const { mtimeMs } = await stat(this.#place.index)
      const copy = join(this.folder, 'index')
      await copyFile(this.#place.index, copy)
      await utimes(copy, Math.floor(mtimeMs) / 1000, Math.floor(mtimeMs) / 1000)
    } catch (error) {
      // Before the first `git add` there is none.
      if (!isAbsence(error)) throw error
    }
  }

  /** Variables that make git write here, and find there what it had already. */
  get variables(): Variables {
    return {
      GIT_INDEX_FILE: join(this.folder, 'index'),
      GIT_OBJECT_DIRECTORY: join(this.folder, 'objects'),
      // Quoted, since a colon in it would end the path.
      GIT_ALTERNATE_OBJECT_DIRECTORIES: `"${this.#place.objects.replace(/[\\"]/g, '\\$&')}"`,
    }
  }
}

/** A pattern of gitignore for one path from the top. There is none for a line break; any other character there is taken too. */
export function patternOf(path: ByteText): ByteText {
  return `/${path}`.replace(/[\\*?[\]!# ]/g, '\\$&').replace(/[\n\r]/g, '?') as ByteText
}
