/**
 * The middle value, or the mean of the two in the middle.
 * @param {readonly number[]} values at least one
 * @returns {number}
 */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted.length >> 1
  const high = sorted[upper]
  return sorted.length % 2 === 1 ? high : (high + sorted[upper - 1]) / 2
}
