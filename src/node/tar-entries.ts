import { extract, type Header } from 'tar-stream'
import { InvalidArgumentError, MalformedDataError, VarveError } from '../errors.ts'
import type { AnyIterable } from '../types.ts'

/** What tar-stream tells of an entry; its declared type lacks some of it. */
export interface ReadHeader extends Omit<Header, 'type' | 'linkname' | 'pax'> {
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

export interface TarEntry {
  readonly header: ReadHeader
  readonly content: AsyncIterable<Uint8Array>
}

const BLOCK_SIZE_BYTES = 512
const GZIP_MAGIC = [0x1f, 0x8b]

/**
 * Entries of a tar file as it streams by, each with its content, which must be read before the next is asked for, or never.
 * @throws MalformedDataError for what the parser cannot read, and at the end if the blocks of zeros are missing that end a tar file; errors of the source stay what they are
 */
export async function* tarEntries(source: AnyIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  // Latin-1 keeps every byte of a name that is not in a pax header.
  const parser = extract({ filenameEncoding: 'latin1' } as Parameters<typeof extract>[0])
  let sourceError: unknown
  let entriesEnd = 0
  const tail = new Tail()
  const fed = feed(parser, source, tail).catch((error: unknown) => {
    sourceError = error
    parser.destroy(error instanceof Error ? error : new Error(String(error)))
  })
  const explained = (error: unknown): unknown => sourceError ?? (error instanceof VarveError ? error : unreadable(error))
  async function* contentOf(entry: ParsedEntry): AsyncGenerator<Uint8Array> {
    // A folder may state a size and never has content; the parser would wait for it for ever.
    if (entry.header.type === 'directory') return
    try {
      yield* entry
    } catch (error) {
      throw explained(error)
    }
  }
  try {
    for await (const entry of parser as AsyncIterable<ParsedEntry>) {
      const { byteOffset, size, type } = entry.header
      entriesEnd = byteOffset + (type === 'directory' ? 0 : roundedUp(size))
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
  if (!tail.endsAfter(entriesEnd)) {
    throw new MalformedDataError('The tar file is cut off: it does not end with a block of zeros', { data: { bytes: tail.total, entriesEnd }, hint: 'Get a whole copy.' })
  }
}

/** Watches how the bytes of a tar file end. */
class Tail {
  /** Bytes that have passed by. */
  total = 0
  #zerosFrom = 0

  add(piece: Uint8Array): void {
    let last = piece.length - 1
    while (last >= 0 && piece[last] === 0) last--
    if (last >= 0) this.#zerosFrom = this.total + last + 1
    this.total += piece.length
  }

  /**
   * True if the end is marked. POSIX wants two blocks of zeros; some writers leave it at one, which counts if it comes right after the last entry.
   * Otherwise headers come between, and one block of zeros can be the end of a long name.
   */
  endsAfter(entriesEnd: number): boolean {
    const from = roundedUp(this.#zerosFrom)
    return from <= entriesEnd ? this.total >= entriesEnd + BLOCK_SIZE_BYTES : this.total >= from + 2 * BLOCK_SIZE_BYTES
  }
}

function roundedUp(size: number): number {
  return Math.ceil(size / BLOCK_SIZE_BYTES) * BLOCK_SIZE_BYTES
}

function unreadable(error: unknown): MalformedDataError {
  const why = error instanceof Error ? error.message : String(error)
  return new MalformedDataError(`The tar file cannot be read: ${why}`, { cause: error, hint: 'It is damaged, cut off, or no tar file; get a sound copy.' })
}

async function feed(parser: ReturnType<typeof extract>, source: AnyIterable<Uint8Array>, tail: Tail): Promise<void> {
  // Not `once` of node:events, which also rejects: what went wrong in the parser is told to whoever reads its entries.
  const closed = new Promise<void>((resolve) => parser.once('close', resolve))
  for await (const piece of source) {
    if (tail.total === 0 && GZIP_MAGIC.every((byte, index) => piece[index] === byte)) {
      throw new InvalidArgumentError('The file is compressed with gzip', { hint: 'Unpack it on the way: gunzip -c <file> | varve import - --format tar --ref <name>' })
    }
    tail.add(piece)
    if (parser.destroyed) return
    if (!parser.write(piece)) await Promise.race([new Promise<void>((resolve) => parser.once('drain', resolve)), closed])
  }
  if (tail.total === 0) throw new MalformedDataError('The tar file is empty')
  parser.end(null)
}
