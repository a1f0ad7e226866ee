import { RequestFailure } from './request-failure.ts'

/** Memory that is taken on the word of a server alone. */
const TRUSTED_SIZE_BYTES: number = 64 * 1024 * 1024

export interface BodyBounds {
  /** How many bytes the body must have, if the server said so. */
  readonly expected: number | undefined
  /** More than that is refused. */
  readonly most: number
  /** Called with the size of each piece that arrives. */
  readonly onBytes: (count: number) => void
  /** Memory that the result may begin in, if it is as large as what is expected. */
  readonly into?: Uint8Array | undefined
}

/**
 * All of a body in memory of its own, or of who asks. What the server says of its size is held against what arrives, and never trusted with more than 64 MiB of memory.
 * @throws RequestFailure if it is shorter or longer than `expected`, or longer than `most`; whatever `body` throws
 */
export async function readBody(body: AsyncIterable<Uint8Array>, { expected, most, onBytes, into }: BodyBounds): Promise<Uint8Array> {
  if (expected !== undefined && expected > most) throw tooLarge(expected, most)
  let bytes = expected !== undefined && into !== undefined && expected <= into.length ? into.subarray(0, expected) : new Uint8Array(Math.min(expected ?? 0, TRUSTED_SIZE_BYTES))
  let size = 0
  for await (const piece of body) {
    onBytes(piece.length)
    if (size + piece.length > most) throw tooLarge(size + piece.length, most)
    if (size + piece.length > bytes.length) bytes = grown(bytes, size, size + piece.length, Math.min(expected ?? most, most))
    bytes.set(piece, size)
    size += piece.length
  }
  if (expected !== undefined && size !== expected) {
    throw new RequestFailure({ reason: 'ETRUNCATED', what: `the answer has ${size} bytes instead of ${expected}`, again: 'soon', hint: 'Something between here and the server cuts answers; run the same command again.' })
  }
  return size === bytes.length ? bytes : bytes.slice(0, size)
}

function grown(bytes: Uint8Array, size: number, needed: number, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, Math.min(most, bytes.length * 2)))
  larger.set(bytes.subarray(0, size))
  return larger
}

function tooLarge(size: number, most: number): RequestFailure {
  return new RequestFailure({ reason: 'ETOOLARGE', what: `the answer has ${size} bytes or more, of which at most ${most} were asked for`, again: 'few', hint: 'Check that the address is that of a repository; do not use a server that answers like this.' })
}
