import { InvalidArgumentError } from '../errors.ts'
import type { ByteRange } from './interface.ts'

/**
 * Refuses a range that no object could have: both ends are integers, `0 <= start <= end`. An end past the object is fine.
 * @throws InvalidArgumentError
 */
export function assertRange(range: ByteRange): void {
  const { start, end } = range
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end) return
  throw new InvalidArgumentError(`${start} to ${end} is not a range of bytes`, {
    data: { start, end },
    hint: 'Give integers with 0 <= start <= end; the end is exclusive.',
  })
}

/** The part of `range` that an object of `size` bytes has; the whole object without a range. */
export function clampRange(range: ByteRange | undefined, size: number): ByteRange {
  if (range === undefined) return { start: 0, end: size }
  return { start: Math.min(range.start, size), end: Math.min(range.end, size) }
}
