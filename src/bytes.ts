/** Orders byte strings as unsigned bytes, the shorter first where one is a prefix of the other. Returns < 0, 0 or > 0. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let index = 0; index < shared; index++) {
    const difference = (a[index] as number) - (b[index] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Digests and keys: to make two views of them takes longer than to compare them. */
const SHORT_LENGTH_BYTES = 64

/** True if both hold the same bytes. Not constant-time: nothing here is secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b || a.length !== b.length) return a === b
  if (a.length <= SHORT_LENGTH_BYTES) {
    for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
    return true
  }
  // Four at a time: blocks of a megabyte are compared here.
  const words = a.length & ~3
  const [left, right] = [new DataView(a.buffer, a.byteOffset, words), new DataView(b.buffer, b.byteOffset, words)]
  for (let at = 0; at < words; at += 4) if (left.getInt32(at) !== right.getInt32(at)) return false
  for (let at = words; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/** True if `bytes` begins with `prefix`. */
export function startsWithBytes(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false
  // A view of the beginning would cost more than to look at it.
  for (let at = 0; at < prefix.length; at++) if (bytes[at] !== prefix[at]) return false
  return true
}

/** Length of the longest common prefix, in bytes. */
export function sharedPrefixLength(a: Uint8Array, b: Uint8Array): number {
  const limit = Math.min(a.length, b.length)
  let length = 0
  while (length < limit && a[length] === b[length]) length++
  return length
}

/** One array with the contents of all parts, in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

const encoder = new TextEncoder()

/** UTF-8 bytes of well-formed text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}
