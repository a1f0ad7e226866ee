import { bodyParts } from '../../storage/body.ts'
import type { ObjectBody } from '../../storage/interface.ts'

/** Memory for whole pieces that was used before: to touch fresh memory takes as long as hashing what goes into it. */
export class PieceMemory {
  readonly #size: number
  readonly #most: number
  readonly #free: Uint8Array[] = []
  readonly #gathered = new WeakSet<ArrayBufferLike>()

  /** @param size of a piece, bytes @param most pieces that are kept */
  constructor(size: number, most: number) {
    this.#size = size
    this.#most = most
  }

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(0)
  }

  /** To be told of a piece of `bodyPieces` that nobody reads any more. Only what is whole and was gathered here is used again. */
  giveBack(piece: Uint8Array): void {
    if (piece.length === this.#size && this.#gathered.has(piece.buffer) && this.#free.length < this.#most) this.#free.push(piece)
  }

  /** Told of each whole piece that was gathered, as opposed to one that is somebody else's memory. */
  gathered(piece: Uint8Array): void {
    this.#gathered.add(piece.buffer)
  }
}

/**
 * A body in pieces of `size` bytes, but the last, which may be shorter; one empty piece of an empty body. Pieces of a body that comes whole are views of it, all others have memory of their
 * own, so that a producer may use its again.
 * @param memory where pieces are gathered; without it in fresh memory
 */
export async function* bodyPieces(body: ObjectBody, size: number, signal?: AbortSignal, memory: PieceMemory = new PieceMemory(size, 0)): AsyncGenerator<Uint8Array, void, undefined> {
  if (body instanceof Uint8Array) {
    signal?.throwIfAborted()
    for (let start = 0; start === 0 || start < body.length; start += size) yield body.subarray(start, start + size)
    return
  }
  let gathered = new Gathered(size, memory.take())
  let isFirst = true
  for await (const part of bodyParts(body, signal)) {
    for (let taken = 0; taken < part.length; ) {
      taken += gathered.take(part, taken)
      if (!gathered.isFull) continue
      const piece = gathered.bytes()
      // Before the producer or the consumer has its turn: what comes next goes into other memory.
      memory.gathered(piece)
      gathered = new Gathered(size, memory.take())
      isFirst = false
      yield piece
    }
  }
  if (isFirst || gathered.length > 0) yield gathered.bytes()
}

/** Memory for one piece, which grows with what is in it: most objects are small. */
class Gathered {
  readonly #size: number
  #bytes: Uint8Array
  length: number = 0

  constructor(size: number, bytes: Uint8Array) {
    this.#size = size
    this.#bytes = bytes
  }

  get isFull(): boolean {
    return this.length === this.#size
  }

  /** Copies what there is room for. Returns how many bytes that were. */
  take(part: Uint8Array, start: number): number {
    const count = Math.min(part.length - start, this.#size - this.length)
    if (this.length + count > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#size, Math.max(this.length + count, this.#bytes.length * 4)))
      larger.set(this.#bytes.subarray(0, this.length))
      this.#bytes = larger
    }
    this.#bytes.set(part.subarray(start, start + count), this.length)
    this.length += count
    return count
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }
}
