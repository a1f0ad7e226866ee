import { posix } from 'node:path'
import { firstNames } from '../../dataset/near-names.ts'
import { NotFoundError } from '../../errors.ts'
import { assertPath, displayPath, pathFromText } from '../../manifest/path.ts'
import type { DvcCache } from './dvc-cache.ts'
import type { DvcHash, DvcOutput } from './dvc-file.ts'

/** One file of the dataset and its content in the cache. */
export interface TrackedFile {
  /** Checked. */
  readonly path: Uint8Array
  /** For messages. */
  readonly name: string
  readonly md5: string
  readonly hash: DvcHash
  readonly executable: boolean
}

/** An output and the place of its data in the dataset: empty for a folder that is the dataset itself. */
export interface PlacedOutput {
  readonly place: string
  readonly output: DvcOutput
}

/** Paths that a message names. */
const MOST_SHOWN = 10

/** The one folder that a `.dvc` file tracks is the dataset; files keep their names, and several outputs their paths. */
export function placesInFile(outputs: readonly DvcOutput[]): readonly PlacedOutput[] {
  return outputs.map((output) => {
    const path = normal(output.path)
    return { place: outputs.length > 1 ? path : output.isFolder ? '' : posix.basename(path), output }
  })
}

/** Where the output of a `.dvc` file in `folder` is below the folder that was searched. */
export function placeBelow(folder: string, output: DvcOutput): PlacedOutput {
  return { place: normal(folder + output.path), output }
}

function normal(path: string): string {
  return posix.normalize(path).replace(/\/+$/, '')
}

/**
 * Every file of the outputs, none read but the lists of folders.
 * @throws NotFoundError with all that the cache lacks: `data.paths`
 * @throws UnsafePathError, MalformedDataError for a path that is absolute, leaves the dataset or cannot be in one; @throws CorruptObjectError for a damaged list
 */
export async function trackedFiles(cache: DvcCache, outputs: readonly PlacedOutput[], { hint, signal }: { readonly hint: string; readonly signal?: AbortSignal | undefined }): Promise<readonly TrackedFile[]> {
  const files: TrackedFile[] = []
  const missing: string[] = []
  for (const { place, output } of outputs) {
    const { md5, hash, executable } = output
    if (!output.isFolder) {
      files.push(fileAt(place, { md5, hash, executable }))
      continue
    }
    if (place !== '') assertPath(pathFromText(place))
    const listed = await cache.listing(md5)
    if (listed === undefined) missing.push(`${output.path}/ (the list of its files)`)
    else for (const { md5: of, relpath } of listed) files.push(fileAt(place === '' ? relpath : `${place}/${relpath}`, { md5: of, hash, executable: false }))
  }
  for (const { name, md5 } of files) {
    signal?.throwIfAborted()
    if ((await cache.locate(md5)) === undefined) missing.push(name)
  }
  if (missing.length > 0) {
    throw new NotFoundError(`${cache.folder} lacks the content of ${firstNames(missing, MOST_SHOWN)}`, { data: { paths: missing, cache: cache.folder }, hint })
  }
  return files
}

function fileAt(place: string, content: Pick<TrackedFile, 'md5' | 'hash' | 'executable'>): TrackedFile {
  const path = pathFromText(place)
  assertPath(path)
  return { path, name: displayPath(path), ...content }
}
