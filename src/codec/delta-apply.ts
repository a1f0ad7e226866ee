import { equalBytes } from '../bytes.ts'
import { malformedDelta, readVarint, type VarintReader } from './delta-numbers.ts'

/**
 * Where a block is put together: its bases, the instructions and the block itself in one array, since `copyWithin` needs no views, and a view for each of
 * many short copies costs more than the copy. Kept between calls: fresh memory is several times slower. At most some 11 MiB, by the limits of the format.
 */
let scratch = new Uint8Array(0)

/** Copying so few bytes one by one is faster than a call. */
const SHORT_PIECE_BYTES = 16

/**
 * Builds `size` bytes from a source by the instructions of a `DeltaScript`. The source comes in pieces, which count as one after the other. Allocates the result and
 * nothing else.
 * @throws MalformedDataError if an instruction reaches outside the source or the result, or the result is not filled exactly
 */
export function applyDelta(instructions: Uint8Array, sources: readonly Uint8Array[], size: number): Uint8Array {
  return assemble(instructions, sources, size).slice()
}

/** Whether that is `expected`. Allocates nothing. @throws MalformedDataError as `applyDelta` does */
export function givesBack(instructions: Uint8Array, sources: readonly Uint8Array[], expected: Uint8Array): boolean {
  return equalBytes(assemble(instructions, sources, expected.length), expected)
}

/** A view of memory that the next call uses again. */
function assemble(instructions: Uint8Array, sources: readonly Uint8Array[], size: number): Uint8Array {
  const sourceSize = sources.reduce((sum, { length }) => sum + length, 0)
  const needed = sourceSize + instructions.length + size
  if (scratch.length < needed) scratch = new Uint8Array(Math.max(needed, scratch.length * 2))
  const memory = scratch
  let start = 0
  for (const source of sources) {
    memory.set(source, start)
    start += source.length
  }
  memory.set(instructions, sourceSize)
  const reader: VarintReader = { bytes: memory, at: sourceSize, end: sourceSize + instructions.length }
  const listSize = readVarint(reader)
  const listEnd = reader.at + listSize
  const literalsEnd = reader.end
  if (listEnd > literalsEnd) throw malformedDelta('its list of operations is cut off')
  const begin = literalsEnd
  const end = begin + size
  let literal = listEnd
  let filled = begin
  let sourceEnd = 0
  while (reader.at < listEnd) {
    const insert = readVarint(reader)
    if (insert > end - filled || insert > literalsEnd - literal) throw malformedDelta('it inserts more than there is')
    if (insert > SHORT_PIECE_BYTES) memory.copyWithin(filled, literal, literal + insert)
    else for (let index = 0; index < insert; index++) memory[filled + index] = memory[literal + index] as number
    literal += insert
    filled += insert
    if (reader.at === listEnd && insert > 0) break
    const copy = readVarint(reader)
    const zigzag = readVarint(reader)
    const from = sourceEnd + ((zigzag >>> 1) ^ -(zigzag & 1))
    if (copy === 0 || copy > end - filled || from < 0 || copy > sourceSize - from) throw malformedDelta('it copies from outside its bases')
    if (copy > SHORT_PIECE_BYTES) memory.copyWithin(filled, from, from + copy)
    else for (let index = 0; index < copy; index++) memory[filled + index] = memory[from + index] as number
    filled += copy
    sourceEnd = from + copy
  }
  if (reader.at !== listEnd || filled !== end || literal !== literalsEnd) throw malformedDelta('it does not give a block of its size')
  return memory.subarray(begin, end)
}

/** Tells, in order, which bytes of the source the instructions of a delta copy. They must have been applied once: nothing is checked again. */
export function forEachCopy(instructions: Uint8Array, visit: (from: number, length: number) => void): void {
  const reader: VarintReader = { bytes: instructions, at: 0, end: instructions.length }
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
