import { concatBytes, equalBytes } from '../bytes.ts'
import type { Hasher } from '../cid/interface.ts'
import { CorruptObjectError } from '../errors.ts'

/** Packs and index files begin with a file header and end in tables and a footer that hashes both (FORMAT.md, section 7). */
export const FILE_HEADER_SIZE_BYTES = 16
export const FOOTER_SIZE_BYTES = 64

const COUNTS_SIZE_BYTES = 16
const MAGIC = 0x4c494154_56524156n // "VARVTAIL", little-endian

/** The footer over a file header and the tables before it; `counts` are the 16 bytes that say how long those are. */
export function encodeFooter(hasher: Hasher, fileHeader: Uint8Array, tables: readonly Uint8Array[], counts: Uint8Array): Uint8Array {
  const footer = new Uint8Array(FOOTER_SIZE_BYTES)
  footer.set(counts, 0)
  footer.set(hasher.digest(concatBytes([fileHeader, ...tables, counts])), COUNTS_SIZE_BYTES)
  new DataView(footer.buffer).setBigUint64(56, MAGIC, true)
  return footer
}

/** The counts of a footer, not yet trusted. @throws CorruptObjectError if this is no footer */
export function readFooterCounts(key: string, footer: Uint8Array): DataView {
  const view = new DataView(footer.buffer, footer.byteOffset, footer.byteLength)
  if (footer.length !== FOOTER_SIZE_BYTES || view.getBigUint64(56, true) !== MAGIC || view.getBigUint64(48, true) !== 0n) {
    throw new CorruptObjectError(`${key} is truncated or damaged: its footer is missing`, { data: { key } })
  }
  return new DataView(footer.buffer, footer.byteOffset, COUNTS_SIZE_BYTES)
}

/** The hash that a footer states; the name by which a root record pins an index file. */
export function footerDigest(footer: Uint8Array): Uint8Array {
  return footer.slice(COUNTS_SIZE_BYTES, COUNTS_SIZE_BYTES + 32)
}

/** @throws CorruptObjectError if the header or the tables are not what the footer hashes */
export function assertTail(hasher: Hasher, key: string, fileHeader: Uint8Array, tables: Uint8Array, footer: Uint8Array): void {
  const expected = hasher.digest(concatBytes([fileHeader, tables, footer.subarray(0, COUNTS_SIZE_BYTES)]))
  if (!equalBytes(expected, footerDigest(footer))) throw new CorruptObjectError(`${key} is damaged: its tables do not match their checksum`, { data: { key } })
}
