import * as fs from 'node:fs'
import { basename, dirname, relative, resolve, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContentStore, FolderPort, FolderReadOptions, FolderWriter, NameFolding } from '../dataset/interface.ts'
import { InvalidArgumentError, NotFoundError } from '../errors.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import { byteTextOf, byteTextOfPath } from './byte-text.ts'
import { STAMP_TICK_MS } from './changed-since.ts'
import type { ThreadUse } from './entry-queue.ts'
import { type EntryFacts, type FolderCalls, isSameFile, nodeFolderCalls } from './folder-calls.ts'
import { isAbsence, storageError } from './system-errors.ts'
import { inspectTarget } from './target-folder.ts'

export interface NodeFoldersOptions {
  /** The folder of the repository that these folders are read into: never part of a dataset, never replaced. */
  readonly repositoryFolder?: string
  /** Where stat caches are kept, in `stat/`. Without it every file is read every time. */
  readonly cacheFolder?: string
  /**
   * What content is hashed for, as the id, hash and chunker of a repository. A stat cache that was written with another identity counts as absent.
   * Default: the empty text.
   */
  readonly cacheIdentity?: string
  /**
   * A file is left unopened the next time only if its times were older than this, in ms, when it was read; until then it is read each time. Default
   * 40 000: so long Linux may take to notice a second write through a memory map. Less is for tests.
   */
  readonly trustAfterMs?: number
  /** How many threads read, and from how much work on; for tests. */
  readonly threads?: ThreadUse
  /** The system's calls for reading; for tests. */
  readonly calls?: FolderCalls
  /** How the target's names fold, instead of trying it out; for tests. */
  readonly folding?: NameFolding
}

const REPOSITORY_NAMES: readonly string[] = ['.git', '.varve']

/**
 * Folders of this machine. Paths given as text are relative to the working directory at the time of the call.
 *
 * @example
 * const folders = nodeFolders({ repositoryFolder: '/data/.varve', cacheFolder: '/data/.varve/cache' })
 * for await (const { path, value } of folders.read('/data', store, {})) console.log(pathToText(path), value.kind)
 */
export function nodeFolders(options: NodeFoldersOptions = {}): FolderPort {
  const { repositoryFolder, cacheFolder, cacheIdentity, trustAfterMs, threads, calls = nodeFolderCalls, folding } = options
  const inspections = new Map<string, number>()
  return {
    read(folder: string, store: ContentStore, readOptions: FolderReadOptions): AsyncIterable<ManifestEntry> {
      return begunLater(async () => {
        const top = openableFolder(folder)
        const repository = repositoryFolder === undefined ? undefined : factsOf(repositoryFolder)
        if (repository !== undefined) assertOutside(top, repository)
        // Loaded when it is needed: most commands read no folder.
        const { readFolder } = await import('./read-folder.ts')
        return readFolder(byteTextOf(fs.realpathSync.native(top, { encoding: 'buffer' })), store, readOptions, { calls, repository, cacheFolder, cacheIdentity, trustAfterMs, threads })
      })
    },
    async inspect(folder) {
      const target = resolve(folder)
      const state = inspectTarget(byteTextOfPath(target))
      if (state === 'occupied') {
        // What was changed before is then older by more than a tick, and not taken for a change that came after.
        await sleep(2 * STAMP_TICK_MS)
        inspections.set(target, Date.now())
      }
      return state
    },
    protectedNames: async (folder) => protectedNames(resolve(folder), repositoryFolder),
    async beginWrite(folder: string): Promise<FolderWriter> {
      const target = resolve(folder)
      const repository = repositoryFolder === undefined ? undefined : factsOf(repositoryFolder)
      if (repository !== undefined) assertOutside(dirname(target), repository)
      const since = inspections.get(target)
      inspections.delete(target)
      const { beginFolderWrite } = await import('./folder-writer.ts')
      return beginFolderWrite(target, { folding, since, isProtected: () => protectedNames(target, repositoryFolder) })
    },
    nameOf: (folder) => basename(resolve(folder)),
  }
}

/** @throws NotFoundError if there is nothing; @throws InvalidArgumentError if it is no folder */
function openableFolder(folder: string): string {
  const path = resolve(folder)
  const facts = factsOf(path)
  if (facts === undefined) throw new NotFoundError(`There is no folder ${path}`, { data: { path }, hint: 'Check the path; it is relative to the working directory.' })
  if (!facts.isDirectory()) throw new InvalidArgumentError(`${path} is not a folder`, { data: { path }, hint: 'Name the folder that the file is in.' })
  return path
}

/** @throws InvalidArgumentError if the folder is the repository or lies in it */
function assertOutside(folder: string, repository: Pick<EntryFacts, 'dev' | 'ino'>): void {
  for (let path = folder; ; path = dirname(path)) {
    const facts = factsOf(path)
    if (facts !== undefined && isSameFile(facts, repository)) {
      throw new InvalidArgumentError(`${folder} is part of the repository`, { data: { path: folder }, hint: 'Name a folder that is not in the repository.' })
    }
    if (path === dirname(path)) return
  }
}

function protectedNames(folder: string, repositoryFolder: string | undefined): string[] {
  const names = REPOSITORY_NAMES.filter((name) => isThere(`${folder}/${name}`))
  if (repositoryFolder === undefined) return names
  const [from, to] = [realPath(folder), realPath(repositoryFolder)]
  if (from === undefined || to === undefined) return names
  const path = relative(from, to)
  const isInside = path !== '..' && !path.startsWith(`..${sep}`) && resolve(from, path) === to
  return isInside && !names.includes(path) ? [...names, path === '' ? '.' : path] : names
}

function realPath(path: string): string | undefined {
  try {
    return fs.realpathSync.native(path)
  } catch {
    return undefined
  }
}

function isThere(path: string): boolean {
  try {
    return fs.lstatSync(path) !== undefined
  } catch (error) {
    if (isAbsence(error)) return false
    throw storageError(error, { operation: 'stat', key: path, location: 'the file system' })
  }
}

/** What a path leads to; links are followed. */
function factsOf(path: string): fs.BigIntStats | undefined {
  try {
    return fs.statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw storageError(error, { operation: 'stat', key: path, location: 'the file system' })
  }
}

/** What `begin` gives, begun when the first is asked for. Not a generator around it, which costs a promise or two for each file. */
function begunLater<T>(begin: () => Promise<AsyncGenerator<T>>): AsyncIterable<T> {
  let begun: AsyncGenerator<T> | undefined
  const items: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => items,
    next: () => begun?.next() ?? begin().then((started) => (begun = started).next()),
    return: async () => (await begun?.return(undefined)) ?? { done: true, value: undefined },
  }
  return items
}
