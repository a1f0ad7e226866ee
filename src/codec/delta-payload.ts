import { concatBytes } from '../bytes.ts'
import type { Platform } from '../cid/interface.ts'
import { MalformedDataError } from '../errors.ts'
import { decompressBlock, DELTA_CODEC } from './block-compression.ts'
import { applyDelta, givesBack } from './delta-apply.ts'

/** Bases of one delta at most. */
export const MAX_DELTA_BASES = 8
const DIGEST_SIZE_BYTES = 32
const FIXED_SIZE_BYTES = 3
const LENGTH_SIZE_BYTES = 4

/** What the payload of a delta block says (FORMAT.md, section 7). */
export interface DeltaPayload {
  /** Deltas that have to be undone to read the block: 1 if its bases stand by themselves. A hint for writers. */
  readonly depth: number
  /** Digests of the blocks whose bytes, one after the other, are the source. */
  readonly bases: readonly Uint8Array[]
  /** Storage codec of the instructions. */
  readonly encoding: number
  /** Bytes of the instructions once decompressed. */
  readonly instructionsSize: number
  readonly instructions: Uint8Array
}

export function encodeDeltaPayload({ depth, bases, encoding, instructionsSize, instructions }: DeltaPayload): Uint8Array {
  const length = new Uint8Array(LENGTH_SIZE_BYTES)
  new DataView(length.buffer).setUint32(0, instructionsSize, true)
  return concatBytes([Uint8Array.of(depth, bases.length, encoding), ...bases, length, instructions])
}

/** Digests and instructions are views. @throws MalformedDataError for what no writer makes of a block of `size` bytes */
export function decodeDeltaPayload(payload: Uint8Array, size: number): DeltaPayload {
  const [depth = 0, count = 0, encoding = DELTA_CODEC] = payload
  const lengthAt = FIXED_SIZE_BYTES + count * DIGEST_SIZE_BYTES
  if (depth === 0 || count === 0 || count > MAX_DELTA_BASES || encoding === DELTA_CODEC || payload.length < lengthAt + LENGTH_SIZE_BYTES) {
    throw new MalformedDataError('The payload of a delta block is malformed')
  }
  const bases = Array.from({ length: count }, (_, base) => payload.subarray(FIXED_SIZE_BYTES + base * DIGEST_SIZE_BYTES, FIXED_SIZE_BYTES + (base + 1) * DIGEST_SIZE_BYTES))
  const instructionsSize = new DataView(payload.buffer, payload.byteOffset + lengthAt, LENGTH_SIZE_BYTES).getUint32(0, true)
  // A writer that would need more stores the block by itself.
  if (instructionsSize > 2 * size || payload.length >= size) throw new MalformedDataError('A delta is longer than what it describes')
  return { depth, bases, encoding, instructionsSize, instructions: payload.subarray(lengthAt + LENGTH_SIZE_BYTES) }
}

/** The instructions as they are applied. @throws MalformedDataError if they cannot be decompressed */
export function plainInstructions(platform: Platform, { encoding, instructions, instructionsSize }: DeltaPayload): Uint8Array {
  const plain = decompressBlock(platform, encoding, instructions, instructionsSize)
  // Views of a plain array are several times cheaper than those of a subclass, which Node's zlib returns.
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.length)
}

/** The block of `size` bytes that a delta makes of its bases. @throws MalformedDataError if it makes none */
export function undoDelta(platform: Platform, payload: DeltaPayload, bases: readonly Uint8Array[], size: number): Uint8Array {
  return applyDelta(plainInstructions(platform, payload), bases, size)
}

/** Whether a delta makes this block of its bases. @throws MalformedDataError if it makes none */
export function undoesTo(platform: Platform, payload: DeltaPayload, bases: readonly Uint8Array[], block: Uint8Array): boolean {
  return givesBack(plainInstructions(platform, payload), bases, block)
}
