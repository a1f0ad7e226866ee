import { describe, expect, it } from 'vitest'
import { type BlockCode, type CID, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { closesNode } from '../../src/file/boundary.ts'
import { buildList, listChunks, type ListLink, verifyList } from '../../src/file/index.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { CLOSING_LEAF, collect, hasher, linkOf, OPEN_LEAF, randomLeaves } from './made-up-leaves.ts'

type Links = readonly (readonly [unknown, unknown])[]

function node(blocks: MemoryBlocks, level: unknown, links: Links): CID {
  return blocks.put(DAG_CBOR_CODE, encodeCbor([level, links]))
}

function repeated({ cid, size }: ListLink, count: number): Links {
  return Array.from({ length: count }, () => [cid, size] as const)
}

const MALFORMED = { code: 'MALFORMED_DATA' }
const a = OPEN_LEAF.cid
const pair: Links = [[a, 10], [a, 10]]

describe('listChunks', () => {
  it('reads one node a level for a small range', async () => {
    const blocks = new MemoryBlocks(hasher)
    const root = await buildList(blocks, randomLeaves(9, 30_000))
    const nodes = blocks.writes
    blocks.reads = 0
    const found = await collect(listChunks(blocks, root, { range: { start: 12_000_000, end: 12_000_001 } }))
    expect(found).toHaveLength(1)
    expect(nodes).toBeGreaterThan(20)
    expect(blocks.reads).toBe(2)
  })

  it('gives a file of one chunk that chunk, without reading anything', async () => {
    const blocks = new MemoryBlocks(hasher)
    const chunk = linkOf(new Uint8Array(32), 500)
    expect(await collect(listChunks(blocks, chunk))).toEqual([{ ...chunk, offset: 0 }])
    expect(await collect(listChunks(blocks, chunk, { range: { start: 499, end: 9999 } }))).toHaveLength(1)
    expect(await collect(listChunks(blocks, chunk, { range: { start: 500, end: 9999 } }))).toHaveLength(0)
    expect(blocks.reads).toBe(0)
  })

  it('gives an empty file its empty chunk', async () => {
    const empty = linkOf(hasher.digest(new Uint8Array(0)), 0)
    expect(await collect(listChunks(new MemoryBlocks(hasher), empty))).toEqual([{ ...empty, offset: 0 }])
    expect(await collect(listChunks(new MemoryBlocks(hasher), empty, { range: { start: 0, end: 10 } }))).toEqual([])
  })

  it('gives a log of one operation that operation, without reading anything', async () => {
    const blocks = new MemoryBlocks(hasher)
    const operation = linkOf(new Uint8Array(32), 1, DAG_CBOR_CODE)
    expect(await collect(listChunks(blocks, operation, { leafCode: DAG_CBOR_CODE }))).toEqual([{ ...operation, offset: 0 }])
  })

  it.each([[-1, 5], [5, 4], [0, 1.5], [Number.NaN, 5], [0, Infinity]])('refuses the range %s to %s', async (start, end) => {
    await expect(collect(listChunks(new MemoryBlocks(hasher), OPEN_LEAF, { range: { start, end } }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('lets an error of the source through', async () => {
    const absent = linkOf(new Uint8Array(32), 20, DAG_CBOR_CODE)
    await expect(collect(listChunks(new MemoryBlocks(hasher), absent))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a hostile list is refused', () => {
  const rules: readonly (readonly [string, (blocks: MemoryBlocks) => ListLink])[] = [
    ['when the top node has one link', (blocks) => ({ cid: node(blocks, 1, [[a, 10]]), size: 10 })],
    ['when the top node has no links', (blocks) => ({ cid: node(blocks, 1, []), size: 0 })],
    ['when an inner node has no links', (blocks) => ({ cid: node(blocks, 2, [[node(blocks, 1, pair), 20], [node(blocks, 1, []), 5]]), size: 25 })],
    ['when a node has more than 4,096 links', (blocks) => ({ cid: node(blocks, 1, repeated(OPEN_LEAF, 4097)), size: 40_970 })],
    ['when the level is 0', (blocks) => ({ cid: node(blocks, 0, pair), size: 20 })],
    ['when it is higher than 12', (blocks) => ({ cid: node(blocks, 13, [[node(blocks, 12, pair), 20], [node(blocks, 12, pair), 20]]), size: 40 })],
    ['when the level is no integer', (blocks) => ({ cid: node(blocks, '1', pair), size: 20 })],
    ['when a level is skipped', (blocks) => ({ cid: node(blocks, 3, repeated({ cid: node(blocks, 1, pair), size: 20 }, 2)), size: 40 })],
    ['when levels do not fall', (blocks) => ({ cid: node(blocks, 2, repeated({ cid: node(blocks, 2, [[node(blocks, 1, pair), 20]]), size: 20 }, 2)), size: 40 })],
    ['when sizes add up to less than the parent says', (blocks) => ({ cid: node(blocks, 1, pair), size: 21 })],
    ['when sizes add up to more than the parent says', (blocks) => ({ cid: node(blocks, 1, pair), size: 19 })],
    ['when an inner node is not of the size that its link says', (blocks) => ({ cid: node(blocks, 2, [[node(blocks, 1, pair), 20], [node(blocks, 1, pair), 30]]), size: 50 })],
    ['when sizes add up beyond what numbers hold exactly', (blocks) => ({ cid: node(blocks, 2, repeated({ cid: node(blocks, 1, pair), size: Number.MAX_SAFE_INTEGER }, 2)), size: Number.MAX_SAFE_INTEGER })],
    ['when a link has size 0', (blocks) => ({ cid: node(blocks, 1, [...pair, [a, 0]]), size: 20 })],
    ['when a chunk is larger than 1 MiB', (blocks) => ({ cid: node(blocks, 1, [[a, 10], [a, 1_048_577]]), size: 1_048_587 })],
    ['when the only chunk is larger than 1 MiB', () => ({ cid: a, size: 1_048_577 })],
    ['when level 1 links a node', (blocks) => ({ cid: node(blocks, 1, repeated({ cid: node(blocks, 1, pair), size: 20 }, 2)), size: 40 })],
    ['when level 2 links a chunk', (blocks) => ({ cid: node(blocks, 2, [[node(blocks, 1, pair), 20], [a, 10]]), size: 30 })],
    ['when a link is no CID', (blocks) => ({ cid: node(blocks, 1, [[a, 10], ['bafk', 10]]), size: 20 })],
    ['when a link has a third field', (blocks) => ({ cid: blocks.put(DAG_CBOR_CODE, encodeCbor([1, [[a, 10], [a, 10, 0]]])), size: 20 })],
    ['when a node has a third field', (blocks) => ({ cid: blocks.put(DAG_CBOR_CODE, encodeCbor([1, pair, 0])), size: 20 })],
    ['when a node is larger than 1 MiB', (blocks) => ({ cid: blocks.put(DAG_CBOR_CODE, encodeCbor([1, new Uint8Array(1_048_577)])), size: 20 })],
    ['when a node is not canonical dag-cbor', (blocks) => ({ cid: blocks.put(DAG_CBOR_CODE, Uint8Array.of(0x82, 0x18, 0x01, 0x80)), size: 20 })],
    ['when the content is of an unknown codec', () => ({ cid: linkOf(new Uint8Array(32), 20, 0x70 as BlockCode).cid, size: 20 })],
  ]

  it.each(rules)('%s', async (_rule, make) => {
    const blocks = new MemoryBlocks(hasher)
    const root = make(blocks)
    await expect(collect(listChunks(blocks, root))).rejects.toMatchObject(MALFORMED)
    await expect(collect(verifyList(blocks, root))).rejects.toMatchObject(MALFORMED)
  })

  it('with the CID of the node at fault', async () => {
    const blocks = new MemoryBlocks(hasher)
    const cid = node(blocks, 1, pair)
    await expect(collect(listChunks(blocks, { cid, size: 21 }))).rejects.toMatchObject({ data: { cid: cid.toString() } })
  })
})

describe('verifyList', () => {
  it('accepts a file of one chunk', async () => {
    expect(await collect(verifyList(new MemoryBlocks(hasher), OPEN_LEAF))).toHaveLength(1)
  })

  const wrong: readonly (readonly [string, (blocks: MemoryBlocks) => ListLink])[] = [
    ['a node that ends too early', (blocks) => ({ cid: node(blocks, 2, repeated({ cid: node(blocks, 1, repeated(OPEN_LEAF, 300)), size: 3000 }, 2)), size: 6000 })],
    ['a node that goes on after a link that ends it', (blocks) => ({ cid: node(blocks, 1, [...repeated(CLOSING_LEAF, 256), [a, 10]]), size: 2570 })],
    [
      'a last node of its level that goes on after a link that ends it',
      (blocks) => {
        const full = node(blocks, 1, repeated(CLOSING_LEAF, 256))
        return { cid: node(blocks, 2, [[full, 2560], [node(blocks, 1, repeated(CLOSING_LEAF, 257)), 2570]]), size: 5130 }
      },
    ],
  ]

  it('refuses a node that ends too early below a node that ends rightly', async () => {
    const blocks = new MemoryBlocks(hasher)
    const sound = { cid: node(blocks, 1, repeated(CLOSING_LEAF, 256)), size: 2560 }
    // A node of one leaf whose own CID ends the node above it, found by trying sizes of its leaf.
    let size = 0
    let early: CID
    do early = node(blocks, 1, [[a, ++size]])
    while (!closesNode(256, { cid: early, size }))
    const first = node(blocks, 2, [...repeated(sound, 255), [early, size]])
    const top = node(blocks, 3, [[first, 255 * 2560 + size], [node(blocks, 2, repeated(sound, 1)), 2560]])
    const root = { cid: top, size: 256 * 2560 + size }
    expect(await collect(listChunks(blocks, root))).toHaveLength(256 * 256 + 1)
    await expect(collect(verifyList(blocks, root))).rejects.toMatchObject(MALFORMED)
  })

  it.each(wrong)('refuses %s, which reading lets pass', async (_what, make) => {
    const blocks = new MemoryBlocks(hasher)
    const root = make(blocks)
    await expect(collect(verifyList(blocks, root))).rejects.toMatchObject(MALFORMED)
    expect((await collect(listChunks(blocks, root))).length).toBeGreaterThan(250)
  })
})
