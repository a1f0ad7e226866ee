import { describe, expect, it } from 'vitest'
import { ChunkWindow } from '../../src/chunker/chunk-window.ts'
import { createCutter } from '../../src/chunker/create-cutter.ts'
import { fastcdcProfile } from '../../src/chunker/profiles.ts'
import { xorshiftBytes } from './generated-input.ts'

const PROFILE = fastcdcProfile({ minSizeBytes: 64, averageSizeBytes: 256, maxSizeBytes: 1024 })
const WINDOW_SIZE_BYTES = 4096

describe('ChunkWindow', () => {
  it('hands out views of the memory that was filled, without a copy', () => {
    const cutter = createCutter(PROFILE, WINDOW_SIZE_BYTES)
    const window = new ChunkWindow(cutter)
    window.space().set(xorshiftBytes(1, 2000))
    window.advance(2000)
    const first = window.next(true)
    const second = window.next(true)
    expect(first?.buffer).toBe(cutter.memory.buffer)
    expect(first?.byteOffset).toBe(cutter.memory.byteOffset)
    expect(second?.byteOffset).toBe(cutter.memory.byteOffset + (first?.length ?? 0))
  })

  it('waits for one largest chunk of input, unless the input is final', () => {
    const window = new ChunkWindow(createCutter(PROFILE, WINDOW_SIZE_BYTES))
    window.space().fill(0, 0, 1023)
    window.advance(1023)
    expect(window.next(false)).toBeUndefined()
    window.advance(1)
    expect(window.next(false)).toHaveLength(1024)
    expect(window.next(true)).toBeUndefined()
  })

  it('hands out nothing for empty input', () => {
    expect(new ChunkWindow(createCutter(PROFILE, WINDOW_SIZE_BYTES)).next(true)).toBeUndefined()
  })

  it('always offers room for one largest chunk once its chunks are taken', () => {
    const window = new ChunkWindow(createCutter(PROFILE, WINDOW_SIZE_BYTES))
    for (let round = 0; round < 200; round++) {
      const space = window.space()
      expect(space.length).toBeGreaterThanOrEqual(PROFILE.maxSizeBytes)
      const count = Math.min(space.length, 1 + ((round * 577) % 1500))
      space.set(xorshiftBytes(round + 1, count))
      window.advance(count)
      while (window.next(false) !== undefined);
    }
  })

  it('is an error to fill further without taking chunks, rather than an empty space that reads as the end of a file', () => {
    const window = new ChunkWindow(createCutter(PROFILE, WINDOW_SIZE_BYTES))
    window.advance(window.space().length)
    expect(() => window.space()).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it.each([-1, 1.5, 4097, Number.NaN])('refuses to advance by %s bytes', (count) => {
    const window = new ChunkWindow(createCutter(PROFILE, WINDOW_SIZE_BYTES))
    expect(() => window.advance(count)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('begins a new content after reset, and forgets the one before', () => {
    const window = new ChunkWindow(createCutter(PROFILE, WINDOW_SIZE_BYTES))
    window.space().fill(1, 0, 500)
    window.advance(500)
    window.reset()
    window.space().fill(2, 0, 40)
    window.advance(40)
    expect(window.next(true)).toEqual(new Uint8Array(40).fill(2))
    expect(window.next(true)).toBeUndefined()
  })
})
