import { below, type ByteText, byteTextOf } from './byte-text.ts'
import { type EntryFacts, type FolderCalls, isSameFile, typeOf } from './folder-calls.ts'
import { IGNORE_FILE_NAME, type IgnoreRules } from './ignore-rules.ts'
import { errorCode, isAbsence } from './system-errors.ts'

/** What a walk meets. `path` is relative to the folder. */
export type WalkedEntry =
  | { readonly type: 'file'; readonly path: ByteText; readonly facts: EntryFacts }
  | { readonly type: 'symlink'; readonly path: ByteText; readonly target: Uint8Array }
  | { readonly type: 'directory'; readonly path: ByteText }

/** Told of everything that a walk does not return. A folder stands for all below it; the top folder is the empty path. */
export interface WalkObserver {
  readonly onDefaultIgnore: (path: ByteText, rule: string) => void
  readonly onRepository: (path: ByteText) => void
  readonly onSpecialFile: (path: ByteText) => void
  /** `rules` if it is an ignore file, without which nobody can say what belongs to the dataset. */
  readonly onUnreadable: (path: ByteText, error: unknown, role?: 'rules') => void
  /** Something became something else while it was looked at. */
  readonly onChanged: (path: ByteText) => void
  readonly onLinkedIgnoreFile: (path: ByteText) => void
}

export interface WalkOptions {
  readonly rules: IgnoreRules
  /** The folder of the repository itself, left out wherever it is met. */
  readonly repository: Pick<EntryFacts, 'dev' | 'ino'> | undefined
  readonly observer: WalkObserver
  readonly calls: FolderCalls
}

interface Frame {
  /** Path of the folder with a `/` at its end, or empty for the top. */
  readonly prefix: ByteText
  readonly names: readonly ByteText[]
  readonly rules: IgnoreRules
  next: number
  /** Whether anything in the folder is part of the dataset. */
  holdsEntries: boolean
}

/**
 * Everything below a folder, in the order of manifest keys: the names in a folder sorted as bytes, what a folder holds right after its own place.
 *
 * - Links are never followed. Only the owner's right to execute counts.
 * - A folder with nothing in it that belongs to the dataset, because it is empty or all of it is left out, is an entry of its own: it is there,
 *   and a checkout makes it again. The top folder is never an entry.
 * - What is gone when its turn comes is treated as if it had never been there: nobody can tell the two apart.
 *
 * Holds the names of the folders on the way down from `top`, which must not be a link; costs one `lstat` for each name and one more for each folder.
 */
export function* walkFolder(top: ByteText, options: WalkOptions): Generator<WalkedEntry> {
  const walk = new FolderWalk(top, options)
  const first = walk.begin()
  if (first === undefined) return
  const stack = [first]
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const name = frame.names[frame.next++]
    if (name === undefined) {
      stack.pop()
      if (frame.prefix === '') continue
      if (!frame.holdsEntries) yield { type: 'directory', path: frame.prefix.slice(0, -1) as ByteText }
      const parent = stack.at(-1)
      if (parent !== undefined) parent.holdsEntries = true
      continue
    }
    const met = walk.look(frame, name)
    if (met === undefined) continue
    if ('names' in met) {
      stack.push(met)
      continue
    }
    frame.holdsEntries = true
    yield met
  }
}

class FolderWalk {
  readonly #top: ByteText
  readonly #options: WalkOptions

  constructor(top: ByteText, options: WalkOptions) {
    this.#top = top
    this.#options = options
  }

