import { extract, type Header } from 'tar-stream'
import type { InputEntry } from '../dataset/input-entries.ts'
import type { SkippedPath } from '../dataset/interface.ts'
import type { Repository } from '../dataset/repository.ts'
import type { SnapshotResult } from '../dataset/results.ts'
import type { SnapshotOptions } from '../dataset/take-snapshot.ts'
import { InvalidArgumentError, MalformedDataError, UnsafePathError, VarveError } from '../errors.ts'
import { displayPath, pathToText } from '../manifest/path.ts'
import type { AnyIterable } from '../types.ts'

export interface ImportTarOptions extends SnapshotOptions {
  readonly ref: string
  /**
   * Reads the archive again, or bytes `start` to `end` of it: how the content of hard links is found, which tar files give once. Without it, as
   * for a pipe, hard links are refused.
   */
  readonly reread?: (range?: { readonly start: number; readonly end: number }) => AsyncIterable<Uint8Array>
}

/** What tar-stream tells of an entry; its declared type lacks some of it. */
interface ReadHeader extends Omit<Header, 'type' | 'linkname' | 'pax'> {
  /** Null for kinds that it does not know. */
  readonly type: Header['type'] | null
  readonly linkname: string | null
  readonly pax: Readonly<Record<string, string>> | null
  /** Where the content begins in the archive. */
  readonly byteOffset: number
}

interface ParsedEntry extends AsyncIterable<Uint8Array> {
  readonly header: ReadHeader
  resume(): unknown
}

interface TarEntry {
  readonly header: ReadHeader
  readonly content: AsyncIterable<Uint8Array>
}

interface Place {
  readonly start: number
  readonly end: number
  readonly executable: boolean
}

const OWNER_MAY_EXECUTE = 0o100
const GZIP_MAGIC = [0x1f, 0x8b]

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
      default:
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

/** Entries of a tar file; errors of the parser become errors of the data, those of the source stay what they are. */
async function* tarEntries(source: AnyIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  // Latin-1 keeps every byte of a name that is not in a pax header.
  const parser = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0])
  let sourceError: unknown
  const fed = feed(parser, source).catch((error: unknown) => {
    sourceError = error
    parser.destroy(error instanceof Error ? error : new Error(String(error)))
  })
  const explained = (error: unknown): unknown => sourceError ?? (error instanceof VarveError ? error : unreadable(error))
  async function* contentOf(entry: ParsedEntry): AsyncGenerator<Uint8Array> {
    try {
      yield* entry
    } catch (error) {
      throw explained(error)
    }
  }
  try {
    for await (const entry of parser as AsyncIterable<ParsedEntry>) {
      yield { header: entry.header, content: contentOf(entry) }
      // What nobody read is passed over.
      entry.resume()
    }
    await fed
  } catch (error) {
    throw explained(error)
  } finally {
    parser.destroy(null)
  }
  if (sourceError !== undefined) throw sourceError
}

function unreadable(error: unknown): MalformedDataError {
  const why = error instanceof Error ? error.message : String(error)
  return new MalformedDataError(`The tar file cannot be read: ${why}`, { cause: error, hint: 'It is damaged, cut off, or no tar file; get a sound copy.' })
}

async function feed(parser: ReturnType<typeof extract>, source: AnyIterable<Uint8Array>): Promise<void> {
  let first = true
  // Not `once` of node:events, which also rejects: what went wrong in the parser is told to whoever reads its entries.
  const closed = new Promise<void>((resolve) => parser.once('close', resolve))
  for await (const piece of source) {
    if (first && GZIP_MAGIC.every((byte, index) => piece[index] === byte)) {
      throw new InvalidArgumentError('The file is compressed with gzip', { hint: 'Unpack it on the way: gunzip -c <file> | varve import - --format tar --ref <name>' })
    }
    first = false
    if (parser.destroyed) return
    if (!parser.write(piece)) await Promise.race([new Promise<void>((resolve) => parser.once('drain', resolve)), closed])
  }
  if (first) throw new MalformedDataError('The tar file is empty')
  parser.end(null)
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
      const target = files.get(normalised(rawText(header.linkname ?? '', header.pax?.linkpath)))
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

/** The path of an entry, one character a byte, without `./` and slashes at the end; empty for the archive's own folder. */
function entryName(header: ReadHeader): string {
  return normalised(rawText(header.name, header.pax?.path))
}

function linkTarget(header: ReadHeader): Uint8Array {
  return bytesOf(rawText(header.linkname ?? '', header.pax?.linkpath))
}

/** One character a byte: names in pax headers come decoded from UTF-8, all others do not. */
function rawText(name: string, paxName: string | undefined): string {
  if (paxName === undefined || paxName === '') return name
  if (paxName.includes('\uFFFD')) throw new MalformedDataError(`The name "${paxName}" in the tar file is not UTF-8, though its header says so`, { data: { path: paxName }, hint: 'Make the archive anew with tar --format=gnu, which keeps names as they are.' })
  return Buffer.from(paxName, 'utf8').toString('latin1')
}

function normalised(name: string): string {
  const segments = name.split('/')
  if (name.startsWith('/') || segments.includes('..')) {
    const shown = displayPath(bytesOf(name))
    throw new UnsafePathError(`The tar file has an entry named ${shown}, which leads out of the dataset`, { data: { path: shown }, hint: 'Make the archive anew with relative names: tar -C <folder> -cf <file> .' })
  }
  return segments.filter((segment) => segment !== '' && segment !== '.').join('/')
}

function bytesOf(name: string): Uint8Array {
  return Buffer.from(name, 'latin1')
}

function isExecutable({ mode }: ReadHeader): boolean {
  return (mode & OWNER_MAY_EXECUTE) !== 0
}
