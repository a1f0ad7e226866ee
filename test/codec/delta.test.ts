import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../../src/bytes.ts'
import { squeeze } from '../../src/codec/block-compression.ts'
import { applyDelta } from '../../src/codec/delta-apply.ts'
import { type DeltaCandidates, DeltaEncoder } from '../../src/codec/delta-encode.ts'
import { decodeDeltaPayload, encodeDeltaPayload, undoDelta, undoesTo } from '../../src/codec/delta-payload.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { randomBytes } from '../repository/random-bytes.ts'

const MALFORMED: unknown = expect.objectContaining({ code: 'MALFORMED_DATA' })
const encoder = new DeltaEncoder()

/** A table of which each row tells its number. */
function table(rows: readonly number[]): Uint8Array {
  return utf8(rows.map((row) => `2021-03-${row % 28},Afghanistan,${row * 7919},${row * 31},${row}\n`).join(''))
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

function roundTrip(target: Uint8Array, sources: readonly Uint8Array[], candidates: DeltaCandidates = 1): Uint8Array {
  const { instructions } = encoder.encode(target, encoder.joined(sources), candidates)
  expect(Buffer.from(applyDelta(instructions, sources, target.length)).equals(target)).toBe(true)
  return instructions
}

describe('a delta', () => {
  it('gives the block back, whatever block and source are, and however the source is split', () => {
    const letters = fc.array(fc.constantFrom(...utf8('ab,\n')), { maxLength: 3000, size: 'max' }).map((list) => Uint8Array.from(list))
    const bytes = fc.oneof(letters, fc.uint8Array({ maxLength: 3000, size: 'max' }))
    fc.assert(fc.property(bytes, fc.array(bytes, { minLength: 1, maxLength: 8 }), fc.constantFrom<DeltaCandidates>(1, 4), (target, sources, candidates) => {
      roundTrip(target, sources, candidates)
    }), { numRuns: 100 })
  })

  it.each<[DeltaCandidates, number]>([
    [4, 2],
    // Blocks that share a slot hide each other from a search that looks at one: two in five, so that twenty in a row are one in 10^8.
    [1, 20],
  ])('of a block that was edited in many places is right, and says little: %i candidates', (candidates, hidden) => {
    const edit = fc.record({ at: fc.nat(60_000), remove: fc.nat(300), insert: fc.uint8Array({ maxLength: 80, size: 'max' }) })
    const source = table(numbers(0, 1500))
    fc.assert(fc.property(fc.array(edit, { maxLength: 12, size: 'max' }), (edits) => {
      let target = source
      for (const { at, remove, insert } of edits) target = concatBytes([target.subarray(0, at), insert, target.subarray(at + remove)])
      const instructions = roundTrip(target, [source.subarray(0, 20_000), source.subarray(20_000)], candidates)
      const inserted = edits.reduce((sum, { insert }) => sum + insert.length, 0)
      // An edit costs what it inserts, the blocks of the index that are not found behind it (of 32 bytes), and one operation.
      expect(instructions.length).toBeLessThan(10 + inserted + edits.length * (hidden * 32 + 16) + 64)
    }), { numRuns: 60 })
  })

  it('of a table that got rows in many places holds hardly more than those rows', () => {
    const rows = numbers(0, 5000)
    const before = table(rows.filter((row) => row % 50 !== 0))
    const added = table(rows.filter((row) => row % 50 === 0))
    expect(roundTrip(table(rows), [before]).length).toBeLessThan(added.length + 100 * 8)
  })

  it('of a block that is its source is one copy', () => {
    expect(roundTrip(table(numbers(0, 1000)), [table(numbers(0, 1000))]).length).toBeLessThan(8)
  })

  it('finds what moved, before and behind', () => {
    const [first, second] = [randomBytes(50_000, 1), randomBytes(50_000, 2)]
    expect(roundTrip(concatBytes([second, first, second]), [first, second]).length).toBeLessThan(200)
  })

  it('of what has nothing in common with its source is the block and a few bytes', () => {
    const target = randomBytes(10_000, 3)
    expect(roundTrip(target, [randomBytes(10_000, 4)]).length).toBeLessThan(target.length + 8)
    expect(roundTrip(target, [new Uint8Array(0)]).length).toBeLessThan(target.length + 8)
    expect([...roundTrip(new Uint8Array(0), [target])]).toEqual([0])
  })

  it('does not take long where every place looks like every other', () => {
    const source = new Uint8Array(1_048_576)
    for (const every of [13, 37, 1000]) {
      const target = source.slice()
      for (let at = 0; at < target.length; at += every) target[at] = 1
      roundTrip(target, [source], 4)
    }
  })

  it('says where in the source the last copy ended', () => {
    const source = randomBytes(5000, 5)
    expect(encoder.encode(source.subarray(1000, 3000), source).sourceEnd).toBe(3000)
    expect(encoder.encode(randomBytes(2000, 6), source).sourceEnd).toBe(0)
  })

  it('does not depend on what was encoded before it', () => {
    const [target, source] = [table(numbers(10, 900)), table(numbers(0, 950))]
    const fresh = new DeltaEncoder().encode(target, source).instructions
    encoder.encode(randomBytes(300_000, 7), randomBytes(1_000_000, 8), 4)
    expect(Buffer.from(encoder.encode(target, source).instructions).equals(fresh)).toBe(true)
    // Twenty bytes are too few for the index: they would be found only where the last copy of the call before went on.
    const noise = randomBytes(5000, 9)
    encoder.encode(noise.subarray(1000, 3000), noise)
    expect(roundTrip(concatBytes([randomBytes(50, 10), noise.subarray(1050, 1070), randomBytes(50, 11)]), [noise]).length).toBeGreaterThan(120)
  })
})

describe('instructions', () => {
  const source = utf8('0123456789'.repeat(10))
  const apply = (list: readonly number[], literals: string, size: number): string => Buffer.from(applyDelta(Uint8Array.of(list.length, ...list, ...utf8(literals)), [source.subarray(0, 4), source.subarray(4)], size)).toString()

  it('are applied as the format says', () => {
    // Insert 2, copy 3 from 5; insert 0, copy 4 from 8 − 6; insert 1.
    expect(apply([2, 3, 10, 0, 4, 11, 1], 'abz', 10)).toBe('ab5672345z')
    expect(apply([], '', 0)).toBe('')
  })

  it.each<[string, readonly number[], string, number]>([
    ['copy from beyond the source', [0, 3, 196, 1], '', 3],
    ['copy from before the source', [0, 3, 1], '', 3],
    ['copy nothing', [0, 0, 0, 0, 3, 0], '', 3],
    ['insert nothing at the end', [0, 3, 0, 0], '', 3],
    ['copy more than the block holds', [0, 4, 0], '', 3],
    ['copy much more than the block holds', [0, 50, 0], '', 3],
    ['insert more than the block holds', [4], 'abcd', 3],
    ['insert much more than the block holds', [50], 'a'.repeat(50), 3],
    ['insert more than there is', [3], 'ab', 3],
    ['leave the block unfinished', [0, 2, 0], '', 3],
    ['leave literals over', [3], 'abcd', 3],
    ['end within an operation', [0, 3], '', 3],
    ['go on beyond their list', [1, 2], '\0', 3],
    ['end within a number', [0x83], '', 3],
    ['spell a number longer than need be', [0x83, 0], 'abc', 3],
    ['hold a number of more than 32 bits', [0x83, 0x80, 0x80, 0x80, 0x10], 'abc', 3],
    ['jump by a number of more than 32 bits', [0, 3, 0x80, 0x80, 0x80, 0x80, 0x10], '', 3],
    ['jump as far as a number goes', [0, 3, 0xff, 0xff, 0xff, 0xff, 0x0f], '', 3],
  ])('that %s are refused', (_, list, literals, size) => {
    expect(() => apply(list, literals, size)).toThrow(MALFORMED)
  })

  it('whose list is cut off are refused', () => {
    expect(() => applyDelta(Uint8Array.of(9, 3, 97, 98, 99), [source], 3)).toThrow(MALFORMED)
    expect(() => applyDelta(new Uint8Array(0), [source], 0)).toThrow(MALFORMED)
  })

  it('of any bytes are applied or refused as malformed', () => {
    const small = fc.array(fc.oneof(fc.nat(12), fc.nat(255)), { maxLength: 40 }).map((list) => Uint8Array.from(list))
    fc.assert(fc.property(small, fc.nat(40), (instructions, size) => {
      let result: Uint8Array | undefined
      try {
        result = applyDelta(instructions, [source], size)
      } catch (error) {
        expect(error).toEqual(MALFORMED)
      }
      if (result !== undefined) expect(result.length).toBe(size)
    }), { numRuns: 3000 })
  })
})

describe('the payload of a delta block', () => {
  const source = table(numbers(0, 2000))
  const target = table(numbers(5, 2010))
  const { instructions } = encoder.encode(target, source)
  const bases = [source.subarray(0, 30_000), source.subarray(30_000)]
  const payloadOf = (encoding: number, packed: Uint8Array): Uint8Array =>
    encodeDeltaPayload({ depth: 3, bases: [randomBytes(32, 1), randomBytes(32, 2)], encoding, instructionsSize: instructions.length, instructions: packed })
  const squeezed = squeeze(nodePlatform, instructions, 'fast')

  it('comes back as it was written, plain and compressed', () => {
    for (const [encoding, packed] of [[0, instructions], [1, nodePlatform.deflate(instructions)], [squeezed.codec, squeezed.payload]] as const) {
      const payload = decodeDeltaPayload(payloadOf(encoding, packed), target.length)
      expect(payload).toMatchObject({ depth: 3, encoding, instructionsSize: instructions.length })
      expect(payload.bases.map((base) => Buffer.from(base).toString('hex'))).toEqual([1, 2].map((seed) => Buffer.from(randomBytes(32, seed)).toString('hex')))
      expect(Buffer.from(undoDelta(nodePlatform, payload, bases, target.length)).equals(target)).toBe(true)
      expect(undoesTo(nodePlatform, payload, bases, target)).toBe(true)
      expect(undoesTo(nodePlatform, payload, bases, Uint8Array.from(target, (byte, index) => (index === target.length - 1 ? byte ^ 1 : byte)))).toBe(false)
    }
  })

  it('is refused where a field is out of its bounds', () => {
    const sound = payloadOf(0, instructions)
    const altered = (at: number, value: number): Uint8Array => sound.map((byte, index) => (index === at ? value : byte))
    expect(() => decodeDeltaPayload(sound, target.length)).not.toThrow()
    for (const payload of [altered(0, 0), altered(1, 0), altered(1, 9), altered(2, 4), altered(1, 8).subarray(0, 200)]) {
      expect(() => decodeDeltaPayload(payload, target.length)).toThrow(MALFORMED)
    }
    for (const count of [0, 9]) {
      const payload = encodeDeltaPayload({ depth: 1, bases: Array.from({ length: count }, (_, seed) => randomBytes(32, seed)), encoding: 0, instructionsSize: instructions.length, instructions })
      expect(() => decodeDeltaPayload(payload, target.length)).toThrow(MALFORMED)
    }
    // The highest byte of the size of the instructions, which must be refused before anything of that size is made.
    expect(() => decodeDeltaPayload(altered(3 + 64 + 3, 0x7f), target.length)).toThrow(MALFORMED)
    // No writer stores a delta that is not smaller than its block.
    expect(() => decodeDeltaPayload(sound, sound.length)).toThrow(MALFORMED)
    for (let length = 0; length < 3 + 64 + 4; length++) expect(() => decodeDeltaPayload(sound.subarray(0, length), target.length)).toThrow(MALFORMED)
  })

  it('with altered bytes gives a block of its size or is refused with an error of ours', () => {
    const sound = payloadOf(1, nodePlatform.deflate(instructions))
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat(sound.length), (changes, cut) => {
      const payload = sound.slice(0, changes.length === 4 ? cut : sound.length)
      for (const [at, value] of changes) if (at < payload.length) payload[at] = value
      let result: Uint8Array | undefined
      try {
        result = undoDelta(nodePlatform, decodeDeltaPayload(payload, target.length), bases, target.length)
      } catch (error) {
        // An encoding that is not known is the mark of a newer writer.
        expect(['MALFORMED_DATA', 'UNSUPPORTED_FORMAT']).toContain((error as { code?: string }).code)
      }
      if (result !== undefined) expect(result.length).toBe(target.length)
    }), { numRuns: 1000 })
  })
})
