/** Copying so few bytes one by one is faster than a call. */
const SHORT_PIECE_BYTES = 16

/** Bytes that are described as parts of others, and copied together when they are needed. */
export interface Pieces {
  readonly size: number
  /** What the pieces are parts of: they must not change. */
  readonly buffers: readonly Uint8Array[]
  /** Of each piece: the number of its buffer, where in that it begins, and where in the whole it ends. */
  readonly fields: Int32Array
}

export const PIECE_FIELDS = 3

/** Bytes as the one piece that they are. */
export function wholePiece(bytes: Uint8Array): Pieces {
  return { size: bytes.length, buffers: [bytes], fields: Int32Array.of(0, 0, bytes.length) }
}

/** Bytes that must not be changed: where there is one buffer, that itself. */
export function bytesOfPieces(pieces: Pieces): Uint8Array {
  const { buffers: [only], fields, size } = pieces
  return fields.length === PIECE_FIELDS && only?.length === size ? only : joinPieces(pieces)
}

/** Copies the pieces into an array of their own. */
export function joinPieces({ size, buffers, fields }: Pieces): Uint8Array {
  const joined = new Uint8Array(size)
  let filled = 0
  for (let at = 0; at < fields.length; at += PIECE_FIELDS) {
    const buffer = buffers[fields[at] as number] as Uint8Array
    const from = fields[at + 1] as number
    const end = fields[at + 2] as number
    if (end - filled > SHORT_PIECE_BYTES) joined.set(buffer.subarray(from, from + end - filled), filled)
    else for (let to = filled, next = from; to < end; to++, next++) joined[to] = buffer[next] as number
    filled = end
  }
  return joined
}

/** The number of the piece in which the byte `at` is. */
export function pieceAt({ fields }: Pieces, at: number): number {
  let low = 0
  for (let high = fields.length / PIECE_FIELDS - 1; low < high; ) {
    const middle = (low + high) >>> 1
    if ((fields[middle * PIECE_FIELDS + 2] as number) <= at) low = middle + 1
    else high = middle
  }
  return low
}
