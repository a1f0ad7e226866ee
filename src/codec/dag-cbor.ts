import { MalformedDataError } from '../errors.ts'
import { type CborInput, endCbor, openCbor, readItem } from './cbor-decoder.ts'
import { CborEncoder } from './cbor-encoder.ts'

/** Largest dag-cbor block that is read, in bytes. */
export const MAX_NODE_SIZE_BYTES: number = 1024 * 1024

/**
 * Canonical dag-cbor (https://ipld.io/specs/codecs/dag-cbor/spec/). Equal values give equal bytes.
 * @throws InvalidArgumentError for a value that dag-cbor has no form for
 */
export function encodeCbor(value: unknown): Uint8Array {
  return new CborEncoder().encode(value)
}

/**
 * Reads canonical dag-cbor and nothing else: whatever does not encode to the same bytes again is refused, which covers long
 * forms of numbers, unsorted or repeated map keys, text that is not UTF-8, and bytes left over. What is returned shares no memory with `bytes`.
 *
 * @throws MalformedDataError also for input that is too large or nested too deep
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  return readBlock(bytes, (input) => readItem(input, 0))
}

/**
 * Reads a block whose shape is known, so that what holds its items need not be made. `read` takes exactly one item, with all that is in it.
 * @throws MalformedDataError also for input that is too large or that `read` leaves a part of
 */
export function readBlock<T>(bytes: Uint8Array, read: (input: CborInput) => T): T {
  if (bytes.length > MAX_NODE_SIZE_BYTES) throw new MalformedDataError(`A block of ${bytes.length} bytes is larger than any node may be`)
  const input = openCbor(bytes)
  const value = read(input)
  endCbor(input)
  return value
}
