import * as fs from 'node:fs'
import { basename } from 'node:path'
import type { CheckoutStep, FolderWriter, NameFolding } from '../dataset/interface.ts'
import { InvalidArgumentError, MalformedDataError, UnsafePathError, VarveError, WouldOverwriteError } from '../errors.ts'
import { displayPath } from '../manifest/path.ts'
import type { MaybePromise } from '../types.ts'
import { below, bytesOf, type ByteText, byteTextOf, lossyText, systemPath } from './byte-text.ts'
import { STAMP_TICK_MS } from './changed-since.ts'
import { besideName } from './checkout-leftovers.ts'
import { type FolderTraits, probeFolder } from './name-folding.ts'
import { Pace } from './pace.ts'
import { placeFolder, type Rename, systemRename } from './place-folder.ts'
import { errorCode, storageError } from './system-errors.ts'
import { syncFolder } from './sync-folder.ts'
import { prepareTarget, removeMade, type TargetFolder } from './target-folder.ts'

export interface FolderWriteOptions {
  /** How names fold, instead of trying it out. */
  readonly folding?: NameFolding | undefined
  /** Names in the target that forbid to replace it. */
  readonly isProtected?: (() => readonly string[]) | undefined
  readonly rename?: Rename
  /** When somebody last made sure that the target may be replaced, Unix time in ms. Default: now. */
  readonly since?: number | undefined
}

// Windows lacks the last of these, and undefined counts as 0 here.
const CREATE_FLAGS: number = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW
const NUL = '\0'

interface OpenFile {
  readonly file: number
  readonly path: ByteText
  readonly size: number
  left: number
}

/**
 * Begins to write a folder that will take the place of `target`, an absolute path. Until then it is a folder beside it that nobody else can enter.
 * @throws InvalidArgumentError, WouldOverwriteError: see `prepareTarget`; @throws StorageError if the system refuses
 */
export async function beginFolderWrite(target: string, options: FolderWriteOptions): Promise<FolderWriter> {
  const place = preparedTarget(target)
  const fresh = below(place.parent, besideName(basename(place.path) as ByteText, 'new'))
  try {
    const began = Date.now()
    fs.mkdirSync(systemPath(fresh), { mode: 0o700 })
    // A file system may stamp by another machine's clock.
    const lag = Math.max(0, began - fs.statSync(systemPath(fresh)).mtimeMs - STAMP_TICK_MS)
    return new FreshFolderWriter(fresh, place, probeFolder(fresh), { ...options, since: (options.since ?? began) - lag })
  } catch (error) {
    // What made it fail says more than what keeps it from being removed.
    await fs.promises.rm(systemPath(fresh), { recursive: true, force: true }).catch(() => undefined)
    removeMade(place.made)
    throw storageError(error, { operation: 'put', key: lossyText(fresh), location: lossyText(place.parent) })
  }
}

function preparedTarget(target: string): TargetFolder {
  try {
    return prepareTarget(target)
  } catch (error) {
    throw error instanceof VarveError ? error : storageError(error, { operation: 'put', key: target, location: 'the file system' })
  }
}

/**
 * Writes a checkout. Every file is created new, every folder on the way to it is seen to be a folder, and links come last, so that nothing is ever
 * written through one. Links are held in memory until then.
 *
 * After `commit` the folder is in its place whatever happens to the process. After a power cut files may lack content, as with any copy: to wait for the disk
 * would take longer than all the rest (2 GiB: 4 s), `varve status` finds them, and the repository is what keeps the data.
 */
class FreshFolderWriter implements FolderWriter {
  readonly folding: NameFolding
  readonly #fresh: ByteText
  readonly #target: TargetFolder
  readonly #folderMode: number
  readonly #options: FolderWriteOptions
  readonly #links: { readonly path: ByteText; readonly target: Buffer }[] = []
  readonly #pace = new Pace(undefined, () => undefined)
  #current: OpenFile | undefined
  /** The folder that the last step was in, relative, which is there. */
  #folder = '' as ByteText
  #state: 'open' | 'failed' | 'committed' | 'disposed' = 'open'

  constructor(fresh: ByteText, target: TargetFolder, traits: FolderTraits, options: FolderWriteOptions) {
    this.#fresh = fresh
    this.#target = target
    this.#folderMode = traits.folderMode
    this.#options = options
    this.folding = options.folding ?? traits.folding
  }

  /**
   * @throws UnsafePathError for a path that leads elsewhere or is taken
   * @throws MalformedDataError if a file gets more or fewer bytes than its size
   * @throws StorageError if the system refuses. After any error nothing but to dispose of the writer is left
   */
  write(step: CheckoutStep): MaybePromise<void> {
    this.#assertOpen()
    this.#state = 'failed'
    this.#perform(step)
    this.#state = 'open'
    return this.#pace.pause()
  }