  /** The frame of the top folder, or undefined if it cannot be looked at. */
  begin(): Frame | undefined {
    const { calls, observer, rules } = this.#options
    try {
      return this.list('' as ByteText, rules, calls.facts(this.#top))
    } catch (error) {
      observer.onUnreadable('' as ByteText, error)
      return undefined
    }
  }

  /** An entry, or the frame of a folder to go down to, or undefined if the name is not part of the dataset. */
  look(frame: Frame, name: ByteText): WalkedEntry | Frame | undefined {
    const { observer, repository } = this.#options
    const path = `${frame.prefix}${name}` as ByteText
    const facts = this.#facts(frame, name, path)
    if (facts === undefined) return undefined
    const type = typeOf(facts)
    if (type === 'folder' && repository !== undefined && isSameFile(facts, repository)) {
      observer.onRepository(path)
      return undefined
    }
    if (this.#isIgnored(frame, name, path, type === 'folder')) return undefined
    if (type === 'file') return { type, path, facts }
    if (type === 'folder') return this.list(`${path}/` as ByteText, frame.rules, facts)
    if (type === 'symlink') return this.#readLink(path)
    observer.onSpecialFile(path)
    return undefined
  }

  /** @param prefix path of the folder with a `/` at its end, or empty; @param rules of the folder above; @param facts of it */
  list(prefix: ByteText, rules: IgnoreRules, facts: EntryFacts | undefined): Frame | undefined {
    const { calls, observer } = this.#options
    const path = prefix.slice(0, -1) as ByteText
    const absolute = prefix === '' ? this.#top : below(this.#top, path)
    try {
      const names = calls.names(absolute)
      const after = calls.facts(absolute)
      // The listing follows links: what took the folder's place may be one.
      const isSame = facts !== undefined && after !== undefined && typeOf(after) === 'folder' && isSameFile(facts, after)
      if (!isSame) {
        observer.onChanged(path)
        return undefined
      }
      names.sort()
      return { prefix, names, rules: rules.inFolder(prefix, this.#readIgnoreFile(prefix, names, rules)), next: 0, holdsEntries: false }
    } catch (error) {
      if (!isAbsence(error) || path === '') observer.onUnreadable(path, error)
      else if (errorCode(error) === 'ENOTDIR') observer.onChanged(path)
      return undefined
    }
  }

  #facts(frame: Frame, name: ByteText, path: ByteText): EntryFacts | undefined {
    try {
      return this.#options.calls.facts(below(this.#top, path))
    } catch (error) {
      // The folder is one no more (ENOTDIR).
      if (isAbsence(error)) return undefined
      // What would be left out anyway is no loss.
      const isLeftOut = this.#isIgnored(frame, name, path, false) || this.#isIgnored(frame, name, path, true)
      if (!isLeftOut) this.#options.observer.onUnreadable(path, error)
      return undefined
    }
  }

  #isIgnored(frame: Frame, name: ByteText, path: ByteText, isFolder: boolean): boolean {
    const verdict = frame.rules.verdict(frame.prefix, name, isFolder)
    if (verdict.ignored && verdict.defaultRule !== undefined) this.#options.observer.onDefaultIgnore(path, verdict.defaultRule)
    return verdict.ignored
  }

  #readLink(path: ByteText): WalkedEntry | undefined {
    try {
      return { type: 'symlink', path, target: new Uint8Array(this.#options.calls.target(below(this.#top, path))) }
    } catch (error) {
      // EINVAL: it is a link no more.
      if (errorCode(error) === 'EINVAL') this.#options.observer.onChanged(path)
      else if (!isAbsence(error)) this.#options.observer.onUnreadable(path, error)
      return undefined
    }
  }

  #readIgnoreFile(prefix: ByteText, names: readonly ByteText[], rules: IgnoreRules): string | undefined {
    if (!rules.readsFiles || !names.includes(IGNORE_FILE_NAME as ByteText)) return undefined
    const { calls, observer } = this.#options
    const path = `${prefix}${IGNORE_FILE_NAME}` as ByteText
    try {
      const facts = calls.facts(below(this.#top, path))
      const type = facts === undefined ? undefined : typeOf(facts)
      if (type === 'symlink') observer.onLinkedIgnoreFile(path)
      return type === 'file' ? readText(calls, below(this.#top, path)) : undefined
    } catch (error) {
      observer.onUnreadable(path, error, 'rules')
      return undefined
    }
  }
}

function readText(calls: FolderCalls, path: ByteText): string {
  const file = calls.open(path)
  try {
    let bytes = ''
    const space = new Uint8Array(64 * 1024)
    for (let count = calls.read(file, space); count > 0; count = calls.read(file, space)) bytes += byteTextOf(space.subarray(0, count))
    return new TextDecoder().decode(Buffer.from(bytes, 'latin1'))
  } finally {
    calls.close(file)
  }
}
