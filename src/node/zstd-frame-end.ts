const MAGIC = 0xfd2fb528
const CHECKSUM_SIZE_BYTES = 4

/**
 * Whether these bytes are one Zstandard frame (RFC 8878), as far as its headers tell: a decoder that takes all of it without an error is at its end, and ready for the next. What is in
 * its blocks is not looked at (`cid/zstd-frame.ts` does that).
 */
export function isOneFrame(bytes: Uint8Array): boolean {
  const flags = bytes[4] ?? 0
  if (bytes.length < 9 || new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) !== MAGIC || (flags & 0b1011) !== 0) return false
  const isSingleSegment = (flags & 0x20) !== 0
  const sizeField = flags >> 6
  let at = 5 + (isSingleSegment ? 0 : 1) + (sizeField === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeField)
  for (let isLast = false; !isLast; ) {
    if (at + 3 > bytes.length) return false
    const head = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
    isLast = (head & 1) === 1
    at += 3 + (((head >> 1) & 3) === 1 ? 1 : head >> 3)
  }
  return at + ((flags & 4) === 0 ? 0 : CHECKSUM_SIZE_BYTES) === bytes.length
}
