import { randomBytes } from 'node:crypto'
import * as zlib from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { zstdDecompressor } from '../../src/node/node-zstd.ts'
import { ZlibHandle } from '../../src/node/zlib-handle.ts'
import { isOneFrame } from '../../src/node/zstd-frame-end.ts'

const text = Buffer.from('all work and no play '.repeat(200))
const packed = zlib.deflateRawSync(text)
const room = new Uint8Array(16_384)
const use = { make: (): unknown => zlib.createInflateRaw(), flush: zlib.constants.Z_FINISH, resets: true }

describe('a handle of zlib', () => {
  test('writes where it is told, time and again', () => {
    const handle = new ZlibHandle(use)
    for (const at of [0, 100, 4000]) {
      expect(handle.run(packed, room, at, text.length + 1)).toBe(text.length)
      expect(Buffer.from(room.subarray(at, at + text.length)).equals(text)).toBe(true)
    }
  })

  test('says nothing of what is damaged, cut off or too large, and goes on', () => {
    const handle = new ZlibHandle(use)
    expect(handle.run(Buffer.from([7, 7, 7]), room, 0, 100)).toBeUndefined()
    expect(handle.run(packed.subarray(0, 20), room, 0, 8000)).toBeUndefined()
    expect(handle.run(packed, room, 0, text.length)).toBeUndefined()
    expect(handle.run(Buffer.concat([packed, packed]), room, 0, 8000)).toBeUndefined()
    expect(handle.run(packed, room, room.length - 10, 5000)).toBeUndefined()
    expect(handle.run(packed, room, 0, text.length + 1)).toBe(text.length)
  })

  test('does nothing where zlib is not as it is known, and asks once', () => {
    for (const strange of [{}, { _handle: null }, { _handle: { writeSync: () => undefined } }, { _handle: { writeSync: () => undefined, reset: () => undefined }, _writeState: [0, 0] }]) {
      let made = 0
      const handle = new ZlibHandle({ ...use, make: () => (made++, strange) })
      expect(handle.run(packed, room, 0, 8000)).toBeUndefined()
      expect(handle.run(packed, room, 0, 8000)).toBeUndefined()
      expect(made).toBe(1)
    }
  })

  test('throws nothing of what its calls throw', () => {
    const strange = { _handle: { writeSync: () => { throw new TypeError('other arguments') }, reset: () => undefined }, _writeState: new Uint32Array(2) }
    expect(new ZlibHandle({ ...use, make: () => strange }).run(packed, room, 0, 8000)).toBeUndefined()
  })

  test('that writes nothing at all is not believed', () => {
    const strange = { _handle: { writeSync: () => undefined, reset: () => undefined }, _writeState: new Uint32Array(2) }
    expect(new ZlibHandle({ ...use, make: () => strange }).run(packed, room, 0, 8000)).toBeUndefined()
  })
})

test.runIf('zstdCompressSync' in zlib)('one whole frame of Zstandard is told from what is cut off or goes on', () => {
  const compress = (zlib as unknown as { zstdCompressSync: (bytes: Uint8Array) => Uint8Array }).zstdCompressSync
  for (const size of [0, 1, 300, 4200, 300_000]) {
    const frame = compress(Buffer.alloc(size, text))
    expect(isOneFrame(frame)).toBe(true)
    for (let length = 0; length < frame.length; length += Math.ceil(frame.length / 200)) expect(isOneFrame(frame.subarray(0, length))).toBe(false)
    expect(isOneFrame(Buffer.concat([frame, frame]))).toBe(false)
    expect(isOneFrame(Buffer.concat([frame, Buffer.alloc(1)]))).toBe(false)
  }
})

test.runIf('zstdCompressSync' in zlib)('a handle of Zstandard begins anew after what it could not make sense of', () => {
  const frame = (zlib as unknown as { zstdCompressSync: (bytes: Uint8Array) => Uint8Array }).zstdCompressSync(text)
  const handle = zstdDecompressor()
  for (const damaged of [frame.subarray(4), frame.map((byte, at) => (at > 20 ? byte ^ 0xff : byte)), Buffer.concat([frame, frame])]) {
    expect(handle?.run(damaged, room, 0, 8000)).toBeUndefined()
    expect(handle?.run(frame, room, 0, text.length + 1)).toBe(text.length)
  }
})

describe('the platform', () => {
  test('compresses as the documented calls do, whatever came before', () => {
    for (const bytes of [text, Buffer.alloc(0), Buffer.from('x'), randomBytes(5000), Buffer.concat([text, randomBytes(300)]), text]) {
      const made = nodePlatform.deflate(bytes, 'fast')
      expect(Buffer.from(made).equals(zlib.deflateRawSync(bytes, { level: 1 }))).toBe(true)
      expect(Buffer.from(nodePlatform.inflate(made, bytes.length)).equals(bytes)).toBe(true)
    }
    expect(nodePlatform.deflate(text, 'best')).toEqual(zlib.deflateRawSync(text, { level: 9 }))
  })

  test('refuses what is damaged or of another length, and what it gave before stays as it is', () => {
    const first = nodePlatform.inflate(packed, text.length)
    for (const [bytes, size] of [[packed, text.length - 1], [packed, text.length + 1], [packed, 0], [packed.subarray(0, 20), text.length], [Buffer.from([7, 7, 7]), 100]] as const) expect(() => nodePlatform.inflate(bytes, size)).toThrow()
    expect(nodePlatform.inflate(zlib.deflateRawSync(Buffer.alloc(4000, 'z')), 4000)).toHaveLength(4000)
    expect(Buffer.from(first).equals(text)).toBe(true)
  })
})
