import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { InputEntry } from '../../dataset/input-entries.ts'
import type { SnapshotDetails } from '../../dataset/record-snapshot.ts'
import type { Repository } from '../../dataset/repository.ts'
import type { SnapshotResult } from '../../dataset/results.ts'
import { NotFoundError } from '../../errors.ts'
import type { OperationOptions } from '../../types.ts'
import { DvcCache } from './dvc-cache.ts'
import { cacheFolderOf, projectOf } from './dvc-project.ts'
import { findDvcFiles, LOCK_FILE, readDvcFile, readLockFile } from './find-dvc-files.ts'
import { placeBelow, type PlacedOutput, placesInFile, type TrackedFile, trackedFiles } from './tracked-files.ts'

export interface ImportDvcOptions extends OperationOptions, SnapshotDetails {
  /** The ref that gets the snapshot. */
  readonly ref: string
  /** The folder with the content, as DVC lays it out: a cache, or a remote that is a folder. Default: the cache that the project's configuration names. */
  readonly cache?: string
}

const HINT = 'Run `dvc fetch` in the project, then import again; a cache or remote in another folder is named with --cache.'

/**
 * Takes a snapshot of what a DVC project tracks, from its cache; the working files are not looked at. Each file is checked against its MD5 while it is read. Which files in folders are executable
 * DVC does not know. What pipelines made is tracked by `dvc.lock`; outputs that they keep out of the cache are left out, with a warning.
 *
 * @param path a `.dvc` file, whose folder is the dataset, or whose file is in it by its name; the file or folder that one is for, or that a pipeline made; a `dvc.lock`; or a folder: all that is
 * tracked in it, by its path there
 * @throws NotFoundError if nothing is tracked there, or the cache lacks files (`data.paths`)
 * @throws CorruptObjectError for a file that does not have its MD5; @throws MalformedDataError for a `.dvc` file or list that cannot be understood
 * @throws UnsafePathError for a path that leaves the dataset
 */
export async function importDvc(repository: Repository, path: string, options: ImportDvcOptions): Promise<SnapshotResult> {
  const { cache: named, ...snapshotOptions } = options
  const top = resolve(path)
  const isFolder = existsSync(top) && statSync(top).isDirectory()
  const outputs = await outputsAt(top, isFolder, options)
  const cache = new DvcCache(named === undefined ? await cacheFolderOf(projectOf(isFolder ? top : dirname(top))) : resolve(named))
  const files = await trackedFiles(cache, outputs, { hint: HINT, signal: options.signal })
  return repository.snapshot(entriesOf(cache, files), snapshotOptions)
}

async function outputsAt(top: string, isFolder: boolean, options: ImportDvcOptions): Promise<readonly PlacedOutput[]> {
  const beside = `${top}.dvc`
  if (!isFolder && basename(top) === LOCK_FILE) return outputsOfLock(top, options)
  if (existsSync(beside) || (!isFolder && top.endsWith('.dvc'))) return outputsOf(existsSync(beside) ? beside : top)
  return (await madeByPipeline(top)) ?? (isFolder ? outputsBelow(top, options) : outputsOf(beside))
}

async function outputsOfLock(file: string, options: ImportDvcOptions): Promise<readonly PlacedOutput[]> {
  const lock = await readLockFile(file)
  if (lock === undefined) throw new NotFoundError(`There is no file ${file}`, { data: { path: file }, hint: 'Name the dvc.lock of a pipeline, which `dvc repro` writes.' })
  warnOf(lock.uncached, options)
  return lock.outputs.map((output) => placeBelow('', output))
}

/** The output of a pipeline that is at this very path, by the lock files in the folders above it in the project. */
async function madeByPipeline(top: string): Promise<readonly PlacedOutput[] | undefined> {
  for (let folder = dirname(top); ; folder = dirname(folder)) {
    const lock = await readLockFile(join(folder, LOCK_FILE))
    const output = lock?.outputs.find(({ path }) => resolve(folder, path) === top)
    if (output !== undefined) return placesInFile([output])
    if (existsSync(join(folder, '.dvc')) || dirname(folder) === folder) return undefined
  }
}

function warnOf(uncached: readonly string[], { onProgress }: ImportDvcOptions): void {
  for (const path of uncached) onProgress?.({ type: 'warning', path, message: 'is kept out of the cache by its pipeline, and is not imported' })
}

async function outputsOf(file: string): Promise<readonly PlacedOutput[]> {
  const found = await readDvcFile(file)
  if (found === undefined) throw new NotFoundError(`There is no file ${file}`, { data: { path: file }, hint: 'Name a .dvc file, or a folder in a DVC project.' })
  return placesInFile(found.outputs)
}

async function outputsBelow(folder: string, options: ImportDvcOptions): Promise<readonly PlacedOutput[]> {
  const { files, uncached } = await findDvcFiles(folder)
  warnOf(uncached, options)
  if (files.length === 0) throw new NotFoundError(`There is no .dvc file and no ${LOCK_FILE} in ${folder}`, { data: { path: folder }, hint: 'Name a .dvc file, or a folder in which DVC tracks data.' })
  return files.flatMap((file) => file.outputs.map((output) => placeBelow(file.folder, output)))
}

function* entriesOf(cache: DvcCache, files: readonly TrackedFile[]): Generator<InputEntry> {
  for (const { path, name, md5, hash, executable } of files) yield { path, content: cache.content(md5, hash, name), executable }
}
