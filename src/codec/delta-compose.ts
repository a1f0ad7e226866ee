import { malformedDelta, readVarint, type VarintReader } from './delta-numbers.ts'
import { PIECE_FIELDS, pieceAt, type Pieces } from './pieces.ts'

/** Pieces shorter than this on average take longer to carry from link to link than the bytes would. */
const MIN_MEAN_PIECE_BYTES = 64
/** A few that are short do no harm. */
const SPARE_PIECES = 16
/** What the pieces of one block may keep in memory. */
const MAX_HELD_BYTES: number = 4 * 1024 * 1024

/**
 * The block of `size` bytes that instructions make of their source, as pieces of what the source is made of: through a chain of deltas that copy long stretches, no
 * version in between is ever put together. Instructions and source are held and must not change. Undefined where to put the source together first, and then apply the delta, costs
 * less time or memory.
 *
 * @throws MalformedDataError if an instruction reaches outside the source or the result, or the result is not filled exactly
 */
export function composeDelta(instructions: Uint8Array, sources: readonly Pieces[], size: number): Pieces | undefined {
  const maxPieces = Math.floor(size / MIN_MEAN_PIECE_BYTES) + SPARE_PIECES
  const writer = new PieceWriter(maxPieces)
  const literals = writer.addBuffer(instructions)
  const parts = sources.map((source) => ({ source, numbers: new Int32Array(source.buffers.length).fill(-1) }))
  const sourceSize = sources.reduce((sum, source) => sum + source.size, 0)
  const reader: VarintReader = { bytes: instructions, at: 0, end: instructions.length }
  const listSize = readVarint(reader)
  const listEnd = reader.at + listSize
  if (listEnd > reader.end) throw malformedDelta('its list of operations is cut off')
  // An operation takes three bytes or more, and mostly makes two pieces.
  if (listSize > maxPieces * 3) return undefined
  let literal = listEnd
  let sourceEnd = 0
  while (reader.at < listEnd) {
    const insert = readVarint(reader)
    if (insert > size - writer.filled || insert > reader.end - literal) throw malformedDelta('it inserts more than there is')
    if (insert > 0 && !writer.add(literals, literal, insert)) return undefined
    literal += insert
    if (reader.at === listEnd && insert > 0) break
    const copy = readVarint(reader)
    const zigzag = readVarint(reader)
    const from = sourceEnd + ((zigzag >>> 1) ^ -(zigzag & 1))
    if (copy === 0 || copy > size - writer.filled || from < 0 || copy > sourceSize - from) throw malformedDelta('it copies from outside its bases')
    sourceEnd = from + copy
    let start = 0
    for (const part of parts) {
      const first = Math.max(from, start)
      const last = Math.min(sourceEnd, start + part.source.size)
      if (first < last && !writer.copy(part, first - start, last - start)) return undefined
      start += part.source.size
    }
  }
  if (reader.at !== listEnd || writer.filled !== size || literal !== reader.end) throw malformedDelta('it does not give a block of its size')
  return writer.finish()
}

/** A source, and the numbers that its buffers have in the result, -1 for those that have none yet. */
interface Part {
  readonly source: Pieces
  readonly numbers: Int32Array
}

/** Kept between calls, as fresh memory has to be cleared first; at most some 200 KiB. */
let scratch = new Int32Array(0)

class PieceWriter {
  readonly #buffers: Uint8Array[] = []
  readonly #fields: Int32Array
  readonly #limit: number
  #used = 0
  #held = 0
  filled = 0

  constructor(maxPieces: number) {
    this.#limit = maxPieces * PIECE_FIELDS
    if (scratch.length < this.#limit) scratch = new Int32Array(this.#limit)
    this.#fields = scratch
  }

  addBuffer(buffer: Uint8Array): number {
    this.#held += buffer.length
    return this.#buffers.push(buffer) - 1
  }

  /** False if there is no place for it. */
  add(buffer: number, from: number, length: number): boolean {
    const fields = this.#fields
    const last = this.#used - PIECE_FIELDS
    const lastStart = last >= PIECE_FIELDS ? (fields[last - 1] as number) : 0
    this.filled += length
    // What was cut at one link may go on at the next.
    if (last >= 0 && fields[last] === buffer && (fields[last + 1] as number) + (fields[last + 2] as number) - lastStart === from) {
      fields[last + 2] = this.filled
      return true
    }
    if (this.#used === this.#limit) return false
    fields[this.#used++] = buffer
    fields[this.#used++] = from
    fields[this.#used++] = this.filled
    return true
  }

  /** False if there is no place for it. */
  copy({ source, numbers }: Part, from: number, end: number): boolean {
    const { fields, buffers } = source
    for (let piece = pieceAt(source, from), at = from; at < end; piece++) {
      const field = piece * PIECE_FIELDS
      const start = piece === 0 ? 0 : (fields[field - 1] as number)
      const pieceEnd = Math.min(end, fields[field + 2] as number)
      const buffer = fields[field] as number
      if (numbers[buffer] === -1) numbers[buffer] = this.addBuffer(buffers[buffer] as Uint8Array)
      if (this.#held > MAX_HELD_BYTES || !this.add(numbers[buffer] as number, (fields[field + 1] as number) + at - start, pieceEnd - at)) return false
      at = pieceEnd
    }
    return true
  }

  finish(): Pieces {
    return { size: this.filled, buffers: this.#buffers, fields: this.#fields.slice(0, this.#used) }
  }
}
