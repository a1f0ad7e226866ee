import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CID } from '../../src/cid/cid.ts'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'

const value = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: 'small', maxDepth: 6 }, fc.integer(), fc.boolean(), fc.constant(null), fc.string(), fc.uint8Array(), fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)), tie('array'), tie('map')),
  array: fc.array(tie('any'), { maxLength: 5 }),
  map: fc.dictionary(fc.string().filter((key) => key !== '__proto__'), tie('any'), { maxKeys: 5, noNullPrototype: true }),
})).any

const link = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

describe('dag-cbor', () => {
  it('is read back as it was written', () => {
    fc.assert(fc.property(value, (written) => {
      expect(decodeCbor(encodeCbor(written))).toEqual(written)
    }))
  })

  it('has one encoding for each value: whatever is read encodes to the same bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (input) => {
      let read: unknown
      try {
        read = decodeCbor(input)
      } catch (error) {
        expect(error).toMatchObject({ code: 'MALFORMED_DATA' })
        return
      }
      expect(Buffer.from(encodeCbor(read)).equals(input)).toBe(true)
    }), { numRuns: 2000 })
  })

  it.each([
    ['a number in more bytes than it needs', '18 01'], ['a length in more bytes than it needs', '58 01 00'], ['an array of indefinite length', '9f 01 ff'], ['text of indefinite length', '7f 61 61 ff'],
    ['map keys out of order', 'a2 61 62 01 61 61 02'], ['a map key twice', 'a2 61 61 01 61 61 02'], ['a short float', 'f9 3c 00'], ['undefined', 'f7'], ['bytes left over', '01 01'], ['an end that is missing', '82 01'],
    ['another tag than 42', 'c1 01'], ['text that is no UTF-8', '61 ff'], ['an array longer than the input', '9b 00 00 00 ff ff ff ff ff'], ['bytes longer than the input', '5b 00 00 00 ff ff ff ff ff'],
    ['nothing', ''], ['an integer as a float', 'fb 3ff0000000000000'], ['minus zero', 'fb 8000000000000000'], ['infinity', 'fb 7ff0000000000000'], ['NaN', 'fb 7ff8000000000000'], ['a map key that is a number', 'a1 01 01'],
    ['an array whose length takes 8 bytes', '9b 0000000000000001 01'], ['a link without its zero byte', 'd8 2a 43 01 55 00'], ['a link that is text', 'd8 2a 63 000155'], ['a link with nothing in it', 'd8 2a 40'],
    ['a link whose digest is cut short', 'd8 2a 47 00 01 55 12 20 01 02'], ['a link whose codec takes more bytes than it needs', 'd8 2a 47 00 01 d5 00 00 01 07'], ['a map that multiformats takes for a CID', 'a2 61 2f 01 65 6279746573 01'],
    ['a surrogate in text', '63 eda080'], ['more map items than bytes', 'ba 7fffffff 61 61 01'],
  ])('refuses %s', (_what, hex) => {
    expect(() => decodeCbor(bytes(hex))).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
  })

  it('keeps a map key named __proto__ as a key like any other', () => {
    const read = decodeCbor(bytes('a1 69 5f5f70726f746f5f5f a1 68 706f6c6c75746564 01')) as object
    expect(Object.keys(read)).toEqual(['__proto__'])
    expect((read as { polluted?: unknown }).polluted).toBeUndefined()
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it('keeps a byte order mark at the beginning of text', () => {
    expect(decodeCbor(encodeCbor('\ufeffa'))).toBe('\ufeffa')
  })

  it.each([['undefined', undefined], ['NaN', Number.NaN], ['infinity', Number.POSITIVE_INFINITY], ['a function', () => 1], ['a date', new Date(0)], ['a Map', new Map()], ['65 bits', 2n ** 64n], ['a hole', Array(1)], ['undefined in a map', { a: undefined }], ['what passes itself off as a CID', { '/': 'x', bytes: 'x' }]])('does not write %s', (_what, value) => {
    expect(() => encodeCbor(value)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('gives values that share no memory with the input', () => {
    const input = encodeCbor([new Uint8Array([1, 2, 3]), link])
    const [read, cid] = decodeCbor(Buffer.from(input.buffer, input.byteOffset, input.length)) as [Uint8Array, CID]
    input.fill(0)
    expect(read).toEqual(new Uint8Array([1, 2, 3]))
    expect(cid.equals(link)).toBe(true)
  })

  it('refuses deep nesting without recursing into it', () => {
    expect(() => decodeCbor(new Uint8Array(1_000_000).fill(0x81))).toThrow(/Nested deeper/)
    expect(() => decodeCbor(encodeCbor(nested(17)))).toThrow(/Nested deeper/)
    expect(decodeCbor(encodeCbor(nested(16)))).toEqual(nested(16))
  })

  it('refuses a block that is larger than any node', () => {
    expect(() => decodeCbor(encodeCbor(new Uint8Array(1024 * 1024)))).toThrow(/larger than any node/)
  })
})

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)]
}
