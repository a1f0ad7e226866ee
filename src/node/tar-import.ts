import type { InputEntry } from '../dataset/input-entries.ts'
import type { SkippedPath } from '../dataset/interface.ts'
import type { Repository } from '../dataset/repository.ts'
import type { SnapshotResult } from '../dataset/results.ts'
import type { SnapshotOptions } from '../dataset/take-snapshot.ts'
import { InvalidArgumentError, MalformedDataError } from '../errors.ts'
import { displayPath, pathToText } from '../manifest/path.ts'
import { type ReadHeader, tarEntries } from './tar-entries.ts'
import { bytesOf, entryName, linkTarget, nameOfTarget } from './tar-names.ts'

export interface ImportTarOptions extends SnapshotOptions {
  readonly ref: string
  /**
   * Reads the archive again, or bytes `start` to `end` of it: how the content of hard links is found, which tar files give once. Without it, as
   * for a pipe, hard links are refused.
   */
  readonly reread?: (range?: { readonly start: number; readonly end: number }) => AsyncIterable<Uint8Array>
}

interface Place {
  readonly start: number
  readonly end: number
  readonly executable: boolean
}

const OWNER_MAY_EXECUTE = 0o100

/**
 * Takes a snapshot of what a tar file holds, as it streams by. Of several entries with one path the last counts. Modes count as far as executable
 * or not; owners and times do not. Hard links become copies; devices and pipes are skipped, with a warning and in `skipped`.
 * @throws MalformedDataError if it is no tar file, is cut off, or holds kinds of entries that cannot be read faithfully
 * @throws UnsafePathError for a name that is absolute or climbs with `..`
 */
export async function importTar(repository: Repository, source: AsyncIterable<Uint8Array>, options: ImportTarOptions): Promise<SnapshotResult> {
  const skipped: SkippedPath[] = []
  const skip = (path: string, kind: string): void => {
    skipped.push({ path, reason: 'special-file', detail: kind })
    options.onProgress?.({ type: 'warning', message: `skipped, as it is a ${kind}`, path })
  }
  const { reread, ...snapshotOptions } = options
  const result = await repository.snapshot(inputEntries(source, skip, reread), { ...snapshotOptions, lastWins: true })
  return { ...result, skipped: [...result.skipped, ...skipped] }
}

async function* inputEntries(source: AsyncIterable<Uint8Array>, skip: (path: string, kind: string) => void, reread: ImportTarOptions['reread']): AsyncGenerator<InputEntry> {
  const folders = new FolderEntries()
  let links: Map<number, Place | undefined> | undefined
  for await (const { header, content } of tarEntries(source)) {
    const name = entryName(header)
    const path = name === '' ? '' : pathToText(bytesOf(name))
    assertFaithful(header, path)
    // The archive's own folder is no entry of the dataset.
    if (name === '' && header.type === 'directory') continue
    if (name === '') throw new MalformedDataError('An entry of the tar file has no name')
    switch (header.type) {
      case 'file':
      case 'contiguous-file':
        folders.hold(name)
        yield { path: bytesOf(name), content, executable: isExecutable(header) }
        break
      case 'symlink':
        folders.hold(name)
        yield { path: bytesOf(name), symlink: linkTarget(header) }
        break
      case 'link':
        folders.hold(name)
        links ??= await locateLinks(reread, path)
        yield linkedFile(name, links.get(header.byteOffset), reread)
        break
      case 'directory':
        folders.add(name)
        break
      case 'character-device':
      case 'block-device':
      case 'fifo':
      case null:
        skip(path, header.type ?? 'thing of unknown kind')
    }
  }
  for (const name of folders.empty()) yield { path: bytesOf(name), directory: true }
}

/** Folders that have an entry of their own and nothing in them: only these are kept. Holds the names of all folders. */
class FolderEntries {
  readonly #listed = new Set<string>()
  readonly #filled = new Set<string>()

  add(name: string): void {
    this.#listed.add(name)
    this.#fillParents(name)
  }

  /** Notes that something else has this name. */
  hold(name: string): void {
    this.#listed.delete(name)
    this.#fillParents(name)
  }

  *empty(): Generator<string> {
    for (const name of this.#listed) if (!this.#filled.has(name)) yield name
  }

  #fillParents(name: string): void {
    for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) {
      const parent = name.slice(0, at)
      if (this.#filled.has(parent)) return
      this.#filled.add(parent)
    }
  }
}

/** Where the content of each hard link is, by the offset of the link: one more pass over the archive, made when the first link comes. */
async function locateLinks(reread: ImportTarOptions['reread'], path: string): Promise<Map<number, Place | undefined>> {
  if (reread === undefined) {
    throw new InvalidArgumentError(`${path} is a hard link, whose content a tar file holds only once, and a pipe cannot be read again`, { data: { path }, hint: 'Save the archive to a file and import that.' })
  }
  const files = new Map<string, Place | undefined>()
  const links = new Map<number, Place | undefined>()
  for await (const { header } of tarEntries(reread())) {
    const place = { start: header.byteOffset, end: header.byteOffset + header.size, executable: isExecutable(header) }
    if (header.type === 'link') {
      const target = files.get(nameOfTarget(header))
      links.set(header.byteOffset, target)
      files.set(entryName(header), target)
    } else files.set(entryName(header), header.type === 'file' || header.type === 'contiguous-file' ? place : undefined)
  }
  return links
}

function linkedFile(name: string, place: Place | undefined, reread: ImportTarOptions['reread']): InputEntry {
  const path = bytesOf(name)
  if (place === undefined || reread === undefined) {
    throw new MalformedDataError(`${displayPath(path)} is a hard link to a file that does not come before it in the tar file`, { data: { path: pathToText(path) } })
  }
  return { path, content: place.end === place.start ? new Uint8Array(0) : reread({ start: place.start, end: place.end }), executable: place.executable }
}

/** Kinds of which the bytes in the archive are not the content of the file. */
function assertFaithful({ type, pax }: ReadHeader, path: string): void {
  const sparse = pax !== null && Object.keys(pax).some((key) => key.startsWith('GNU.sparse.'))
  if (!sparse && type !== null) return
  throw new MalformedDataError(`${pax?.['GNU.sparse.name'] ?? path} is ${sparse ? 'a sparse file' : 'of a kind that this version cannot read'} in the tar file`, {
    data: { path }, hint: 'Unpack the archive with tar and take a snapshot of the folder.',
  })
}

function isExecutable({ mode }: ReadHeader): boolean {
  return (mode & OWNER_MAY_EXECUTE) !== 0
}
