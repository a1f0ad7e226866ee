import { median } from '../macro/median.mjs'

/**
 * @typedef {object} Piece
 * @property {string} name
 * @property {'bytes' | 'entries'} unit
 * @property {number} amount done by one call, in that unit
 * @property {() => unknown} run may be asynchronous
 */

/**
 * Median seconds of each piece. Every round runs all of them, so that what a shared machine does to one it does to all; one more round before
 * lets the compiler do its work.
 * @param {readonly Piece[]} pieces
 * @param {number} rounds
 * @returns {Promise<number[]>} in the order of the pieces
 */
export async function timePieces(pieces, rounds) {
  /** @type {number[][]} */
  const seconds = pieces.map(() => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, piece] of pieces.entries()) {
      const start = performance.now()
      await piece.run()
      if (round >= 0) seconds[index].push((performance.now() - start) / 1000)
    }
  }
  return seconds.map(median)
}
