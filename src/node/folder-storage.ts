import { dirname, join, resolve, sep } from 'node:path'
import { AlreadyExistsError, InvalidArgumentError, NotFoundError, VarveError } from '../errors.ts'
import type { ByteRange, ObjectBody, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from '../storage/interface.ts'
import { assertKey, assertPrefix, isKey } from '../storage/key.ts'
import { assertRange, clampRange } from '../storage/range.ts'
import { DurableFolders } from './durable-folders.ts'
import { writeNewFile } from './durable-write.ts'
import { nodeFileCalls, type FileCalls, type FileFacts } from './file-calls.ts'
import { OpenFiles, type OpenFile } from './open-files.ts'
import { lacksHardLinks, publish } from './publish.ts'
import { readPart } from './read-part.ts'
import { errorCode, failed, isAbsence, storageError, type Attempt } from './system-errors.ts'
import { hostId } from './maker.ts'
import { sweepTempFiles, tempName } from './temp-files.ts'

/** Packs that stay open for the next read. */
const OPEN_PACKS = 64

/** Folders in which there are no objects (FORMAT.md, section 7). */
const RESERVED = /^(?:tmp|cache)(?:\/|$)/

export interface FolderStorageOptions {
  /** How many packs stay open between reads; 64 by default, 0 for none. */
  readonly openPacks?: number
  /** The calls to the system. For tests. */
  readonly calls?: FileCalls
}

/**
 * Objects as files below a folder on a local or network file system that has hard links. The folder and those in it are created by
 * `put` when they are missing. `tmp/` and `cache/` hold no objects and are refused as the beginning of a key. Files whose names are not
 * keys are left alone and never listed; symbolic links are followed.
 *
 * `put` costs two syncs, of the file and of its folder; concurrent puts into one folder share the latter; one that finds the key taken syncs the folder,
 * as the put before it may not have come to that. `delete` syncs nothing: after a power cut a deleted object may be back.
 *
 * @example
 * const storage = new FolderStorage('.varve')
 * await storage.put('hints/000000000001', new Uint8Array(0))
 * await storage.close()
 */
export class FolderStorage implements Storage {
  /** Absolute path of the folder. */
  readonly location: string
  readonly #start: string
  readonly #calls: FileCalls
  readonly #folders: DurableFolders
  readonly #files: OpenFiles
  readonly #host: string = hostId()
  #swept: Promise<void> | undefined
  #closed: boolean = false

  constructor(folder: string, options: FolderStorageOptions = {}) {
    this.location = resolve(folder)
    this.#start = this.location.endsWith(sep) ? this.location : `${this.location}${sep}`
    this.#calls = options.calls ?? nodeFileCalls
    this.#folders = new DurableFolders(this.#calls, this.location)
    this.#files = new OpenFiles(this.#calls, options.openPacks ?? OPEN_PACKS)
  }

  async put(key: string, body: ObjectBody, options: StorageCallOptions = {}): Promise<void> {
    const { signal } = options
    const path = this.#pathOf(key)
    signal?.throwIfAborted()
    const attempt = this.#attempt('put', key)
    const explain = (error: unknown): Error => this.#explain(error, attempt)
    const tmp = join(this.location, 'tmp')
    try {
      if (this.#isTaken(path, attempt)) throw await this.#taken(path, attempt)
      await this.#folders.ensure(tmp)
      this.#swept ??= sweepTempFiles(this.#calls, tmp, this.#host)
      await this.#swept
      await this.#folders.ensure(dirname(path))
    } catch (error) {
      throw explain(error)
    }
    const temp = join(tmp, tempName(this.#host))
    await writeNewFile(this.#calls, temp, body, { signal, explain })
    await publish(this.#calls, this.#folders, temp, path, (error) => this.#linkFailed(error, path, attempt)).catch((error: unknown) => {
      throw explain(error)
    })
  }

  async get(key: string, options: StorageCallOptions & { readonly range?: ByteRange; readonly into?: Uint8Array } = {}): Promise<Uint8Array> {
    const path = this.#pathOf(key)
    if (options.range !== undefined) assertRange(options.range)
    options.signal?.throwIfAborted()
    let open: OpenFile | undefined
    try {
      open = this.#files.lend(path, key.startsWith('packs/'))
      if (open.facts.kind !== 'file') throw this.#notFound(key)
      return await readPart(this.#calls, open.file, clampRange(options.range, open.facts.size), options.into)
    } catch (error) {
      this.#files.drop(path)
      throw isAbsence(error) ? this.#notFound(key) : this.#explain(error, this.#attempt('get', key))
    } finally {
      if (open !== undefined) this.#files.giveBack(open)
    }
  }

  async stat(key: string, options: StorageCallOptions = {}): Promise<ObjectStat | undefined> {
    const path = this.#pathOf(key)
    options.signal?.throwIfAborted()
    const facts = this.#factsOf(path, this.#attempt('stat', key))
    return facts?.kind === 'file' ? { size: facts.size } : undefined
  }

  /**
   * @throws NotFoundError if the repository folder itself is missing, whatever the prefix: a disk that is not mounted is not an empty one
   * @throws StorageError if any folder cannot be read, with what was listed by then being only a part
   */
  async *list(prefix: string, options: StorageCallOptions = {}): AsyncGenerator<ObjectEntry, void, undefined> {
    assertPrefix(prefix)
    if (prefix !== '') this.#pathOf(prefix.slice(0, -1))
    this.#assertOpen()
    const folders = [prefix]
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      options.signal?.throwIfAborted()
      for await (const [key, facts] of this.#inFolder(folder, this.#attempt('list', prefix))) {
        options.signal?.throwIfAborted()
        if (facts.kind === 'folder') folders.push(`${key}/`)
        else if (facts.kind === 'file') yield { key, size: facts.size }
      }
    }
  }

  async delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    const path = this.#pathOf(key)
    options.signal?.throwIfAborted()
    const attempt = this.#attempt('delete', key)
    // Before the file goes: Windows does not free the name while it is open.
    this.#files.drop(path)
    try {
      this.#calls.unlink(path)
    } catch (error) {
      // A folder is no object. Systems differ in what they say of unlinking one.
      if (!isAbsence(error) && this.#factsOf(path, attempt)?.kind !== 'folder') throw this.#explain(error, attempt)
    }
  }

  /** Closes the packs that were left open. Reads that are under way end first, each closing its own. */
  async close(): Promise<void> {
    this.#closed = true
    this.#files.dropAll()
  }

  async *#inFolder(prefix: string, attempt: Attempt): AsyncGenerator<readonly [string, FileFacts], void, undefined> {
    try {
      for await (const name of this.#calls.names(this.#under(prefix))) {
        const key = `${prefix}${name}`
        if (!isKey(name) || RESERVED.test(key)) continue
        const facts = this.#calls.stat(this.#under(key))
        if (facts !== undefined) yield [key, facts]
      }
    } catch (error) {
      if (!isAbsence(error)) throw this.#explain(error, attempt)
      if (this.#factsOf(this.location, attempt)?.kind === 'folder') return
      throw new NotFoundError(`There is no folder ${this.location}`, { cause: error, data: { location: this.location }, hint: 'Check the path, and that its disk is mounted.' })
    }
  }

  /** Facts of what is at a path, or undefined if there is nothing. */
  #factsOf(path: string, attempt: Attempt): FileFacts | undefined {
    try {
      return this.#calls.stat(path)
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw this.#explain(error, attempt)
    }
  }

  /** @throws StorageError if a folder is there */
  #isTaken(path: string, attempt: Attempt): boolean {
    const facts = this.#factsOf(path, attempt)
    if (facts?.kind === 'folder') throw failed(attempt, 'a folder is where the object must be', { reason: 'EISDIR', path, hint: 'Choose a key that is not the beginning of another.' })
    return facts !== undefined
  }

  async #linkFailed(error: unknown, path: string, attempt: Attempt): Promise<unknown> {
    const code = errorCode(error)
    if (code === 'EEXIST') {
      this.#isTaken(path, attempt)
      return this.#taken(path, attempt)
    }
    if (!lacksHardLinks(code)) return error
    return failed(attempt, 'its file system has no hard links, without which objects cannot be created exclusively', {
      reason: code ?? 'UNKNOWN',
      path,
      cause: error,
      hint: 'Keep the repository on a file system with hard links, such as ext4, XFS, Btrfs, ZFS, APFS or NTFS; exFAT and some network shares have none.',
    })
  }

  #explain(error: unknown, attempt: Attempt): Error {
    if (error instanceof VarveError) return error
    // Somebody removed folders that this storage has seen or made. The next put looks again.
    if (isAbsence(error)) this.#folders.forget()
    return storageError(error, attempt)
  }

  #pathOf(key: string): string {
    assertKey(key)
    this.#assertOpen()
    if (RESERVED.test(key)) throw new InvalidArgumentError(`"${key}" cannot be the key of an object: a folder keeps other files in tmp/ and cache/`, { data: { key } })
    return this.#under(key)
  }

  /** The path of a name that has been checked. Not `join`, which looks for dots in all of it: this is on the way of every read. */
  #under(key: string): string {
    return this.#start + (sep === '/' ? key : key.replaceAll('/', sep))
  }

  #assertOpen(): void {
    if (this.#closed) throw new InvalidArgumentError(`The storage ${this.location} was closed`, { hint: 'Open it anew; nothing may be called after close().' })
  }

  #attempt(operation: Attempt['operation'], key: string): Attempt {
    return { operation, key, location: this.location }
  }

  /** Whoever made the object may not have synced its name yet, and may never do so; the caller is going to count on it. */
  async #taken(path: string, { key, location }: Attempt): Promise<AlreadyExistsError> {
    await this.#folders.ensure(dirname(path))
    await this.#folders.sync(dirname(path))
    return new AlreadyExistsError(`Object "${key}" is already in ${location}`, { data: { key } })
  }

  #notFound(key: string): NotFoundError {
    return new NotFoundError(`No object "${key}" in ${this.location}`, { data: { key } })
  }
}
