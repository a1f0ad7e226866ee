import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'
import { MalformedDataError } from '../../src/errors.ts'
import { referenceDecode, referenceEncode } from './reference-cbor.ts'

const BYTE_ORDER_MARK = '\ufeff'

const cid = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(0x55, 0x71), fc.constantFrom(0x12, 0x1e), fc.uint8Array({ minLength: 32, maxLength: 32 })) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(100_000), fc.nat(100_000), fc.uint8Array({ maxLength: 40 })) },
).map(([code, hash, digest]) => CID.createV1(code, createDigest(hash, digest)))

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 })).filter((value) => !value.includes(BYTE_ORDER_MARK))
const edges = [23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 2, 2 ** 53 - 1]
const integer = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constantFrom(...edges), fc.constantFrom(...edges.map((edge) => -edge)))
const large = fc.oneof(fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }), fc.bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }))
const float = fc.double({ noNaN: true, noDefaultInfinity: true })

const value = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: 'small', maxDepth: 6 }, integer, large, float, fc.boolean(), fc.constant(null), text, fc.uint8Array({ maxLength: 300 }), cid, tie('array'), tie('map')),
  array: fc.array(tie('any'), { maxLength: 30 }),
  map: fc.dictionary(fc.oneof(text, fc.constantFrom('/', 'bytes', '__proto__', 'constructor')), tie('any'), { maxKeys: 30, noNullPrototype: true })
    // What multiformats takes for a CID cannot be written.
    .filter((map) => !(map['/'] !== undefined && map['/'] !== null && map['/'] === map['bytes'])),
})).any

interface Edit {
  readonly at: number
  readonly kind: 'set' | 'flip' | 'insert' | 'remove' | 'cut' | 'double'
  readonly byte: number
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('set', 'flip', 'insert', 'remove', 'cut', 'double'),
  // Heads of every type with every length of argument come up often.
  byte: fc.oneof(fc.nat(255), fc.tuple(fc.nat(7), fc.constantFrom(0, 1, 2, 23, 24, 25, 26, 27, 28, 31)).map(([major, info]) => (major << 5) | info)),
})

function edited(bytes: Uint8Array, { at, kind, byte }: Edit): Uint8Array {
  const position = bytes.length === 0 ? 0 : at % bytes.length
  const list = [...bytes]
  if (kind === 'set') list[position] = byte
  else if (kind === 'flip') list[position] = (list[position] ?? 0) ^ (1 << (byte & 7))
  else if (kind === 'insert') list.splice(position, 0, byte)
  else if (kind === 'remove') list.splice(position, 1)
  else if (kind === 'cut') list.length = position
  else list.splice(position, 0, ...list.slice(position, position + (byte & 15)))
  return Uint8Array.from(list)
}

/** The same decision, and the same value, as the published implementation. */
function expectSame(bytes: Uint8Array): boolean {
  const expected = referenceDecode(bytes)
  let read: { readonly value: unknown } | undefined
  try {
    read = { value: decodeCbor(bytes) }
  } catch (error) {
    if (!(error instanceof MalformedDataError)) throw error
  }
  // The mark's own encoding, anywhere: the reference is known to differ there.
  if (Buffer.from(bytes).includes(BYTE_ORDER_MARK)) return false
  expect({ accepted: read !== undefined, bytes: Buffer.from(bytes).toString('hex') }).toEqual({ accepted: expected !== undefined, bytes: Buffer.from(bytes).toString('hex') })
  // Not `toStrictEqual`, which a map key named constructor misleads.
  if (!isDeepStrictEqual(read, expected)) expect(read).toEqual(expected)
  expect(isDeepStrictEqual(read, expected)).toBe(true)
  return read !== undefined
}

describe('our dag-cbor beside the published implementation', () => {
  it('reads two empty byte strings as what they are, whatever the keys', () => {
    expect(expectSame(Buffer.from('a2612f4065627974657340', 'hex'))).toBe(true)
  })

  it('writes the same bytes and reads the same values', () => {
    fc.assert(fc.property(value, (written) => {
      const bytes = encodeCbor(written)
      expect(Buffer.from(bytes).equals(referenceEncode(written))).toBe(true)
      expect(expectSame(bytes)).toBe(true)
    }), { numRuns: 400 })
  })

  it('takes the same decision on damaged encodings', () => {
    let accepted = 0
    fc.assert(fc.property(value, fc.array(fc.array(edit, { minLength: 1, maxLength: 3 }), { minLength: 8, maxLength: 8 }), (written, mutants) => {
      const bytes = referenceEncode(written)
      for (const edits of mutants) if (expectSame(edits.reduce(edited, bytes))) accepted++
    }), { numRuns: 1000 })
    expect(accepted).toBeGreaterThan(50)
  })

  it('takes the same decision on arbitrary bytes', () => {
    fc.assert(fc.property(fc.array(edit.map(({ byte }) => byte), { maxLength: 24 }), (bytes) => void expectSame(Uint8Array.from(bytes))), { numRuns: 5000 })
  })

  it('takes the same decision on every input of up to two bytes', () => {
    for (let first = 0; first < 256; first++) {
      expectSame(Uint8Array.of(first))
      for (let second = 0; second < 256; second++) {
        const bytes = Uint8Array.of(first, second)
        if ((referenceDecode(bytes) !== undefined) !== isRead(bytes)) expectSame(bytes)
      }
    }
  })

  it('takes the same decision on every single bit of a tree node', () => {
    const link = CID.createV1(0x55, createDigest(0x12, new Uint8Array(32).fill(0xab)))
    const node = encodeCbor([0, [[0, new Uint8Array([1, 2, 3]), [0, 70_000, link]], [2, new Uint8Array([9]), [2, new Uint8Array([7])]], [1, new Uint8Array([200]), [3]]]])
    for (let bit = 0; bit < node.length * 8; bit++) expectSame(edited(node, { at: bit >> 3, kind: 'flip', byte: bit & 7 }))
  })
})

function isRead(bytes: Uint8Array): boolean {
  try {
    decodeCbor(bytes)
    return true
  } catch {
    return false
  }
}
