import { equalBytes, startsWithBytes } from '../bytes.ts'
import { asArray, asBytes, asCid, asCount } from '../codec/shape.ts'
import { InvalidArgumentError, MalformedDataError } from '../errors.ts'
import type { ManifestValue, ValueCodec } from './interface.ts'
import { assertPathKey, displayPath, pathFromKey } from './path.ts'

/** Longest target of a symbolic link, in bytes. */
const MAX_LINK_TARGET_LENGTH_BYTES = 4096

const FILE = 0
const EXECUTABLE = 1
const SYMLINK = 2
const DIRECTORY = 3
const FILE_CODES = { file: FILE, executable: EXECUTABLE } as const

/** Tag 42 (2 bytes), head of a byte string (2), the multibase prefix 0x00, and a CID of 36 bytes. */
const ENCODED_CID_LENGTH_BYTES = 41

/** How manifests keep their values (FORMAT.md, section 5), and what they demand of paths. */
export const manifestCodec: ValueCodec<ManifestValue> = {
  encode: encodeValue,
  decode: decodeValue,
  weigh: weighValue,
  equals: manifestValuesEqual,
  checkKey: assertPathKey,
  checkNeighbours: assertNotInside,
}

/** Whether two paths hold the same. */
export function manifestValuesEqual(a: ManifestValue, b: ManifestValue): boolean {
  if (a.kind !== b.kind) return false
  if (a.kind === 'symlink') return b.kind === 'symlink' && equalBytes(a.target, b.target)
  if (a.kind === 'directory' || b.kind === 'directory' || b.kind === 'symlink') return true
  return a.size === b.size && a.cid.equals(b.cid)
}

/**
 * Checks a value that a caller made.
 * @throws InvalidArgumentError
 */
export function assertManifestValue(value: ManifestValue, path: Uint8Array): void {
  try {
    decodeValue(encodeValue(value))
  } catch (cause) {
    throw new InvalidArgumentError(`The value for ${displayPath(path)} cannot stand in a manifest: ${(cause as Error).message}`, { cause })
  }
}

function encodeValue(value: ManifestValue): unknown {
  if (value.kind === 'directory') return [DIRECTORY]
  if (value.kind === 'symlink') return [SYMLINK, value.target]
  return [FILE_CODES[value.kind], value.size, value.cid]
}

function decodeValue(value: unknown): ManifestValue {
  const fields = asArray(value, 'The value of a path')
  switch (fields[0]) {
    case FILE:
    case EXECUTABLE: {
      asArray(fields, 'The value of a file', 3)
      return { kind: fields[0] === FILE ? 'file' : 'executable', size: asCount(fields[1], 'The size of a file'), cid: asCid(fields[2], 'The content of a file') }
    }
    case SYMLINK: {
      const target = asBytes(asArray(fields, 'The value of a link', 2)[1], 'The target of a link', MAX_LINK_TARGET_LENGTH_BYTES)
      if (target.length === 0) throw new MalformedDataError('The target of a link is empty')
      return { kind: 'symlink', target }
    }
    case DIRECTORY:
      asArray(fields, 'The value of an empty folder', 1)
      return { kind: 'directory' }
    default:
      throw new MalformedDataError('The value of a path is of no known kind')
  }
}

function weighValue(value: ManifestValue): number {
  if (value.kind === 'directory') return 2
  if (value.kind === 'symlink') return 2 + headLength(value.target.length) + value.target.length
  return 2 + headLength(value.size) + ENCODED_CID_LENGTH_BYTES
}

/** Bytes that dag-cbor takes for an integer, or for the head of a string of that length. */
function headLength(value: number): number {
  if (value < 24) return 1
  if (value < 2 ** 8) return 2
  if (value < 2 ** 16) return 3
  return value < 2 ** 32 ? 5 : 9
}

/** Keys of a folder follow right behind the folder's own key, so looking at neighbours finds every entry that would be file and folder at once. */
function assertNotInside(previous: Uint8Array, next: Uint8Array): void {
  if (next.length > previous.length && next[previous.length] === 0 && startsWithBytes(next, previous)) {
    const path = displayPath(pathFromKey(previous))
    throw new MalformedDataError(`${path} cannot be an entry and a folder that holds ${displayPath(pathFromKey(next))}`, { data: { path } })
  }
}
