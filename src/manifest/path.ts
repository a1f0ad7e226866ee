import { MalformedDataError, UnsafePathError } from '../errors.ts'
import { MAX_KEY_LENGTH_BYTES } from './node.ts'
import { displayPath, pathToText } from './path-text.ts'

export { displayPath, pathFromText, pathToText } from './path-text.ts'

/** Most segments of a path. */
const MAX_PATH_SEGMENTS = 512
/** Longest segment of a path, in bytes. */
const MAX_SEGMENT_LENGTH_BYTES = 255

const SLASH = 0x2f
const DOT = 0x2e
const NUL = 0

/**
 * Checks a path against the rules of manifests (FORMAT.md, section 5).
 * @throws UnsafePathError if it could lead out of a folder: a segment that is empty, `.` or `..`, or holds NUL
 * @throws MalformedDataError if it, a segment of it, or the number of segments is too long
 */
export function assertPath(path: Uint8Array): void {
  assertSegments(path, SLASH, NUL)
}

/** The same check for a path in the form of a key. */
export function assertPathKey(key: Uint8Array): void {
  assertSegments(key, NUL, SLASH)
}

/**
 * The key of a path: `/` becomes 0x00, so that a folder is one range of keys.
 * @throws what `assertPath` throws
 */
export function keyFromPath(path: Uint8Array): Uint8Array {
  assertPath(path)
  return replaceByte(path, SLASH, NUL)
}

/** Inverse of `keyFromPath`, for keys that have been checked. */
export function pathFromKey(key: Uint8Array): Uint8Array {
  return replaceByte(key, NUL, SLASH)
}

function replaceByte(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const result = new Uint8Array(bytes)
  for (let index = 0; index < result.length; index++) if (result[index] === from) result[index] = to
  return result
}

function assertSegments(bytes: Uint8Array, separator: number, foreign: number): void {
  if (bytes.length === 0) throw new MalformedDataError('A path is empty')
  if (bytes.length > MAX_KEY_LENGTH_BYTES) throw malformed(bytes, `is longer than ${MAX_KEY_LENGTH_BYTES} bytes`)
  let segments = 0
  let start = 0
  for (let index = 0; index <= bytes.length; index++) {
    const byte = index === bytes.length ? separator : (bytes[index] as number)
    if (byte === foreign) throw unsafe(bytes, 'has a segment with a separator in it')
    if (byte !== separator) continue
    const length = index - start
    if (length === 0) throw unsafe(bytes, 'has an empty segment')
    if (length <= 2 && bytes[start] === DOT && bytes[index - 1] === DOT) throw unsafe(bytes, `has a segment "${length === 1 ? '.' : '..'}"`)
    if (length > MAX_SEGMENT_LENGTH_BYTES) throw malformed(bytes, `has a segment longer than ${MAX_SEGMENT_LENGTH_BYTES} bytes`)
    segments++
    start = index + 1
  }
  if (segments > MAX_PATH_SEGMENTS) throw malformed(bytes, `has more than ${MAX_PATH_SEGMENTS} segments`)
}

function unsafe(bytes: Uint8Array, why: string): UnsafePathError {
  return new UnsafePathError(`The path ${displayPath(bytes)} ${why}`, { data: { path: pathToText(bytes) } })
}

function malformed(bytes: Uint8Array, why: string): MalformedDataError {
  return new MalformedDataError(`The path ${displayPath(bytes)} ${why}`, { data: { path: pathToText(bytes) } })
}
