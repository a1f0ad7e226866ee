/** What a block says of its literals: how many there are, and where the sequences begin. */
export interface LiteralsSection {
  readonly size: number
  readonly end: number
}

const RAW = 0
const RLE = 1

/** Reads the header of the literals of a compressed block (RFC 8878, section 3.1.1.3.1). Where bytes are missing, `end` lies beyond the block. */
export function literalsSection(block: Uint8Array): LiteralsSection {
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = block
  const type = a & 3
  const format = (a >> 2) & 3
  if (type === RAW || type === RLE) {
    const headerSize = format === 1 ? 2 : format === 3 ? 3 : 1
    const size = headerSize === 1 ? a >> 3 : headerSize === 2 ? (a >> 4) | (b << 4) : (a >> 4) | (b << 4) | (c << 12)
    return { size, end: headerSize + (type === RAW ? size : 1) }
  }
  // Two sizes of 10, 10, 14 or 18 bits each follow four bits of type and format.
  const bits = format < 2 ? 10 : format === 2 ? 14 : 18
  const headerSize = format < 2 ? 3 : format === 2 ? 4 : 5
  const number = a + b * 2 ** 8 + c * 2 ** 16 + (headerSize > 3 ? d * 2 ** 24 : 0) + (headerSize > 4 ? e * 2 ** 32 : 0)
  const size = Math.floor(number / 16) % 2 ** bits
  return { size, end: headerSize + (Math.floor(number / 2 ** (4 + bits)) % 2 ** bits) }
}
