import { utf8 } from '../../bytes.ts'

/*
 * A file of one metric (FORMAT.md, section 13): a header, then three columns of doubles. Steps and times are differences, since those hardly
 * vary and so take next to no room once a block is compressed, and a running sum of integers below 2^53 is exact.
 */

export const SERIES_MAGIC: Uint8Array = utf8('VARVMETR')
export const SERIES_VERSION = 1
export const SERIES_HEADER_BYTES = 16
const DOUBLE_BYTES = 8
/** Of the three columns. */
export const POINT_BYTES: number = 3 * DOUBLE_BYTES

/** One NaN stands for all, so that equal logs give equal bytes. */
const NAN_HIGH = 0x7ff80000

export function seriesSize(points: number): number {
  return SERIES_HEADER_BYTES + points * POINT_BYTES
}

export function writeHeader(bytes: Uint8Array): void {
  bytes.set(SERIES_MAGIC)
  bytes[SERIES_MAGIC.length] = SERIES_VERSION
}

/** Little-endian. */
export function writeDouble(view: DataView, offset: number, value: number): void {
  if (!Number.isNaN(value)) return view.setFloat64(offset, value, true)
  view.setUint32(offset, 0, true)
  view.setUint32(offset + 4, NAN_HIGH, true)
}

/** True for a NaN that `writeDouble` never writes. */
export function isOtherNan(view: DataView, offset: number): boolean {
  return Number.isNaN(view.getFloat64(offset, true)) && (view.getUint32(offset, true) !== 0 || view.getUint32(offset + 4, true) !== NAN_HIGH)
}

/** True for what steps and times may be. */
export function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
