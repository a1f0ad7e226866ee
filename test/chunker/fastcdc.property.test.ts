import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/bytes.ts'
import { ChunkWindow } from '../../src/chunker/chunk-window.ts'
import { chunkStreamSync } from '../../src/chunker/chunks.ts'
import { PlainCutter } from '../../src/chunker/fastcdc-plain.ts'
import { WasmCutter } from '../../src/chunker/fastcdc-wasm.ts'
import { DEFAULT_PROFILE, fastcdcProfile } from '../../src/chunker/profiles.ts'
import { xorshiftBytes } from './generated-input.ts'
import { gearByDefinition, referenceLengths } from './reference.ts'

// Small chunks, and a maximum that is odd, so that short inputs meet every rule often.
const SMALL = fastcdcProfile({ minSizeBytes: 64, averageSizeBytes: 256, maxSizeBytes: 1023 })
const WINDOW_SIZE_BYTES = 4096
const wasm = new ChunkWindow(new WasmCutter(SMALL, WINDOW_SIZE_BYTES))
const plain = new ChunkWindow(new PlainCutter(SMALL, WINDOW_SIZE_BYTES))
const gear = gearByDefinition()

/** Random bytes, or bytes of few values, in which cuts are rare. */
const content = fc.tuple(fc.integer({ min: 1, max: 0x7fffffff }), fc.nat({ max: 9000 }), fc.constantFrom(0xff, 0x03, 0x01)).map(([seed, size, mask]) => xorshiftBytes(seed, size).map((byte) => byte & mask))

function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let offset = 0
  for (const size of sizes) {
    yield bytes.subarray(offset, offset + size)
    offset += size
  }
  yield bytes.subarray(offset)
}

function lengths(window: ChunkWindow, source: Iterable<Uint8Array>): number[] {
  return Array.from(chunkStreamSync(window, source), (chunk) => chunk.length)
}

describe('FastCDC', () => {
  it('cuts as FORMAT.md words it, in WebAssembly and in plain JavaScript', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const wanted = referenceLengths(SMALL, gear, bytes)
        expect(lengths(wasm, [bytes])).toEqual(wanted)
        expect(lengths(plain, [bytes])).toEqual(wanted)
      }),
      { numRuns: 300 },
    )
  })

  it('cuts at the same places however the input is split into buffers', () => {
    fc.assert(
      fc.property(content, fc.array(fc.nat({ max: 6000 }), { maxLength: 12 }), (bytes, sizes) => {
        const whole = lengths(wasm, [bytes])
        expect(lengths(wasm, pieces(bytes, sizes))).toEqual(whole)
        expect(lengths(plain, pieces(bytes, sizes))).toEqual(whole)
      }),
      { numRuns: 300 },
    )
  })

  it('gives chunks that make up the input, within the bounds of the profile', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const chunks = Array.from(chunkStreamSync(wasm, [bytes]), (chunk) => chunk.slice())
        expect(Buffer.compare(concatBytes(chunks), bytes)).toBe(0)
        for (const chunk of chunks) expect(chunk.length).toBeLessThanOrEqual(SMALL.maxSizeBytes)
        for (const chunk of chunks.slice(0, -1)) expect(chunk.length).toBeGreaterThanOrEqual(SMALL.minSizeBytes)
      }),
      { numRuns: 200 },
    )
  })

  it('gives few new chunks for an insertion into random data', () => {
    const window = new ChunkWindow()
    const base = xorshiftBytes(4711, 12 * DEFAULT_PROFILE.maxSizeBytes)
    const digests = (bytes: Uint8Array): string[] => Array.from(chunkStreamSync(window, [bytes]), (chunk) => createHash('sha256').update(chunk).digest('hex'))
    const known = new Set(digests(base))
    fc.assert(
      fc.property(fc.nat({ max: base.length }), fc.uint8Array({ minLength: 1, maxLength: 300 }), (at, inserted) => {
        const changed = concatBytes([base.subarray(0, at), inserted, base.subarray(at)])
        expect(digests(changed).filter((digest) => !known.has(digest)).length).toBeLessThanOrEqual(4)
      }),
      { numRuns: 30 },
    )
  })
})
