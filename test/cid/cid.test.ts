import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/bytes.ts'
import { assertOwnCid, cidFromDigest, cidOf, cidText, DAG_CBOR_CODE, parseCid, RAW_CODE } from '../../src/cid/cid.ts'
import { portablePlatform } from '../../src/cid/portable-platform.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'

describe('a CID', () => {
  it('of a raw block is what sha256sum says of the bytes', () => {
    const cid = cidOf(nodePlatform.hasher('sha2-256'), RAW_CODE, utf8('hello\n'))
    expect(Buffer.from(cid.multihash.digest).toString('hex')).toBe('5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03')
    expect(cidText(cid)).toBe('bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am')
  })

  it.each(['sha2-256', 'blake3'] as const)('is the same on both platforms: %s', (name) => {
    for (const length of [0, 1, 63, 64, 1000, 70_000]) {
      const bytes = new Uint8Array(length).map((_, index) => index * 7)
      expect(toHex(nodePlatform.hasher(name).digest(bytes))).toBe(toHex(portablePlatform.hasher(name).digest(bytes)))
    }
  })

  it('has the text that multiformats gives it', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constantFrom(RAW_CODE, DAG_CBOR_CODE, 0x70), fc.constantFrom(0x12, 0x1e), (digest, code, hash) => {
      const cid = CID.createV1(code, createDigest(hash, digest))
      expect(cidText(cid)).toBe(cid.toString())
    }))
    for (const other of [CID.createV0(createDigest(0x12, new Uint8Array(32).fill(200))), CID.createV1(0x1234, createDigest(0x13, new Uint8Array(64).fill(9)))]) expect(cidText(other)).toBe(other.toString())
  })

  it('is read back from its text', () => {
    const cid = cidOf(nodePlatform.hasher('sha2-256'), DAG_CBOR_CODE, utf8('x'))
    expect(parseCid(cidText(cid)).equals(cid)).toBe(true)
  })

  it.each(['', 'hello', 'bafkrei', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'])('that varve never writes is refused: %j', (text) => {
    expect(() => parseCid(text)).toThrow(expect.objectContaining({ code: expect.stringMatching(/INVALID_ARGUMENT|MALFORMED_DATA/) as string }))
  })

  it('is its own, though many are made and share memory; one that is kept keeps little', () => {
    const hasher = nodePlatform.hasher('sha2-256')
    const made = Array.from({ length: 200 }, (_, index) => ({ cid: cidFromDigest(hasher, index % 2 === 0 ? RAW_CODE : DAG_CBOR_CODE, hasher.digest(utf8(String(index)))), index }))
    for (const { cid, index } of made) {
      const expected = CID.createV1(index % 2 === 0 ? RAW_CODE : DAG_CBOR_CODE, createDigest(0x12, hasher.digest(utf8(String(index)))))
      expect(cid.equals(expected)).toBe(true)
      expect(toHex(cid.bytes)).toBe(toHex(expected.bytes))
      expect(toHex(cid.multihash.bytes)).toBe(toHex(expected.multihash.bytes))
      expect(cidText(cid)).toBe(expected.toString())
      expect(cid.bytes.buffer.byteLength).toBeLessThanOrEqual(1024)
    }
  })

  it('that writes a number in more bytes than it needs is refused', () => {
    const { bytes } = cidOf(nodePlatform.hasher('sha2-256'), RAW_CODE, utf8('x'))
    const padded = Uint8Array.from([0x01, 0xd5, 0x00, ...bytes.subarray(2)])
    let decoded: CID | undefined
    try {
      decoded = CID.decode(padded)
    } catch {
      // The library refuses it by itself: just as well.
    }
    if (decoded !== undefined) expect(() => assertOwnCid(decoded)).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA' }))
  })
})

describe('deflate', () => {
  it('of one platform is inflated by the other, and never beyond the declared size', () => {
    const bytes = utf8('a,b,c\n'.repeat(5000))
    for (const [writer, reader] of [[nodePlatform, portablePlatform], [portablePlatform, nodePlatform]] as const) {
      const packed = writer.deflate(bytes)
      expect(packed.length).toBeLessThan(bytes.length / 10)
      expect(Buffer.from(reader.inflate(packed, bytes.length)).equals(bytes)).toBe(true)
      expect(() => reader.inflate(packed, bytes.length - 1)).toThrow()
      expect(() => reader.inflate(packed, bytes.length + 1)).toThrow()
      expect(() => reader.inflate(packed.subarray(0, packed.length >> 1), bytes.length)).toThrow()
    }
  })
})
