import { describe, expect, it } from 'vitest'
import { applyDelta } from '../../src/codec/delta-apply.ts'
import { composeDelta } from '../../src/codec/delta-compose.ts'
import { DeltaEncoder } from '../../src/codec/delta-encode.ts'
import { bytesOfPieces, joinPieces, PIECE_FIELDS, type Pieces, wholePiece } from '../../src/codec/pieces.ts'
import { concatBytes, utf8 } from '../../src/bytes.ts'
import { Random } from '../fuzz/random.ts'
import { randomBytes } from '../repository/random-bytes.ts'

const encoder = new DeltaEncoder()

/** Some stretches go, others come. */
function edited(bytes: Uint8Array, random: Random, edits: number): Uint8Array {
  let result = bytes
  for (let edit = 0; edit < edits; edit++) {
    const at = random.below(result.length)
    result = concatBytes([result.subarray(0, at), randomBytes(random.below(200), random.below(1_000_000)), result.subarray(at + random.below(100))])
  }
  return result
}

describe('a delta that is composed with those below it', () => {
  it('gives what applying one after the other gives, however long the chain and however the bases are split', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Random(seed)
      let version = randomBytes(60_000, seed)
      let pieces: Pieces[] = [wholePiece(version.subarray(0, 20_000)), wholePiece(version.subarray(20_000))]
      for (let link = 0; link < 20; link++) {
        const next = edited(version, random, 4)
        const middle = random.below(next.length)
        // Both halves are made from both halves of the version before.
        const halves = [next.subarray(0, middle), next.subarray(middle)].map((half) => {
          const { instructions } = encoder.encode(half, version)
          const composed = composeDelta(instructions, pieces, half.length) ?? wholePiece(applyDelta(instructions, pieces.map(bytesOfPieces), half.length))
          expect(Buffer.from(joinPieces(composed)).equals(half)).toBe(true)
          return composed
        })
        if (middle > 1000 && next.length - middle > 1000) expect(halves.some(({ buffers }) => buffers.length > 1)).toBe(true)
        version = next
        pieces = halves
      }
    }
  })

  it('says what goes on from piece to piece as one', () => {
    const source = randomBytes(10_000, 1)
    const longer = concatBytes([source.subarray(0, 5000), randomBytes(300, 2), source.subarray(5000)])
    const once = composeDelta(encoder.encode(longer, source).instructions, [wholePiece(source)], longer.length) as Pieces
    const twice = composeDelta(encoder.encode(source, longer).instructions, [once], source.length) as Pieces
    expect([once, twice].map(({ fields }) => fields.length / PIECE_FIELDS)).toEqual([3, 1])
    expect(joinPieces(twice)).toEqual(source)
  })

  it('is left to be applied where its pieces are many and short, or hold more memory than they are worth', () => {
    const rows = Array.from({ length: 2000 }, (_, row) => `${row * 7919},Afghanistan,2021-03-01`)
    const before = utf8(rows.map((row, index) => `${row},${index % 3}\n`).join(''))
    const after = utf8(rows.map((row, index) => `${row},${index % 7}\n`).join(''))
    expect(composeDelta(encoder.encode(after, before).instructions, [wholePiece(before)], after.length)).toBeUndefined()
    const target = randomBytes(100_000, 2)
    const { instructions } = encoder.encode(target, target)
    const padded = (size: number): Pieces => ({ ...wholePiece(target), buffers: [concatBytes([target, new Uint8Array(size)])] })
    expect(composeDelta(instructions, [padded(1_000_000)], target.length)).toBeDefined()
    expect(composeDelta(instructions, [padded(4_500_000)], target.length)).toBeUndefined()
  })

  it('refuses what applying it refuses, and nothing else', () => {
    const random = new Random(7)
    const source = randomBytes(3000, 3)
    const target = edited(source, random, 3)
    const { instructions } = encoder.encode(target, source)
    const sources = [wholePiece(source.subarray(0, 1000)), wholePiece(source.subarray(1000))]
    let refused = 0
    for (let round = 0; round < 3000; round++) {
      const altered = instructions.slice(0, instructions.length - (round % 5 === 0 ? 1 : 0))
      // What comes first says where things are copied from; the literals, which are most of it, may be anything.
      const at = random.below(round % 2 === 0 ? Math.min(20, altered.length) : altered.length)
      altered[at] = (altered[at] as number) ^ (1 << random.below(8))
      const outcome = (work: () => Uint8Array | undefined): string => {
        try {
          const bytes = work()
          return bytes === undefined ? 'left' : Buffer.from(bytes).toString('base64')
        } catch (error) {
          return (error as Error).message
        }
      }
      const applied = outcome(() => applyDelta(altered, [source], target.length))
      const composed = outcome(() => {
        const pieces = composeDelta(altered, sources, target.length)
        return pieces === undefined ? undefined : joinPieces(pieces)
      })
      if (applied.startsWith('A delta')) refused++
      if (composed !== 'left') expect(composed).toBe(applied)
    }
    expect(refused).toBeGreaterThan(500)
  })
})
