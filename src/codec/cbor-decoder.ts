import { Digest } from 'multiformats/hashes/digest'
import { equalBytes } from '../bytes.ts'
import { CID, CID_SIZE_BYTES, DAG_CBOR_CODE, DIGEST_SIZE_BYTES, RAW_CODE } from '../cid/cid.ts'
import { MalformedDataError } from '../errors.ts'

/** Deepest nesting of arrays, maps and links that is read. What varve writes needs 5. */
const MAX_CBOR_DEPTH = 16
const CID_TAG = 42
const BYTES = 2
const TEXT = 3
const ARRAY = 4
/** CIDs are views of copies of so much of a block: a view is quicker to make than a copy, and whoever keeps one CID keeps no more than this alive. */
const WINDOW_SIZE_BYTES = 4096
/** Up to this length, text that is ASCII is quicker read without a decoder. */
const SHORT_TEXT_LENGTH_BYTES = 32
const SMALL_ARRAY_LENGTH = 8

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A block that is being read, and how far. Plain functions over a plain object: a command reads most of its blocks before they are compiled, and a class with
 * private methods took twice as long then.
 */
export interface CborInput {
  readonly bytes: Uint8Array
  at: number
  /** A copy of the block from `windowStart` on, of which CIDs are views. */
  window: Uint8Array<ArrayBuffer>
  windowStart: number
}

/** Begins to read a block. Whoever does reads one item with all that is in it, and then calls `endCbor`. */
export function openCbor(bytes: Uint8Array): CborInput {
  // A Buffer, as Node's files give them, would make `slice` a view.
  return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0, window: new Uint8Array(0), windowStart: 0 }
}

/** @throws MalformedDataError if bytes are left over */
export function endCbor(input: CborInput): void {
  if (input.at !== input.bytes.length) throw malformed(input, 'bytes are left over')
}

/** Reads the head of an array. @returns the number of its items, which follow; @throws MalformedDataError if something else follows */
export function readArrayHead(input: CborInput): number {
  const head = readHead(input)
  if (head >> 5 !== ARRAY) throw new MalformedDataError(`There is no array at byte ${input.at - 1}, where one was due`)
  return readCount(input, head & 31, 1)
}

/** Reads the head of a byte string. @returns its length; its bytes begin at `input.at`, and the caller moves on; @throws MalformedDataError if something else follows */
export function readBytesHead(input: CborInput): number {
  const head = readHead(input)
  if (head >> 5 !== BYTES) throw new MalformedDataError(`There is no byte string at byte ${input.at - 1}, where one was due`)
  return readCount(input, head & 31, 1)
}

/** A number below 24, which is its own head; undefined, and nothing is read, if something else follows. */
export function readSmall(input: CborInput): number | undefined {
  const head = input.bytes[input.at]
  if (head === undefined || head > 23) return undefined
  input.at++
  return head
}

/**
 * Reads an item with all that is in it, and refuses each byte that the encoder would not have written, so that nothing needs to be encoded again to know that it is
 * canonical. Never allocates more than a small multiple of the input, whatever lengths that claims. What is returned shares no memory with the input.
 *
 * @param depth arrays, maps and links around the item
 * @throws MalformedDataError
 */
export function readItem(input: CborInput, depth: number): unknown {
  const head = readHead(input)
  const info = head & 31
  switch (head >> 5) {
    case 0:
      return info < 24 ? info : readUnsigned(input, info)
    case 1:
      return readNegative(input, info)
    case BYTES:
      return readBytes(input, info)
    case TEXT:
      return readText(input, info)
    case ARRAY:
      return readArray(input, info, depth)
    case 5:
      return readMap(input, info, depth)
    case 6:
      return readLink(input, info, depth)
    default:
      return readSimple(input, info)
  }
}

function readHead(input: CborInput): number {
  const head = input.bytes[input.at++]
  if (head === undefined) throw malformed(input, 'it ends in the middle of a value')
  return head
}

/** The number in or behind a head; from 2^53 on it is not exact. */
function readArgument(input: CborInput, info: number): number {
  if (info < 24) return info
  const { bytes, at } = input
  const size = info < 28 ? 1 << (info - 24) : 0
  if (size === 0) throw malformed(input, 'lengths must be definite')
  const end = at + size
  if (end > bytes.length) throw malformed(input, 'it ends in the middle of a value')
  input.at = end
  let value = 0
  for (let index = at; index < end; index++) value = value * 256 + (bytes[index] as number)
  // The least that needs so many bytes: 24, then 2^8, 2^16 and 2^32.
  if (value < (size === 1 ? 24 : 2 ** (size * 4))) throw malformed(input, 'a number takes more bytes than it needs')
  return value
}

/** A number of bytes or items that are still to come; each takes at least `size` bytes. */
function readCount(input: CborInput, info: number, size: number): number {
  const count = readArgument(input, info)
  if (count * size > input.bytes.length - input.at) throw malformed(input, 'a length reaches beyond the end')
  return count
}

function readUnsigned(input: CborInput, info: number): number | bigint {
  const value = readArgument(input, info)
  return value <= Number.MAX_SAFE_INTEGER ? value : lastEight(input).getBigUint64(0)
}

function readNegative(input: CborInput, info: number): number | bigint {
  const value = readArgument(input, info)
  return value < Number.MAX_SAFE_INTEGER ? -1 - value : -1n - lastEight(input).getBigUint64(0)
}

/** The 8 bytes that were just read. */
function lastEight({ bytes, at }: CborInput): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + at - 8, 8)
}

function readBytes(input: CborInput, info: number): Uint8Array {
  const length = info < 24 ? info : readCount(input, info, 1)
  const start = input.at
  input.at = start + length
  if (input.at > input.bytes.length) throw malformed(input, 'a length reaches beyond the end')
  return input.bytes.slice(start, start + length)
}

