import { MalformedDataError } from '../errors.ts'
import { literalsSection } from './zstd-literals.ts'
import { type SequenceTables, sequencesSize } from './zstd-sequences.ts'

/** No block gives more (RFC 8878, section 3.1.1.2.4). */
const MAX_BLOCK_SIZE_BYTES: number = 128 * 1024
const MAGIC = 0xfd2fb528
const CHECKSUM_SIZE_BYTES = 4

/**
 * Finds out how many bytes a Zstandard frame gives (RFC 8878), without making them, and refuses all but one frame of exactly `size` bytes. For decoders that do
 * not look: fzstd 0.1.1 copies whatever lengths a block claims, and some 20 bytes can claim 13 GB.
 *
 * Costs a pass over the sequences; literals are not decoded. What the bytes are is for their hash to tell.
 * @throws MalformedDataError
 */
export function assertZstdFrame(bytes: Uint8Array, size: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = bytes[4] ?? 0xff
  // No dictionary: the decoder has none. The reserved bit is 0.
  if (bytes.length < 9 || view.getUint32(0, true) !== MAGIC || (flags & 0b1011) !== 0) throw unsound('it does not begin as one')
  const isSingleSegment = (flags & 0x20) !== 0
  const sizeField = flags >> 6
  let at = 5 + (isSingleSegment ? 0 : 1) + (sizeField === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeField)
  const tables: SequenceTables = {}
  let given = 0
  for (let isLast = false; !isLast; ) {
    if (at + 3 > bytes.length) throw unsound('it is cut off')
    const head = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
    isLast = (head & 1) === 1
    const type = (head >> 1) & 3
    const length = head >> 3
    const start = at + 3
    at = start + (type === 1 ? 1 : length)
    if (type === 3 || length > MAX_BLOCK_SIZE_BYTES || at > bytes.length) throw unsound('it has a block that cannot be')
    const blockSize = type === 2 ? compressedSize(bytes.subarray(start, at), tables) : length
    given += blockSize
    if (blockSize > MAX_BLOCK_SIZE_BYTES || given > size) throw unsound('it gives more bytes than it should')
  }
  if (given !== size) throw unsound(`it gives ${given} bytes instead of ${size}`)
  if (at + ((flags & 4) === 0 ? 0 : CHECKSUM_SIZE_BYTES) !== bytes.length) throw unsound('something comes after it, or is missing from its end')
}

/** Bytes that a compressed block gives: its literals, and what its sequences copy. */
function compressedSize(block: Uint8Array, tables: SequenceTables): number {
  const literals = literalsSection(block)
  if (literals.end >= block.length || literals.size > MAX_BLOCK_SIZE_BYTES) throw unsound('its literals reach beyond their block')
  return literals.size + sequencesSize(block.subarray(literals.end), literals.size, MAX_BLOCK_SIZE_BYTES, tables)
}

function unsound(why: string): MalformedDataError {
  return new MalformedDataError(`A Zstandard frame cannot be decompressed: ${why}`)
}
