import { expect, test } from 'vitest'
import { concatBytes, equalBytes } from '../../../src/bytes.ts'
import { bodyPieces, PieceMemory } from '../../../src/remote/s3/body-pieces.ts'
import { refilled } from '../../../src/storage/conformance-bodies.ts'
import { patternBytes } from '../../../src/storage/conformance-trial.ts'
import type { ObjectBody } from '../../../src/storage/interface.ts'

async function piecesOf(body: ObjectBody): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of bodyPieces(body, 1000)) pieces.push(piece)
  return pieces
}

test.each([[[]], [[0]], [[0, 0]], [[1]], [[1000]], [[999, 1]], [[2000]], [[3, 2500, 0, 497]], [[3001]], [Array<number>(30).fill(77)]])('parts of %j bytes come in pieces of a thousand, whatever memory they are in', async (sizes) => {
  const parts = sizes.map((size, index) => patternBytes(size, index))
  const whole = concatBytes(parts)
  const expected = Math.max(1, Math.ceil(whole.length / 1000))
  for (const body of [whole, parts, refilled(parts.length === 0 ? [new Uint8Array(0)] : parts)]) {
    const pieces = await piecesOf(body)
    expect(pieces.map(({ length }) => length)).toEqual(Array.from({ length: expected }, (_, index) => (index === expected - 1 ? whole.length - 1000 * index : 1000)))
    expect(equalBytes(concatBytes(pieces), whole)).toBe(true)
  }
})

test('a body that comes whole is not copied', async () => {
  const whole = patternBytes(2500, 1)
  for (const piece of await piecesOf(whole)) expect(piece.buffer).toBe(whole.buffer)
})

test('whole pieces that are given back are used again, with what is new in them, and nothing else is', async () => {
  const memory = new PieceMemory(1000, 2)
  const used = new Set<ArrayBufferLike>()
  for (let round = 0; round < 20; round++) {
    const expected = patternBytes(1700, round)
    const pieces: Uint8Array[] = []
    for await (const piece of bodyPieces([expected.slice(0, 333), expected.slice(333)], 1000, undefined, memory)) pieces.push(piece)
    expect(equalBytes(concatBytes(pieces), expected)).toBe(true)
    for (const piece of pieces) {
      if (piece.length === 1000) used.add(piece.buffer)
      memory.giveBack(piece)
    }
  }
  expect(used.size).toBeLessThan(4)
  const foreign = patternBytes(1000, 1)
  memory.giveBack(foreign)
  expect(memory.take().buffer === foreign.buffer).toBe(false)
})
