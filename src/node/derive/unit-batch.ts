/** So many units have their inputs written, and their outputs stored, at a time: what that costs by itself is then little for each, and what waits takes up little room. */
export const BATCH_UNITS = 256

/** A batch ends before it is full when its inputs make so many bytes. */
export const BATCH_BYTES: number = 256 * 2 ** 20

/** The name of a unit's folder in its batch: three digits, so that names have the order of numbers. */
export function folderInBatch(index: number): string {
  return String(index).padStart(3, '0')
}
