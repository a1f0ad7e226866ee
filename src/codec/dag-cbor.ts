import * as dagCbor from '@ipld/dag-cbor'
import { equalBytes } from '../bytes.ts'
import { MalformedDataError } from '../errors.ts'

/** Deepest nesting of arrays and maps that is read. What varve writes needs 5. */
const MAX_CBOR_DEPTH = 16
/** Largest dag-cbor block that is read, in bytes. */
export const MAX_NODE_SIZE_BYTES: number = 1024 * 1024

/** Canonical dag-cbor (https://ipld.io/specs/codecs/dag-cbor/spec/). Equal values give equal bytes. */
export function encodeCbor(value: unknown): Uint8Array {
  return dagCbor.encode(value)
}

/**
 * Reads canonical dag-cbor and nothing else: whatever does not encode to the same bytes again is refused, which covers long
 * forms of numbers, unsorted or repeated map keys, keys that JavaScript objects cannot hold, and bytes left over.
 *
 * @throws MalformedDataError also for input that is too large or nested too deep
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_NODE_SIZE_BYTES) throw new MalformedDataError(`A block of ${bytes.length} bytes is larger than any node may be`)
  assertDepth(bytes)
  let value: unknown
  try {
    value = dagCbor.decode(bytes)
  } catch (cause) {
    throw new MalformedDataError(`Not dag-cbor: ${(cause as Error).message}`, { cause })
  }
  if (!equalBytes(encodeCbor(value), bytes)) throw new MalformedDataError('Not canonical dag-cbor: encoding it again gives other bytes')
  return value
}

/** Walks the item heads alone, so that hostile nesting is refused before the decoder recurses into it. */
function assertDepth(bytes: Uint8Array): void {
  const open: number[] = []
  let offset = 0
  while (offset < bytes.length) {
    const head = bytes[offset] as number
    const major = head >> 5
    const info = head & 31
    const extra = info < 24 ? 0 : info < 28 ? 1 << (info - 24) : -1
    if (extra < 0) throw new MalformedDataError('Not dag-cbor: lengths must be definite')
    let argument = info < 24 ? info : 0
    for (let index = 1; index <= extra; index++) argument = argument * 256 + (bytes[offset + index] ?? 0)
    offset += 1 + extra
    if (major === 2 || major === 3) offset += argument
    const children = major === 4 ? argument : major === 5 ? argument * 2 : major === 6 ? 1 : 0
    if (children > 0) {
      open.push(children)
      if (open.length > MAX_CBOR_DEPTH) throw new MalformedDataError(`Nested deeper than ${MAX_CBOR_DEPTH} levels`)
      continue
    }
    while (open.length > 0) {
      const left = (open.at(-1) as number) - 1
      if (left > 0) {
        open[open.length - 1] = left
        break
      }
      open.pop()
    }
  }
}
