import { compareDigestAt } from './index-format.ts'

/**
 * The first of `count` rows, sorted by the digests that they begin with, whose digest is not less; `count` if there is none. Digests lie evenly, so the place is
 * guessed and is mostly a few rows off: steps that double from there touch less memory than halving does. Rows that lie otherwise cost twice the steps of halving at most.
 */
export function digestAtOrAfter(rows: Uint8Array, count: number, rowSize: number, digest: Uint8Array): number {
  if (count === 0) return 0
  let low = 0
  let high = count
  const guess = guessRow(rows, count, rowSize, digest)
  if (compareDigestAt(rows, guess * rowSize, digest) < 0) {
    low = guess + 1
    for (let step = 1; low + step <= count; step *= 2) {
      const row = low + step - 1
      if (compareDigestAt(rows, row * rowSize, digest) >= 0) {
        high = row
        break
      }
      low = row + 1
    }
  } else {
    high = guess
    for (let step = 1; high - step >= 0; step *= 2) {
      const row = high - step
      if (compareDigestAt(rows, row * rowSize, digest) < 0) {
        low = row + 1
        break
      }
      high = row
    }
  }
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareDigestAt(rows, middle * rowSize, digest) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function guessRow(rows: Uint8Array, count: number, rowSize: number, digest: Uint8Array): number {
  const first = leading(rows, 0)
  const span = leading(rows, (count - 1) * rowSize) - first
  const share = span > 0 ? (leading(digest, 0) - first) / span : 0
  return Math.min(count - 1, Math.max(0, Math.floor(share * (count - 1))))
}

/** The first four bytes as a number. */
function leading(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) * 2 ** 24) + (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
}
