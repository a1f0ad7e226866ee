import { describe, expect, test } from 'vitest'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { Scratch } from '../../../src/node/parallel/scratch.ts'

const SIZE = 256 * 1024
const text = new Uint8Array(SIZE).map((_, index) => (index * index) % 61)
/** Node 20 cannot free memory before the garbage collector does. */
const canFree = 'transfer' in ArrayBuffer.prototype

function bound(scratch: Scratch): { readonly platform: Scratch['platform']; readonly release: () => void } {
  return { platform: scratch.platform, release: () => scratch.release() }
}

function outcome(work: () => Uint8Array): string {
  try {
    return Buffer.from(work()).toString('base64')
  } catch (error) {
    return (error as Error).message
  }
}

describe('the scratch memory of a thread', () => {
  test('gives what the platform gives', () => {
    const { platform } = new Scratch()
    expect(Buffer.from(platform.deflate(text)).equals(nodePlatform.deflate(text))).toBe(true)
    expect(Buffer.from(platform.inflate(nodePlatform.deflate(text), SIZE)).equals(text)).toBe(true)
    expect(platform.zstd === undefined).toBe(nodePlatform.zstd === undefined)
    if (platform.zstd !== undefined) expect(Buffer.from(platform.unzstd(platform.zstd(text), SIZE)).equals(text)).toBe(true)
  })

  test('gives the same of many small blocks, one after another, and after damaged ones', () => {
    const { platform, release } = bound(new Scratch())
    for (let index = 0; index < 300; index++) {
      const bytes = text.subarray(index, index * 30 + 300)
      const [deflated, zstd] = [nodePlatform.deflate(bytes), nodePlatform.zstd?.(bytes)]
      for (const [packed, open] of [[deflated, platform.inflate], [zstd, platform.unzstd]] as const) {
        if (packed === undefined) continue
        expect(Buffer.from(open(packed, bytes.length)).equals(bytes)).toBe(true)
        // Cut off anywhere, with a byte changed, or of another size: what the documented call says of it, and then all goes on.
        const damaged = index % 3 === 0 ? packed.subarray(0, packed.length - 1 - (index % 7)) : packed.map((byte, at) => (at === (index * 31) % packed.length ? byte ^ 0x40 : byte))
        const size = index % 5 === 0 ? bytes.length - 1 : bytes.length
        expect(outcome(() => open(damaged, size))).toEqual(outcome(() => (open === platform.inflate ? nodePlatform.inflate : nodePlatform.unzstd)(damaged, size)))
      }
      if (platform.zstd !== undefined) expect(Buffer.from(platform.zstd(bytes)).equals(nodePlatform.zstd?.(bytes) ?? new Uint8Array())).toBe(true)
      release()
    }
  })

  test('gives what cannot be compressed into the room for it', () => {
    const { platform } = new Scratch()
    if (platform.zstd === undefined) return expect(nodePlatform.zstd).toBeUndefined()
    let state = 1
    const noise = new Uint8Array(SIZE).map(() => (state = (state * 48271) % 0x7fffffff) >> 8)
    for (const bytes of [noise, text, noise]) expect(Buffer.from(platform.unzstd(platform.zstd(bytes), SIZE)).equals(bytes)).toBe(true)
  })

  test('uses its memory again after a release, and not before', () => {
    const { platform, release } = bound(new Scratch())
    const [packed, other] = [nodePlatform.deflate(text), nodePlatform.deflate(text.subarray(1))]
    const first = platform.inflate(packed, SIZE)
    platform.inflate(other, SIZE - 1)
    expect(Buffer.from(first).equals(text)).toBe(true)
    release()
    const again = platform.inflate(packed, SIZE)
    release()
    expect(platform.inflate(other, SIZE - 1).buffer).toBe(again.buffer)
  })

  test.runIf(canFree)('frees all that was made elsewhere, when it is released and not before', () => {
    const scratch = new Scratch()
    const packed = scratch.platform.deflate(text)
    expect(packed.buffer.byteLength).toBeGreaterThan(0)
    scratch.release()
    expect(packed.buffer.byteLength).toBe(0)
  })

  test('leaves the pool alone that Node hands small buffers from', () => {
    const scratch = new Scratch()
    const neighbour = Buffer.allocUnsafe(8).fill(7)
    const small = scratch.platform.inflate(nodePlatform.deflate(text.subarray(0, 300)), 300)
    scratch.release()
    expect(Buffer.from(small).equals(text.subarray(0, 300))).toBe(true)
    expect([...neighbour]).toEqual(Array.from({ length: 8 }, () => 7))
  })

  test('leaves alone what was given to it', () => {
    const scratch = new Scratch()
    const packed = nodePlatform.deflate(text)
    scratch.platform.inflate(packed, SIZE)
    scratch.release()
    expect(Buffer.from(nodePlatform.inflate(packed, SIZE)).equals(text)).toBe(true)
  })
})
