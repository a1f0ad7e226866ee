import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { InputEntry } from '../../dataset/input-entries.ts'
import type { SnapshotDetails } from '../../dataset/record-snapshot.ts'
import type { Repository } from '../../dataset/repository.ts'
import type { SnapshotResult } from '../../dataset/results.ts'
import { NotFoundError } from '../../errors.ts'
import type { OperationOptions } from '../../types.ts'
import { DvcCache } from './dvc-cache.ts'
import { cacheFolderOf, projectOf } from './dvc-project.ts'
import { findDvcFiles, readDvcFile } from './find-dvc-files.ts'
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
 * DVC does not know. What pipelines made (`dvc.lock`) is left out, with a warning.
 *
 * @param path a `.dvc` file, whose folder is the dataset, or whose file is in it by its name; the file or folder that one is for; or a folder: all that is tracked in it, by its path there
 * @throws NotFoundError if nothing is tracked there, or the cache lacks files (`data.paths`)
 * @throws CorruptObjectError for a file that does not have its MD5; @throws MalformedDataError for a `.dvc` file or list that cannot be understood
 * @throws UnsafePathError for a path that leaves the dataset
 */
export async function importDvc(repository: Repository, path: string, options: ImportDvcOptions): Promise<SnapshotResult> {
  const { cache: named, ...snapshotOptions } = options
  const top = resolve(path)
  const isFolder = existsSync(top) && statSync(top).isDirectory()
  const beside = `${top}.dvc`
  const outputs = isFolder && !existsSync(beside) ? await outputsBelow(top, options) : await outputsOf(top.endsWith('.dvc') && !isFolder ? top : beside)
  const cache = new DvcCache(named === undefined ? await cacheFolderOf(projectOf(isFolder ? top : dirname(top))) : resolve(named))
  const files = await trackedFiles(cache, outputs, { hint: HINT, signal: options.signal })
  return repository.snapshot(entriesOf(cache, files), snapshotOptions)
}

async function outputsOf(file: string): Promise<readonly PlacedOutput[]> {
  const found = await readDvcFile(file)
  if (found === undefined) throw new NotFoundError(`There is no file ${file}`, { data: { path: file }, hint: 'Name a .dvc file, or a folder in a DVC project.' })
  return placesInFile(found.outputs)
}

async function outputsBelow(folder: string, { onProgress }: ImportDvcOptions): Promise<readonly PlacedOutput[]> {
  const { files, lockFiles } = await findDvcFiles(folder)
  for (const path of lockFiles) onProgress?.({ type: 'warning', path, message: 'what pipelines of DVC made is not imported, only what .dvc files track' })
  if (files.length === 0) throw new NotFoundError(`There is no .dvc file in ${folder}`, { data: { path: folder }, hint: 'Name a .dvc file, or a folder in which DVC tracks data.' })
  return files.flatMap((file) => file.outputs.map((output) => placeBelow(file.folder, output)))
}

function* entriesOf(cache: DvcCache, files: readonly TrackedFile[]): Generator<InputEntry> {
  for (const { path, name, md5, hash, executable } of files) yield { path, content: cache.content(md5, hash, name), executable }
}
