import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { CorruptObjectError } from '../../errors.ts'
import type { DvcHash } from './dvc-file.ts'
import { unreadable } from './read-bounded.ts'

/** DVC makes line ends LF in pieces of this size: a pair that two pieces share stays. */
const PIECE_BYTES = 1024 * 1024
/** What DVC looks at to tell text from other files. */
const TEXT_SAMPLE_BYTES = 512
/** Text has at most this share of bytes that are neither printable ASCII nor white space. */
const MOST_NON_TEXT_SHARE = 0.3
const [BACKSPACE, TAB, LF, FORM_FEED, CR] = [0x08, 0x09, 0x0a, 0x0c, 0x0d]

export interface Expected {
  readonly md5: string
  readonly hash: DvcHash
  /** In the dataset. */
  readonly name: string
}

/**
 * A file of a cache, in pieces of 1 MiB, hashed on the way.
 * @throws CorruptObjectError at the end if it does not have its MD5; @throws StorageError if it cannot be read
 */
export async function* checkedContent(path: string, { md5, hash, name }: Expected): AsyncGenerator<Uint8Array, void, undefined> {
  const plain = createHash('md5')
  let withoutCr: Hash | undefined
  let isFirst = true
  for await (const piece of piecesOf(path)) {
    plain.update(piece)
    if (isFirst && hash === 'md5-dos2unix' && isText(piece.subarray(0, TEXT_SAMPLE_BYTES))) withoutCr = createHash('md5')
    withoutCr?.update(withLineFeeds(piece))
    isFirst = false
    yield piece
  }
  if (plain.digest('hex') !== md5 && withoutCr?.digest('hex') !== md5) throw damaged(path, name)
}

export function damaged(path: string, name: string): CorruptObjectError {
  return new CorruptObjectError(`${path}, the content of ${name}, is damaged: its MD5 is not its name`, { data: { path: name, file: path }, hint: 'Delete that file and run `dvc fetch`, then import again.' })
}

/** Each but the last is full, however little the system gives at a time. The memory of a piece is used again for the next. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const piece = new Uint8Array(PIECE_BYTES)
    for (;;) {
      let length = 0
      while (length < PIECE_BYTES) {
        const { bytesRead } = await file.read(piece, length, PIECE_BYTES - length)
        if (bytesRead === 0) break
        length += bytesRead
      }
      if (length > 0) yield piece.subarray(0, length)
      if (length < PIECE_BYTES) return
    }
  } catch (cause) {
    throw cause instanceof Error && 'syscall' in cause ? unreadable(path, cause) : cause
  } finally {
    await file?.close()
  }
}

function isText(sample: Uint8Array): boolean {
  let others = 0
  for (const byte of sample) {
    if (byte === 0) return false
    const isTextByte = (byte >= 0x20 && byte < 0x7f) || byte === LF || byte === CR || byte === TAB || byte === FORM_FEED || byte === BACKSPACE
    if (!isTextByte) others++
  }
  return others <= sample.length * MOST_NON_TEXT_SHARE
}

/** CR LF becomes LF. */
function withLineFeeds(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === CR && bytes[at + 1] === LF) continue
    result[length++] = bytes[at] as number
  }
  return result.subarray(0, length)
}
