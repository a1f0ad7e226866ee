import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import type { Platform } from '../../src/cid/interface.ts'
import { portablePlatform } from '../../src/cid/portable-platform.ts'
import { type CompressionMode, compressBlock, decompressBlock } from '../../src/codec/block-compression.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { randomBytes } from '../repository/random-bytes.ts'

const { zstd: nodeZstd, ...deflating } = nodePlatform
/** Takes the place of an encoder where Node has none: the codec is chosen, and its decoder called, all the same. */
const marked: Platform = {
  ...deflating,
  zstd: (bytes, effort) => nodeZstd?.(bytes, effort) ?? nodePlatform.deflate(bytes, effort),
  unzstd: nodeZstd === undefined ? nodePlatform.inflate : nodePlatform.unzstd,
}
const table = utf8('1,2,3\n'.repeat(1000))
const blocks = fc.oneof(fc.uint8Array({ maxLength: 5000, size: 'max' }), fc.array(fc.constantFrom(...utf8('abc,0\n')), { maxLength: 5000, size: 'max' }).map((list) => Uint8Array.from(list)))

describe('a stored block', () => {
  it.each([['deflate', deflating], ['zstd', marked]])('gives its bytes back, whatever they are (%s)', (_name, platform) => {
    fc.assert(fc.property(blocks, fc.constantFrom<CompressionMode[]>('auto', 'none', 'max'), (block, mode) => {
      const { codec, payload } = compressBlock(platform, block, mode)
      expect(payload.length).toBeLessThanOrEqual(block.length)
      expect(equalBytes(decompressBlock(platform, codec, payload, block.length), block)).toBe(true)
    }), { numRuns: 60 })
  })

  it('is compressed if that pays, and never tried where it does not', () => {
    let tried = 0
    const counting = { ...deflating, deflate: (input: Uint8Array) => (tried++, nodePlatform.deflate(input)) }
    expect(compressBlock(counting, table, 'auto').codec).toBe(1)
    expect(tried).toBe(1)
    expect(compressBlock(counting, randomBytes(100_000, 1), 'auto').codec).toBe(0)
    expect(compressBlock(counting, utf8('short'), 'auto').codec).toBe(0)
    expect(compressBlock(counting, table, 'none').codec).toBe(0)
    expect(tried).toBe(1)
  })

  it('uses Zstandard where the platform writes it', () => {
    expect(compressBlock(marked, table, 'auto').codec).toBe(3)
    expect(compressBlock(deflating, table, 'auto').codec).toBe(1)
  })

  it('is smaller with max than with auto, and kept even if it shrinks little', () => {
    const numbers = utf8(Array.from({ length: 20_000 }, (_, row) => `${row},${(row * 7919) % 1013}`).join('\n'))
    expect(compressBlock(deflating, numbers, 'max').payload.length).toBeLessThan(compressBlock(deflating, numbers, 'auto').payload.length)
    const nearlyRandom = randomBytes(50_000, 2).map((byte) => byte % 190)
    expect(compressBlock(deflating, nearlyRandom, 'auto').codec).toBe(0)
    expect(compressBlock(deflating, nearlyRandom, 'max').codec).toBe(1)
  })

  it('in Zstandard is read on every platform', () => {
    // Written by Node 24.21's zlib.zstdCompressSync.
    const frame = new Uint8Array(Buffer.from('KLUv/WBgAyUBAOB2YXJ2ZSwgYSBsYXllciBvZiBzZWRpbWVudDsgAQAE8f90Ag==', 'base64'))
    const text = utf8('varve, a layer of sediment; '.repeat(40))
    for (const platform of [nodePlatform, portablePlatform]) {
      expect(equalBytes(decompressBlock(platform, 3, frame, text.length), text)).toBe(true)
      expect(() => decompressBlock(platform, 3, frame.subarray(0, 20), text.length)).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
    }
  })

  it('is not taken from a compressor that does not give its input back', () => {
    const faulty = { ...deflating, deflate: () => nodePlatform.deflate(utf8('2,2,3\n'.repeat(1000))) }
    expect(() => compressBlock(faulty, table, 'auto')).toThrow(expect.objectContaining({ code: 'STORAGE_FAILED' }))
  })

  it('of a codec that is not known is refused', () => {
    expect(() => decompressBlock(nodePlatform, 2, new Uint8Array(4), 4)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_FORMAT' }))
    expect(() => decompressBlock(nodePlatform, 0, new Uint8Array(4), 5)).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
  })

  it('that cannot be decompressed is malformed', () => {
    for (const codec of [1, 3]) expect(() => decompressBlock(nodePlatform, codec, randomBytes(300, 3), 400)).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
  })
})
