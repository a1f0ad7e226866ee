import { MalformedDataError } from '../errors.ts'

/**
 * Builds `size` bytes from a source by the instructions that `encodeDelta` made. Allocates the result and nothing else.
 * @throws MalformedDataError if an instruction reaches outside the source or the result, or the result is not filled exactly
 */
export function applyDelta(instructions: Uint8Array, source: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size)
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
    result.set(instructions.subarray(literal, literal + insert), filled)
    literal += insert
    filled += insert
    if (reader.at === listEnd) break
    const copy = readVarint(reader)
    const zigzag = readVarint(reader)
    const from = sourceEnd + ((zigzag >>> 1) ^ -(zigzag & 1))
    if (copy > size - filled || from < 0 || copy > source.length - from) throw malformed('it copies from outside its bases')
    result.set(source.subarray(from, from + copy), filled)
    filled += copy
    sourceEnd = from + copy
  }
  if (reader.at !== listEnd || filled !== size || literal !== instructions.length) throw malformed('it does not give a block of its size')
  return result
}

/** An unsigned number of at most 32 bits, seven a byte, lowest first. */
function readVarint(reader: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) break
    value += (byte & 127) * 2 ** shift
    if (byte < 128 && value <= 0xffffffff) return value
    if (byte < 128) break
  }
  throw malformed('a number in it has no end')
}

function malformed(reason: string): MalformedDataError {
  return new MalformedDataError(`A delta cannot be applied: ${reason}`)
}
