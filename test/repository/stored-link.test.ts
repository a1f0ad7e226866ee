import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CID, cidFromDigest, DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { cidOfId, digestId, idOf } from '../../src/cid/digest-id.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import type { ValueCodec } from '../../src/manifest/interface.ts'
import { decodeNode } from '../../src/manifest/node.ts'
import { linkCodec } from '../../src/repository/link-codec.ts'
import { StoredLink, storedLinkCodec } from '../../src/repository/stored-link.ts'

const digests = fc.uint8Array({ minLength: 32, maxLength: 32 })
const hashes = fc.constantFrom({ code: 0x12 } as const, { code: 0x1e } as const)

/** The values of a leaf as texts of CIDs, or why it is refused. */
function valuesOf<V>(block: Uint8Array, codec: ValueCodec<V>, cid: (value: V) => CID): readonly string[] | string {
  try {
    const node = decodeNode(block, codec)
    return node.kind === 'leaf' ? node.items.map(({ value }) => cid(value).toString()) : 'no leaf'
  } catch (error) {
    return (error as Error).message
  }
}

const bothWays = (block: Uint8Array): unknown[] => [valuesOf(block, linkCodec, (cid) => cid), valuesOf(block, storedLinkCodec, ({ cid }) => cid)]

describe('a digest as an identity', () => {
  it('is that of the CID, wherever it stands, and comes back as one', () => {
    fc.assert(fc.property(digests, hashes, fc.nat(9), (digest, hash, before) => {
      const cid = cidFromDigest(hash, DAG_CBOR_CODE, digest)
      const bytes = new Uint8Array([...new Uint8Array(before), ...digest])
      expect(digestId(bytes, before)).toBe(idOf(cid))
      expect(cidOfId(hash, idOf(cid)).toString()).toBe(cid.toString())
    }))
  })
})

describe('a link that is read without making its CID', () => {
  it('is the one that the other codec reads, and is written as that writes it', () => {
    fc.assert(fc.property(fc.array(fc.tuple(digests, hashes), { minLength: 1, maxLength: 5 }), (links) => {
      const cids = links.map(([digest, hash]) => cidFromDigest(hash, DAG_CBOR_CODE, digest))
      const block = encodeCbor([0, cids.map((cid, at) => [0, Uint8Array.of(at + 1), [cid]])])
      const [expected, read] = bothWays(block)
      expect(read).toEqual(expected)
      expect(read).toEqual(cids.map(String))
      for (const cid of cids) {
        const stored = StoredLink.of(cid)
        expect(encodeCbor(storedLinkCodec.encode(stored))).toEqual(encodeCbor(linkCodec.encode(cid)))
        expect(storedLinkCodec.weigh(stored)).toBe(linkCodec.weigh(cid))
        expect(storedLinkCodec.equals(stored, new StoredLink(stored.hash, stored.id))).toBe(true)
        expect(storedLinkCodec.equals(stored, new StoredLink(stored.hash === 0x12 ? 0x1e : 0x12, stored.id))).toBe(false)
      }
    }))
  })

  it('is refused in the same words if it is anything else, cut short or altered in any byte', () => {
    const digest = new Uint8Array(32).fill(7)
    const link = cidFromDigest({ code: 0x12 }, DAG_CBOR_CODE, digest)
    const other = cidFromDigest({ code: 0x12 }, RAW_CODE, digest)
    for (const value of [null, 7, link, [other], [link, link], [], ['a'], [[link]], [new Uint8Array(37)]]) {
      const [expected, read] = bothWays(encodeCbor([0, [[0, Uint8Array.of(1), value]]]))
      expect(typeof read).toBe('string')
      expect(read).toBe(expected)
    }
    const sound = encodeCbor([0, [[0, Uint8Array.of(1), [link]]]])
    for (let at = 0; at < sound.length; at++) {
      const [cut, altered] = [sound.slice(0, at), sound.slice()]
      altered[at] = (altered[at] ?? 0) ^ 0x11
      for (const block of [cut, altered]) {
        const [expected, read] = bothWays(block)
        expect(read).toEqual(expected)
      }
    }
  })
})