  async commit({ replace, force = false }: { readonly replace: boolean; readonly force?: boolean }): Promise<void> {
    this.#assertOpen()
    this.#state = 'failed'
    this.#assertComplete()
    for (const { path, target } of this.#links) {
      this.#enterParent(path)
      this.#system(path, () => fs.symlinkSync(target, this.#place(path)))
      await this.#pace.pause()
    }
    this.#system('' as ByteText, () => {
      fs.chmodSync(systemPath(this.#fresh), this.#folderMode)
      syncFolder(systemPath(this.#fresh))
    })
    const names = replace ? (this.#options.isProtected?.() ?? []) : []
    if (names.length > 0) {
      const folder = lossyText(this.#target.path)
      throw new WouldOverwriteError(`${folder} holds ${names.join(' and ')}, and a repository is never replaced`, { data: { folder, paths: names }, hint: 'Check out into another folder.' })
    }
    await placeFolder(this.#fresh, this.#target, { replace, unchangedSince: force ? undefined : this.#options.since, rename: this.#options.rename ?? systemRename })
    this.#state = 'committed'
    try {
      syncFolder(systemPath(this.#target.parent))
    } catch {
      // It is in its place; only a power cut in the next seconds could undo that.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'committed' || this.#state === 'disposed') return
    this.#state = 'disposed'
    try {
      if (this.#current !== undefined) fs.closeSync(this.#current.file)
      await fs.promises.rm(systemPath(this.#fresh), { recursive: true, force: true })
    } catch {
      // The next checkout to this target removes it.
    }
    removeMade(this.#target.made)
  }

  #perform(step: CheckoutStep): void {
    if (step.type === 'data') return this.#writeData(step.bytes)
    this.#assertComplete()
    const path = checkedPath(step.path)
    if (step.type === 'file') {
      this.#enterParent(path)
      this.#createFile(path, step.size, step.executable)
    } else if (step.type === 'directory') this.#enter(path)
    else this.#keepLink(path, step.target)
  }

  #keepLink(path: ByteText, target: Uint8Array): void {
    if (target.length === 0 || target.includes(0)) throw new MalformedDataError(`The link ${displayPath(bytesOf(path))} has a target that no link can have`)
    this.#links.push({ path, target: Buffer.from(target) })
  }

  #createFile(path: ByteText, size: number, executable: boolean): void {
    // What the umask leaves of these. No more bits exist here, so nothing runs as somebody else.
    const file = this.#system(path, () => fs.openSync(this.#place(path), CREATE_FLAGS, executable ? 0o777 : 0o666))
    this.#current = { file, path, size, left: size }
    if (size === 0) this.#finishFile(this.#current)
  }

  #writeData(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const current = this.#current
    if (current === undefined || bytes.length > current.left) {
      throw new MalformedDataError(current === undefined ? 'There is more content than files to hold it' : `${displayPath(bytesOf(current.path))} has more content than its size, ${current.size} bytes`)
    }
    this.#system(current.path, () => {
      for (let written = 0; written < bytes.length; ) written += fs.writeSync(current.file, bytes, written)
    })
    current.left -= bytes.length
    if (current.left === 0) this.#finishFile(current)
  }

  #finishFile({ file, path }: OpenFile): void {
    this.#current = undefined
    this.#system(path, () => fs.closeSync(file))
  }

  #enterParent(path: ByteText): void {
    this.#enter(path.slice(0, Math.max(0, path.lastIndexOf('/'))) as ByteText)
  }

  /** Makes a folder and those above it, and sees that all of them are folders. Steps come in order, so most are in the folder of the one before. */
  #enter(folder: ByteText): void {
    if (folder === this.#folder) return
    for (let end = folder.indexOf('/'); ; end = folder.indexOf('/', end + 1)) {
      const part = (end === -1 ? folder : folder.slice(0, end)) as ByteText
      if (part !== '') this.#ensureFolder(part)
      if (end === -1) break
    }
    this.#folder = folder
  }

  #ensureFolder(folder: ByteText): void {
    const facts = this.#system(folder, () => fs.lstatSync(this.#place(folder), { throwIfNoEntry: false }))
    if (facts === undefined) this.#system(folder, () => fs.mkdirSync(this.#place(folder)))
    else if (!facts.isDirectory()) throw this.#unsafe(folder, 'it must be a folder and is something else already')
  }

  #assertComplete(): void {
    const current = this.#current
    if (current !== undefined) throw new MalformedDataError(`${displayPath(bytesOf(current.path))} ends ${current.left} bytes before its size, ${current.size} bytes`)
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw new InvalidArgumentError(`The folder for ${lossyText(this.#target.path)} is ${this.#state} and takes no more`, { hint: 'Begin a new one.' })
  }

  #place(path: ByteText): string | Buffer {
    return systemPath(below(this.#fresh, path))
  }

  #system<T>(path: ByteText, call: () => T): T {
    try {
      return call()
    } catch (error) {
      throw errorCode(error) === 'EEXIST' ? this.#unsafe(path, 'something of that name, to this file system, was written before') : this.#refusal(error, path)
    }
  }

  #refusal(error: unknown, path: ByteText): Error {
    return storageError(error, { operation: 'put', key: displayPath(bytesOf(path)), location: lossyText(this.#target.path) })
  }

  #unsafe(path: ByteText, why: string): UnsafePathError {
    return unsafe(bytesOf(path), why)
  }
}

/** The dataset layer has looked at every path; this is for the case that it has missed something. */
function checkedPath(bytes: Uint8Array): ByteText {
  const path = byteTextOf(bytes)
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..' || segment.includes(NUL)) throw unsafe(bytes, `"${segment}" can lead out of the folder`)
    if (process.platform === 'win32' && /[\\:]/.test(segment)) throw unsafe(bytes, `"${segment}" can lead out of the folder on Windows`)
  }
  return path
}

function unsafe(bytes: Uint8Array, why: string): UnsafePathError {
  const path = displayPath(bytes)
  return new UnsafePathError(`Refused to write ${path}: ${why}`, { data: { path } })
}
