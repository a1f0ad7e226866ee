import type { FolderReadOptions, SkippedPath } from '../dataset/interface.ts'
import { FileChangedError, StorageError, UnreadableFilesError } from '../errors.ts'
import { displayPath, pathToText } from '../manifest/path.ts'
import { bytesOf, type ByteText } from './byte-text.ts'
import { errorCode } from './system-errors.ts'
import type { WalkObserver } from './walk.ts'

/** Paths that a message names; `data.paths` has all. */
const NAMED_PATHS = 10
/** Codes that say something of this process or machine, and nothing of the file. */
const EXHAUSTED: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

type Reporting = Pick<FolderReadOptions, 'skipUnreadable' | 'onSkipped' | 'onProgress'>

/** Tells the caller what is left out of a folder, and gathers what makes reading it fail until all of that is known. */
export class ReadTroubles implements WalkObserver {
  readonly #folder: string
  readonly #options: Reporting
  readonly #unreadable: { path: ByteText; words: string }[] = []
  readonly #changed: ByteText[] = []

  /** @param folder absolute path, for messages */
  constructor(folder: string, options: Reporting) {
    this.#folder = folder
    this.#options = options
  }

  /** Once true, the read fails: there is no use in storing more. */
  get isUnreadable(): boolean {
    return this.#unreadable.length > 0
  }

  onDefaultIgnore(path: ByteText, rule: string): void {
    this.#skip(path, 'default-ignore', rule)
  }

  onRepository(path: ByteText): void {
    this.#skip(path, 'repository', 'the repository that this is read into')
  }

  onSpecialFile(path: ByteText): void {
    this.#skip(path, 'special-file', 'a device, socket or named pipe')
    this.#options.onProgress?.({ type: 'warning', message: 'Left out: a device, socket or named pipe has no content to store', path: textOf(path) })
  }

  onLinkedIgnoreFile(path: ByteText): void {
    this.#options.onProgress?.({ type: 'warning', message: 'The rules were not read: links are not followed, so the ignore file must be a file', path: textOf(path) })
  }

  onChanged(path: ByteText): void {
    this.#changed.push(path)
  }

  /** @throws StorageError if it is not the file's fault */
  onUnreadable(path: ByteText, error: unknown, role?: 'rules'): void {
    const words = wordsOf(error)
    if (EXHAUSTED.has(errorCode(error))) {
      throw new StorageError(`Cannot read ${this.#shown(path)} in ${this.#folder}: ${words}`, { cause: error, data: { path: textOf(path), reason: errorCode(error) }, hint: 'Close what is not needed, or raise the limits of the system, then run the same command again.' })
    }
    if (this.#options.skipUnreadable === true && path !== '' && role === undefined) this.#skip(path, 'unreadable', words)
    else this.#unreadable.push({ path, words: role === undefined ? words : `${words}; without its rules nobody knows what to leave out` })
  }

  /** @throws UnreadableFilesError or, if there is none of that kind, FileChangedError, naming all of them */
  throwIfAny(): void {
    const data = (paths: readonly ByteText[]): Record<string, unknown> => ({ folder: this.#folder, paths: paths.map(textOf) })
    if (this.#unreadable.length > 0) {
      const named = this.#unreadable.slice(0, NAMED_PATHS).map(({ path, words }) => `${this.#shown(path)} (${words})`)
      throw new UnreadableFilesError(`Cannot read in ${this.#folder}: ${listed(named, this.#unreadable.length)}`, { data: data(this.#unreadable.map(({ path }) => path)) })
    }
    if (this.#changed.length > 0) {
      const named = this.#changed.slice(0, NAMED_PATHS).map((path) => this.#shown(path))
      throw new FileChangedError(`Changed while it was read, in ${this.#folder}: ${listed(named, this.#changed.length)}`, { data: data(this.#changed) })
    }
  }

  #skip(path: ByteText, reason: SkippedPath['reason'], detail: string): void {
    this.#options.onSkipped?.({ path: textOf(path), reason, detail })
  }

  #shown(path: ByteText): string {
    return path === '' ? 'the folder itself' : displayPath(bytesOf(path))
  }
}

function textOf(path: ByteText): string {
  return path === '' ? '.' : pathToText(bytesOf(path))
}

/** `EACCES: permission denied`, without the call and the path that the system's message ends with. */
function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, [a-z]+( '.*'( -> '.*')?)?$/s, '') : String(error)
}

function listed(named: readonly string[], count: number): string {
  return named.join(', ') + (count > named.length ? `, and ${count - named.length} more` : '')
}
