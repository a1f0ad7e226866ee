import { hash } from 'node:crypto'

const KIB = 1024

/** SHA-256 of content in pieces of the average chunk, and of a small file. @param {Uint8Array} content @returns {import('./rounds.mjs').Piece[]} */
export function hashingPieces(content) {
  return [256, 4].map((size) => ({ name: `hash, ${size} KiB at a time`, unit: 'bytes', amount: content.length, run: () => hashAll(content, size * KIB) }))
}

/** @param {Uint8Array} content @param {number} size */
function hashAll(content, size) {
  for (let offset = 0; offset < content.length; offset += size) hash('sha256', content.subarray(offset, offset + size), 'buffer')
}
