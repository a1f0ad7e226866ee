import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/bytes.ts'
import { ChunkWindow } from '../../src/chunker/chunk-window.ts'
import { chunkStream, chunkStreamSync, readChunks } from '../../src/chunker/chunks.ts'
import { createCutter } from '../../src/chunker/create-cutter.ts'
import { fastcdcProfile } from '../../src/chunker/profiles.ts'
import { xorshiftBytes } from './generated-input.ts'

const window = new ChunkWindow(createCutter(fastcdcProfile({ minSizeBytes: 64, averageSizeBytes: 256, maxSizeBytes: 1024 }), 4096))
const bytes = xorshiftBytes(99, 20_000)

async function* later(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(part)
}

/** Reads as a file does: what is left, at most `limit` bytes at a time. */
function reader(content: Uint8Array, limit: number): (space: Uint8Array) => number {
  let offset = 0
  return (space) => {
    const part = content.subarray(offset, offset + Math.min(space.length, limit))
    space.set(part)
    offset += part.length
    return part.length
  }
}

function copies(chunks: Iterable<Uint8Array>): Uint8Array[] {
  return Array.from(chunks, (chunk) => chunk.slice())
}

async function copiesLater(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const result: Uint8Array[] = []
  for await (const chunk of chunks) result.push(chunk.slice())
  return result
}

describe('the ways to chunk a stream', () => {
  it('agree, and give back the input', async () => {
    const wanted = copies(chunkStreamSync(window, [bytes]))
    expect(wanted.length).toBeGreaterThan(20)
    expect(Buffer.compare(concatBytes(wanted), bytes)).toBe(0)
    expect(copies(readChunks(window, reader(bytes, 700)))).toEqual(wanted)
    expect(copies(readChunks(window, reader(bytes, Infinity)))).toEqual(wanted)
    expect(await copiesLater(chunkStream(window, later([bytes.subarray(0, 7), bytes.subarray(7)])))).toEqual(wanted)
    expect(await copiesLater(chunkStream(window, [bytes]))).toEqual(wanted)
  })

  it('give one empty chunk for empty content', async () => {
    const empty = [new Uint8Array(0)]
    expect(copies(chunkStreamSync(window, []))).toEqual(empty)
    expect(copies(chunkStreamSync(window, [new Uint8Array(0), new Uint8Array(0)]))).toEqual(empty)
    expect(copies(readChunks(window, () => 0))).toEqual(empty)
    expect(await copiesLater(chunkStream(window, later([])))).toEqual(empty)
  })

  it('serve one content after another from the same window, also when one was given up halfway', () => {
    const wanted = copies(chunkStreamSync(window, [bytes]))
    for (const chunk of chunkStreamSync(window, [xorshiftBytes(1, 10_000)])) if (chunk.length > 0) break
    expect(copies(chunkStreamSync(window, [bytes]))).toEqual(wanted)
  })
})
