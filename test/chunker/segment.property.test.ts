import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkWindow } from '../../src/chunker/chunk-window.ts'
import { chunkStreamSync } from '../../src/chunker/chunks.ts'
import { PlainCutter } from '../../src/chunker/fastcdc-plain.ts'
import { sharedWindow, WasmCutter } from '../../src/chunker/fastcdc-wasm.ts'
import type { Cutter } from '../../src/chunker/interface.ts'
import { fastcdcProfile } from '../../src/chunker/profiles.ts'
import { type ChunkSpan, cutSegment, type Segment, stitch } from '../../src/chunker/segment.ts'
import { xorshiftBytes } from './generated-input.ts'

const SMALL = fastcdcProfile({ minSizeBytes: 64, averageSizeBytes: 256, maxSizeBytes: 1023 })
const window = new ChunkWindow(new PlainCutter(SMALL, 4096))
const cutters: readonly [string, Cutter][] = [
  ['plain', new PlainCutter(SMALL, 16_384)],
  ['WebAssembly over shared memory', new WasmCutter(SMALL, sharedWindow(16_384))],
]

/** Random bytes, or bytes of few values, in which cuts are rare and those of two beginnings may never meet. */
const content = fc.tuple(fc.integer({ min: 1, max: 0x7fffffff }), fc.nat({ max: 60_000 }), fc.constantFrom(0xff, 0x03, 0x01, 0)).map(([seed, size, mask]) => xorshiftBytes(seed, size).map((byte) => byte & mask))
const segmentSize = fc.integer({ min: 1023, max: 12_000 })

function inSequence(bytes: Uint8Array): ChunkSpan[] {
  let offset = 0
  return Array.from(chunkStreamSync(window, [bytes]), ({ length: size }) => ({ offset: (offset += size) - size, size })).filter(({ size }) => size > 0)
}

function inSegments(cutter: Cutter, bytes: Uint8Array, size: number): { chunks: ChunkSpan[]; bridged: number } {
  const chunks: ChunkSpan[] = []
  let position = 0
  let bridged = 0
  for (let start = 0; start < bytes.length; start += size) {
    const segment: Segment = { start, end: Math.min(bytes.length, start + size), available: Math.min(bytes.length - start, size + SMALL.maxSizeBytes) }
    cutter.memory.fill(0xee)
    cutter.memory.set(bytes.subarray(start, start + segment.available))
    const own = [...cutSegment(cutter, segment)]
    const { bridge, shared } = stitch(cutter, segment, own, position)
    for (const chunk of [...bridge, ...own.slice(shared)]) {
      chunks.push(chunk)
      position = chunk.offset + chunk.size
    }
    bridged += bridge.length
  }
  return { chunks, bridged }
}

describe('a content that is cut in segments', () => {
  it.each(cutters)('has the chunks of one that is cut from its beginning to its end (%s)', (_, cutter) => {
    fc.assert(
      fc.property(content, segmentSize, (bytes, size) => {
        expect(inSegments(cutter, bytes, size).chunks).toEqual(inSequence(bytes))
      }),
      { numRuns: 300 },
    )
  })

  it('cuts few chunks twice', () => {
    const bytes = xorshiftBytes(7, 400_000)
    const { chunks, bridged } = inSegments(cutters[0]?.[1] as Cutter, bytes, 12_000)
    expect(bridged).toBeGreaterThan(0)
    expect(bridged).toBeLessThan(chunks.length / 8)
  })
})
