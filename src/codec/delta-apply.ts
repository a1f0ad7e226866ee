import { MalformedDataError } from '../errors.ts'

/**
 * Builds `size` bytes from a source by the instructions of a `DeltaScript`. The source comes in pieces, which count as one after the other. Allocates the result and
 * nothing else.
 * @throws MalformedDataError if an instruction reaches outside the source or the result, or the result is not filled exactly
 */
export function applyDelta(instructions: Uint8Array, sources: readonly Uint8Array[], size: number): Uint8Array {
  const result = new Uint8Array(size)
  const sourceSize = sources.reduce((sum, { length }) => sum + length, 0)
  const reader = { bytes: instructions, at: 0 }
  const listSize = readVarint(reader)
  const listEnd = reader.at + listSize
  if (listEnd > instructions.length) throw malformed('its list of operations is cut off')
  let literal = listEnd
  let filled = 0
  let sourceEnd = 0
  while (reader.at < listEnd) {
    const insert = readVarint(reader)
    if (insert > size - filled || insert > instructions.length - literal) throw malformed('it inserts more than there is')
    copyBytes(instructions, literal, insert, result, filled)
    literal += insert
    filled += insert
    if (reader.at === listEnd && insert > 0) break
    const copy = readVarint(reader)
    const zigzag = readVarint(reader)
    const from = sourceEnd + ((zigzag >>> 1) ^ -(zigzag & 1))
    if (copy === 0 || copy > size - filled || from < 0 || copy > sourceSize - from) throw malformed('it copies from outside its bases')
    copyPieces(sources, from, copy, result, filled)
    filled += copy
    sourceEnd = from + copy
  }
  if (reader.at !== listEnd || filled !== size || literal !== instructions.length) throw malformed('it does not give a block of its size')
  return result
}

/** Most pieces are a few bytes of a changed value: making a view of each costs more than copying it. */
const SHORT_PIECE_BYTES = 32

function copyBytes(from: Uint8Array, start: number, length: number, to: Uint8Array, at: number): void {
  if (length > SHORT_PIECE_BYTES) to.set(from.subarray(start, start + length), at)
  else for (let index = 0; index < length; index++) to[at + index] = from[start + index] as number
}

function copyPieces(sources: readonly Uint8Array[], from: number, length: number, result: Uint8Array, at: number): void {
  let start = from
  let left = length
  let to = at
  for (const source of sources) {
    if (start >= source.length) {
      start -= source.length
      continue
    }
    const count = Math.min(left, source.length - start)
    copyBytes(source, start, count, result, to)
    to += count
    left -= count
    start = 0
    if (left === 0) return
  }
}

/** Tells, in order, which bytes of the source the instructions of a delta copy. They must have been applied once: nothing is checked again. */
export function forEachCopy(instructions: Uint8Array, visit: (from: number, length: number) => void): void {
  const reader = { bytes: instructions, at: 0 }
  const listSize = readVarint(reader)
  const listEnd = reader.at + listSize
  let sourceEnd = 0
  while (reader.at < listEnd) {
    readVarint(reader)
    if (reader.at >= listEnd) return
    const copy = readVarint(reader)
    const zigzag = readVarint(reader)
    const from = sourceEnd + ((zigzag >>> 1) ^ -(zigzag & 1))
    visit(from, copy)
    sourceEnd = from + copy
  }
}

/** An unsigned number of at most 32 bits, seven a byte, lowest first. */
function readVarint(reader: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) break
    value += (byte & 127) * 2 ** shift
    // Each number has one form: a last byte of 0 adds nothing.
    if (byte < 128 && value <= 0xffffffff && (byte > 0 || shift === 0)) return value
    if (byte < 128) break
  }
  throw malformed('a number in it is cut off, too large or longer than it need be')
}

function malformed(reason: string): MalformedDataError {
  return new MalformedDataError(`A delta cannot be applied: ${reason}`)
}