function readText(input: CborInput, info: number): string {
  const length = readCount(input, info, 1)
  const start = input.at
  const end = start + length
  input.at = end
  if (length < SHORT_TEXT_LENGTH_BYTES) {
    let text = ''
    let index = start
    for (; index < end; index++) {
      const code = input.bytes[index] as number
      if (code > 127) break
      text += String.fromCharCode(code)
    }
    if (index === end) return text
  }
  try {
    return textDecoder.decode(input.bytes.slice(start, end))
  } catch (cause) {
    throw malformed(input, 'text is not UTF-8', cause)
  }
}

function readArray(input: CborInput, info: number, depth: number): unknown[] {
  const count = readCount(input, info, 1)
  if (count > 0) assertDepth(depth)
  // Exact room for the many small arrays; a long one grows as its items come, so that no length is believed before.
  const items: unknown[] = count <= SMALL_ARRAY_LENGTH ? Array<unknown>(count) : []
  for (let index = 0; index < count; index++) items[index] = readItem(input, depth + 1)
  return items
}

function readMap(input: CborInput, info: number, depth: number): object {
  const count = readCount(input, info, 2)
  if (count > 0) assertDepth(depth)
  const map: Record<string, unknown> = {}
  let previousStart = 0
  let previousEnd = 0
  for (let index = 0; index < count; index++) {
    const start = input.at
    const head = readHead(input)
    if (head >> 5 !== TEXT) throw malformed(input, 'a map key is not text')
    const key = readText(input, head & 31)
    const end = input.at
    if (index > 0 && !rises(input.bytes, previousStart, previousEnd, start, end)) throw malformed(input, 'map keys are out of order, or one is there twice')
    previousStart = start
    previousEnd = end
    const value = readItem(input, depth + 1)
    // An assignment would set the prototype instead.
    if (key === '__proto__') Object.defineProperty(map, key, { value, configurable: true, enumerable: true, writable: true })
    else map[key] = value
  }
  // Such a map is a CID to multiformats, and could not be written.
  if (map['/'] !== undefined && map['/'] !== null && map['/'] === map['bytes']) throw malformed(input, 'a map passes itself off as a CID')
  return map
}

/** Whether one key with its head comes before another: the shorter one first, and else in the order of their bytes. */
function rises(bytes: Uint8Array, aStart: number, aEnd: number, bStart: number, bEnd: number): boolean {
  const length = aEnd - aStart
  if (length !== bEnd - bStart) return length < bEnd - bStart
  for (let index = 0; index < length; index++) {
    const difference = (bytes[aStart + index] as number) - (bytes[bStart + index] as number)
    if (difference !== 0) return difference < 0
  }
  return false
}

function readLink(input: CborInput, info: number, depth: number): CID {
  if (readArgument(input, info) !== CID_TAG) throw malformed(input, 'only the tag of links is allowed')
  assertDepth(depth)
  const length = readBytesHead(input)
  const start = input.at + 1
  const end = input.at + length
  if (length === 0 || input.bytes[start - 1] !== 0) throw malformed(input, 'a link does not begin with a zero byte')
  input.at = end
  return (end - start === CID_SIZE_BYTES ? ownCid(input, start) : undefined) ?? foreignCid(input, start, end)
}

/** A CID of the kinds that varve writes, put together without parsing. */
function ownCid(input: CborInput, start: number): CID | undefined {
  const { bytes } = input
  const code = bytes[start + 1]
  const hash = bytes[start + 2]
  if (bytes[start] !== 1 || (code !== RAW_CODE && code !== DAG_CBOR_CODE) || (hash !== 0x12 && hash !== 0x1e) || bytes[start + 3] !== DIGEST_SIZE_BYTES) return undefined
  let at = start - input.windowStart
  if (at + CID_SIZE_BYTES > input.window.length) {
    input.window = new Uint8Array(bytes.slice(start, start + WINDOW_SIZE_BYTES).buffer)
    input.windowStart = start
    at = 0
  }
  const { buffer } = input.window
  const multihash = new Uint8Array(buffer, at + 2, DIGEST_SIZE_BYTES + 2)
  return new CID(1, code, new Digest(hash, DIGEST_SIZE_BYTES, new Uint8Array(buffer, at + 4, DIGEST_SIZE_BYTES), multihash), new Uint8Array(buffer, at, CID_SIZE_BYTES))
}

function foreignCid(input: CborInput, start: number, end: number): CID {
  const bytes = input.bytes.slice(start, end)
  try {
    const cid = CID.decode(bytes)
    if (equalBytes(cid.bytes, bytes)) return cid
  } catch (cause) {
    throw malformed(input, 'a link is not a CID', cause)
  }
  throw malformed(input, 'a link is not a CID in its shortest form')
}

function readSimple(input: CborInput, info: number): boolean | number | null {
  if (info === 20 || info === 21) return info === 21
  if (info === 22) return null
  if (info !== 27) throw malformed(input, 'a simple value or a short float is not allowed')
  input.at += 8
  if (input.at > input.bytes.length) throw malformed(input, 'it ends in the middle of a value')
  const value = lastEight(input).getFloat64(0)
  if (!Number.isFinite(value) || Number.isSafeInteger(value)) throw malformed(input, 'a float is an integer, or not finite')
  return value
}

function assertDepth(depth: number): void {
  if (depth >= MAX_CBOR_DEPTH) throw new MalformedDataError(`Nested deeper than ${MAX_CBOR_DEPTH} levels`)
}

function malformed(input: CborInput, why: string, cause?: unknown): MalformedDataError {
  return new MalformedDataError(`Not canonical dag-cbor: ${why} (at byte ${input.at})`, { cause })
}
