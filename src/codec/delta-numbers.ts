import { MalformedDataError } from '../errors.ts'

export interface VarintReader {
  readonly bytes: Uint8Array
  at: number
  readonly end: number
}

/** An unsigned number of at most 32 bits, seven a byte, lowest first. @throws MalformedDataError if it is cut off or not in its shortest form */
export function readVarint(reader: VarintReader): number {
  const { bytes, end } = reader
  // Nearly all have one byte or two.
  const first = reader.at < end ? (bytes[reader.at] as number) : 128
  if (first < 128) {
    reader.at++
    return first
  }
  let value = 0
  for (let shift = 0; shift < 35 && reader.at < end; shift += 7) {
    const byte = bytes[reader.at++] as number
    value += (byte & 127) * 2 ** shift
    // Each number has one form: a last byte of 0 adds nothing.
    if (byte < 128 && value <= 0xffffffff && byte > 0) return value
    if (byte < 128) break
  }
  throw malformedDelta('a number in it is cut off, too large or longer than it need be')
}

export function malformedDelta(reason: string): MalformedDataError {
  return new MalformedDataError(`A delta cannot be applied: ${reason}`)
}
