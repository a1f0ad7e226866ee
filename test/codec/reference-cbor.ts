import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'

const MAX_DEPTH = 16

/**
 * What canonical dag-cbor is, said by the published implementation: what it decodes and encodes to the same bytes again. Undefined for anything else.
 * It drops a byte order mark at the beginning of text, so text that has one is refused here and must not be compared.
 */
export function referenceDecode(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    if (!isShallow(bytes)) return undefined
    const value: unknown = dagCbor.decode(bytes)
    return Buffer.compare(dagCbor.encode(unshared(value)), bytes) === 0 ? { value } : undefined
  } catch {
    return undefined
  }
}

/**
 * The value with byte strings of their own. The published decoder gives one array for all empty ones, and its encoder takes a map whose `/` and `bytes` are one thing for a CID: of what it
 * decoded from `a2612f4065627974657340`, it makes a link.
 */
function unshared(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice()
  if (Array.isArray(value)) return value.map(unshared)
  if (typeof value !== 'object' || value === null || value instanceof CID) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unshared(item)]))
}

export function referenceEncode(value: unknown): Uint8Array {
  return dagCbor.encode(value)
}

/** Walks the heads of items alone; false if arrays, maps and tags that are not empty lie in one another too deep. */
function isShallow(bytes: Uint8Array): boolean {
  const open: number[] = []
  let offset = 0
  while (offset < bytes.length) {
    const head = bytes[offset] as number
    const major = head >> 5
    const info = head & 31
    const extra = info < 24 ? 0 : info < 28 ? 1 << (info - 24) : -1
    if (extra < 0) return false
    let argument = info < 24 ? info : 0
    for (let index = 1; index <= extra; index++) argument = argument * 256 + (bytes[offset + index] ?? 0)
    offset += 1 + extra
    if (major === 2 || major === 3) offset += argument
    const children = major === 4 ? argument : major === 5 ? argument * 2 : major === 6 ? 1 : 0
    if (children > 0) {
      open.push(children)
      if (open.length > MAX_DEPTH) return false
      continue
    }
    while (open.length > 0) {
      const left = (open.at(-1) as number) - 1
      open[open.length - 1] = left
      if (left > 0) break
      open.pop()
    }
  }
  return true
}
