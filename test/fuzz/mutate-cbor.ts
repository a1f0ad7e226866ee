import { concatBytes } from '../../src/bytes.ts'
import type { Random } from './random.ts'

/** An item of dag-cbor: where its head is, where what belongs to the head ends, and where the item ends with all that is in it. */
interface Item {
  readonly start: number
  readonly headEnd: number
  readonly end: number
  readonly major: number
}

const LENGTHS: readonly bigint[] = [0n, 1n, 2n, 3n, 8n, 9n, 23n, 24n, 255n, 256n, 1000n, 65535n, 65536n, 2n ** 20n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n]

/** All items of a block, outer ones first. Stops where the bytes are none: what is not dag-cbor has fewer items, or none. */
function itemsOf(bytes: Uint8Array): Item[] {
  const items: Item[] = []
  const read = (start: number, depth: number): number => {
    const head = bytes[start]
    if (head === undefined || depth > 64) return -1
    const major = head >> 5
    const info = head & 31
    const extra = info < 24 ? 0 : info < 28 ? 1 << (info - 24) : -1
    if (extra < 0) return -1
    let value = info
    if (extra > 0) value = bytes.subarray(start + 1, start + 1 + extra).reduce((sum, byte) => sum * 256 + byte, 0)
    const headEnd = start + 1 + extra
    const place = items.push({ start, headEnd, end: headEnd, major }) - 1
    let end = headEnd
    if (major === 2 || major === 3) end += value
    const inside = major === 4 ? value : major === 5 ? value * 2 : major === 6 ? 1 : 0
    for (let index = 0; index < inside; index++) {
      end = read(end, depth + 1)
      if (end < 0) return -1
    }
    if (end > bytes.length) return -1
    items[place] = { start, headEnd, end, major }
    return end
  }
  read(0, 0)
  return items.filter(({ end, headEnd }) => end >= headEnd)
}

/** The head of a major type with a number, in as many bytes as it needs, or in more. */
function head(random: Random, major: number, value: bigint): Uint8Array {
  const needed = value < 24n ? 0 : value < 256n ? 1 : value < 65536n ? 2 : value < 2n ** 32n ? 4 : 8
  const width = random.chance(0.1) ? 8 : needed
  const bytes = new Uint8Array(1 + width)
  bytes[0] = (major << 5) | (width === 0 ? Number(value) : 24 + Math.log2(width))
  for (let index = 0; index < width; index++) bytes[width - index] = Number((value >> BigInt(8 * index)) & 0xffn)
  return bytes
}

function replaced(bytes: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array {
  return concatBytes([bytes.subarray(0, start), by, bytes.subarray(end)])
}

/** A block with a head or an item of it changed in a way that still looks like dag-cbor. */
export function mutateCbor(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const items = itemsOf(bytes)
  if (items.length === 0) return bytes.slice()
  const item = random.pick(items)
  const { start, headEnd, end, major } = item
  switch (random.below(9)) {
    case 0: // Another length or number, often far too large.
      return replaced(bytes, start, headEnd, head(random, major, random.pick(LENGTHS)))
    case 1: // Another type.
      return replaced(bytes, start, headEnd, head(random, random.below(8), BigInt(random.below(30))))
    case 2: // An item for another.
      return replaced(bytes, start, end, sliceOf(bytes, random.pick(items)))
    case 3: {
      const others = itemsOf(other)
      return others.length === 0 ? bytes.slice() : replaced(bytes, start, end, sliceOf(other, random.pick(others)))
    }
    case 4: // An item twice, with no more room for it.
      return replaced(bytes, end, end, bytes.subarray(start, end))
    case 5: // An array or map that is one longer, with an item more in it.
      return major === 4 ? replaced(replaced(bytes, end, end, sliceOf(bytes, random.pick(items))), start, headEnd, head(random, 4, BigInt(items.length % 30))) : replaced(bytes, start, end, Uint8Array.of(0xf6))
    case 6: // Deeper.
      return replaced(bytes, start, start, new Uint8Array(1 + random.below(20)).fill(0x81))
    case 7: // One of the values that are seldom seen.
      return replaced(bytes, start, end, random.pick(SELDOM))
    default: // Text and bytes that are other, and as long.
      return headEnd === end ? bytes.slice() : replaced(bytes, headEnd, end, random.bytes(end - headEnd))
  }
}

function sliceOf(bytes: Uint8Array, { start, end }: Item): Uint8Array {
  return bytes.subarray(start, end)
}

/** Null, booleans, undefined, floats, -1, 2^64 - 1, -2^64, empty things, `{"__proto__": 1}`, `{"/": 1}`, `{"valueOf": 1, "toString": null}`, a link of another kind. */
const SELDOM: readonly Uint8Array[] = [
  [0xf6], [0xf4], [0xf5], [0xf7], [0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], [0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], [0xfb, 0x80, 0, 0, 0, 0, 0, 0, 0], [0xf9, 0x3c, 0], [0x20],
  [0x1b, 255, 255, 255, 255, 255, 255, 255, 255], [0x3b, 255, 255, 255, 255, 255, 255, 255, 255], [0x40], [0x60], [0x80], [0xa0],
  [0xa1, 0x69, ...new TextEncoder().encode('__proto__'), 1], [0xa1, 0x61, 0x2f, 1], [0xa2, 0x67, ...new TextEncoder().encode('valueOf'), 1, 0x68, ...new TextEncoder().encode('toString'), 0xf6], [0xd8, 42, 0x45, 0, 1, 0x55, 0, 0], [0x62, 0xc3, 0x28], [0x63, 0xed, 0xa0, 0x80], [0x9f, 0xff], [0x5f, 0xff],
].map((bytes) => Uint8Array.from(bytes))
