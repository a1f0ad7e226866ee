import { randomBytes } from './random-bytes.ts'

/** Bytes that a compressor makes a third of, and the same in every run. */
export function textBytes(length: number, seed: number): Uint8Array {
  return randomBytes(length, seed).map((byte) => 97 + (byte % 6))
}

/** The bytes with some of them replaced: `edits` places, each of up to 40 bytes, as `seed` says. */
export function edited(bytes: Uint8Array, edits: number, seed: number): Uint8Array {
  const places = new DataView(randomBytes(edits * 4, seed).buffer)
  const pieces: Uint8Array[] = []
  const starts = Array.from({ length: edits }, (_, edit) => places.getUint32(edit * 4) % bytes.length).sort((a, b) => a - b)
  let end = 0
  for (const [edit, start] of starts.entries()) {
    if (start < end) continue
    pieces.push(bytes.subarray(end, start), textBytes(1 + (edit % 40), seed + edit))
    end = Math.min(bytes.length, start + (edit % 23))
  }
  pieces.push(bytes.subarray(end))
  const result = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    result.set(piece, at)
    at += piece.length
  }
  return result
}
