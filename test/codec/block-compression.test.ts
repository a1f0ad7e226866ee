import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import { compressBlock, decompressBlock } from '../../src/codec/block-compression.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { randomBytes } from '../repository/random-bytes.ts'

describe('a stored block', () => {
  it('gives its bytes back, whatever they are', () => {
    const mixed = fc.oneof(fc.uint8Array({ maxLength: 5000, size: 'max' }), fc.array(fc.constantFrom(...utf8('abc,0\n')), { maxLength: 5000, size: 'max' }).map((list) => Uint8Array.from(list)))
    fc.assert(fc.property(mixed, (block) => {
      const { codec, payload } = compressBlock(nodePlatform, block, 'auto')
      expect(payload.length).toBeLessThanOrEqual(block.length)
      expect(Buffer.from(decompressBlock(nodePlatform, codec, payload, block.length)).equals(block)).toBe(true)
    }), { numRuns: 60 })
  })

  it('is compressed if that pays, and never tried where it does not', () => {
    let tried = 0
    const counting = { ...nodePlatform, deflate: (input: Uint8Array) => (tried++, nodePlatform.deflate(input)) }
    expect(compressBlock(counting, utf8('1,2,3\n'.repeat(1000)), 'auto').codec).toBe(1)
    expect(tried).toBe(1)
    expect(compressBlock(counting, randomBytes(100_000, 1), 'auto').codec).toBe(0)
    expect(compressBlock(counting, utf8('short'), 'auto').codec).toBe(0)
    expect(compressBlock(counting, utf8('1,2,3\n'.repeat(1000)), 'none').codec).toBe(0)
    expect(tried).toBe(1)
  })

  it('is not taken from a compressor that does not give its input back', () => {
    const faulty = { ...nodePlatform, deflate: () => nodePlatform.deflate(utf8('2,2,3\n'.repeat(1000))) }
    expect(() => compressBlock(faulty, utf8('1,2,3\n'.repeat(1000)), 'auto')).toThrow(expect.objectContaining({ code: 'STORAGE_FAILED' }))
  })

  it('of a codec that is not known is refused', () => {
    expect(() => decompressBlock(nodePlatform, 3, new Uint8Array(4), 4)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }))
    expect(() => decompressBlock(nodePlatform, 0, new Uint8Array(4), 5)).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
  })
})
