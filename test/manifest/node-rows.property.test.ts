import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, toHex } from '../../src/bytes.ts'
import { cidOf, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { MalformedDataError } from '../../src/errors.ts'
import type { TreeItem } from '../../src/manifest/interface.ts'
import { decodeNode, encodeInner, encodeLeaf, type TreeLink } from '../../src/manifest/node.ts'
import { bytesCodec, hasher } from './made-up-trees.ts'

const key = fc.uint8Array({ minLength: 1, maxLength: 4, max: 3 })
const rows = fc.uniqueArray(fc.tuple(key, fc.nat(3)), { selector: ([bytes]) => toHex(bytes), maxLength: 20, minLength: 1 }).map((list) => list.sort(([a], [b]) => compareBytes(a, b)))

function leaf(list: readonly (readonly [Uint8Array, number])[]): Uint8Array {
  return encodeLeaf(list.map(([key, value]): TreeItem<Uint8Array> => ({ key, value: new Uint8Array(3).fill(value) })), bytesCodec)
}

function inner(list: readonly (readonly [Uint8Array, number])[]): Uint8Array {
  return encodeInner(1, list.map(([key, value]): TreeLink => ({ key, cid: cidOf(hasher, DAG_CBOR_CODE, Uint8Array.of(value)), count: value + 1 })))
}

/** A node read beside another, without what the comparison alone needs. */
function readBeside(bytes: Uint8Array, twin: Uint8Array): unknown {
  const { encoded: _encoded, ...node } = decodeNode(bytes, bytesCodec, { twin: decodeNode(twin, bytesCodec, { twin: undefined }) })
  return node
}

describe('a node that is read beside another', () => {
  it.each([['leaf', leaf], ['inner node', inner]] as const)('is the same %s as without', (_kind, encode) => {
    fc.assert(fc.property(rows, rows, (a, b) => {
      expect(readBeside(encode(a), encode(b))).toEqual(decodeNode(encode(a), bytesCodec))
      expect(readBeside(encode(a), encode(a))).toEqual(decodeNode(encode(a), bytesCodec))
    }))
  })

  it('takes over every row that both have behind the same key', () => {
    fc.assert(fc.property(rows, fc.nat(), (list, at) => {
      const changed = list.map(([key, value], index): [Uint8Array, number] => [key, index === at % list.length ? value + 10 : value])
      const before = decodeNode(leaf(list), bytesCodec, { twin: undefined })
      const after = decodeNode(leaf(changed), bytesCodec, { twin: before })
      if (before.kind !== 'leaf' || after.kind !== 'leaf') throw new Error('unreachable')
      expect(after.items.filter((item, index) => item !== before.items[index])).toHaveLength(1)
    }))
  })

  it('is refused if a row is that of the other node, but stands behind another key', () => {
    const value = new Uint8Array(1)
    const last = [1, Uint8Array.of(3, 5), value]
    const twin = encodeCbor([0, [[0, Uint8Array.of(1), value], last]])
    const hostile = encodeCbor([0, [[0, Uint8Array.of(1), value], [1, Uint8Array.of(3), value], last]])
    expect(() => readBeside(hostile, twin)).toThrow(/shares more/)
  })

  it('is refused for what it would be refused for alone', () => {
    fc.assert(fc.property(rows, rows, fc.nat(), fc.nat(255), (a, b, at, byte) => {
      const damaged = leaf(a)
      damaged[at % damaged.length] = byte
      let alone: unknown
      try {
        alone = decodeNode(damaged, bytesCodec)
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedDataError)
        for (const twin of [a, b]) expect(() => readBeside(damaged, leaf(twin))).toThrow(MalformedDataError)
        return
      }
      for (const twin of [a, b]) expect(readBeside(damaged, leaf(twin))).toEqual(alone)
    }), { numRuns: 500 })
  })
})
