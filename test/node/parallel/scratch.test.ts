import { describe, expect, test } from 'vitest'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { Scratch } from '../../../src/node/parallel/scratch.ts'

const SIZE = 256 * 1024
const text = new Uint8Array(SIZE).map((_, index) => (index * index) % 61)
/** Node 20 cannot free memory before the garbage collector does. */
const canFree = 'transfer' in ArrayBuffer.prototype

describe('the scratch memory of a thread', () => {
  test('gives what the platform gives', () => {
    const { platform } = new Scratch()
    expect(Buffer.from(platform.deflate(text)).equals(nodePlatform.deflate(text))).toBe(true)
    expect(Buffer.from(platform.inflate(nodePlatform.deflate(text), SIZE)).equals(text)).toBe(true)
    expect(platform.zstd === undefined).toBe(nodePlatform.zstd === undefined)
    if (platform.zstd !== undefined) expect(Buffer.from(platform.unzstd(platform.zstd(text), SIZE)).equals(text)).toBe(true)
  })

  test.runIf(canFree)('frees all that was made, when it is released and not before', () => {
    const scratch = new Scratch()
    const packed = scratch.platform.deflate(text)
    const plain = scratch.platform.inflate(packed, SIZE)
    expect([packed.buffer.byteLength > 0, plain.buffer.byteLength > 0]).toEqual([true, true])
    scratch.release()
    expect([packed.buffer.byteLength, plain.buffer.byteLength]).toEqual([0, 0])
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
