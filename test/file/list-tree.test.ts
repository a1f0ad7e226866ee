import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { appendToList, buildList, ListBuilder, type ListLink } from '../../src/file/index.ts'
import { encodeListNode } from '../../src/file/list-node.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { CLOSING_LEAF, counterLeaves, hasher, linkOf, OPEN_LEAF, randomLeaves } from './made-up-leaves.ts'

interface Vector {
  readonly note: string
  readonly leaves: { readonly kind: 'counter'; readonly count: number; readonly code?: 'dag-cbor' } | { readonly kind: 'repeated'; readonly digest: string; readonly size: number; readonly count: number }
  readonly root: string
  readonly size: number
  readonly nodes: readonly number[]
}

const { cases } = JSON.parse(readFileSync(new URL('../vectors/list-tree.json', import.meta.url), 'utf8')) as { cases: readonly Vector[] }

function* leavesOf(leaves: Vector['leaves']): Generator<ListLink> {
  if (leaves.kind === 'counter') {
    yield* counterLeaves(leaves.count, leaves.code === undefined ? RAW_CODE : DAG_CBOR_CODE)
    return
  }
  const link = linkOf(Buffer.from(leaves.digest, 'hex'), leaves.size)
  for (let n = 0; n < leaves.count; n++) yield link
}

/** Counts the nodes of each level as they are written, repeated ones too. */
class CountingBlocks extends MemoryBlocks {
  readonly nodes: number[] = []

  override put(...[code, bytes]: Parameters<MemoryBlocks['put']>): ReturnType<MemoryBlocks['put']> {
    // After the head of the array, whose length is 2, comes the level, which is below 24.
    const level = bytes[1] as number
    this.nodes[level - 1] = (this.nodes[level - 1] ?? 0) + 1
    return super.put(code, bytes)
  }
}

describe('vectors of list trees', () => {
  it.each(cases)('$leaves.count leaves, $leaves.kind: $note', async ({ leaves, root, size, nodes }) => {
    const blocks = new CountingBlocks(hasher)
    const built = await buildList(blocks, leavesOf(leaves), 'code' in leaves ? { leafCode: DAG_CBOR_CODE } : {})
    expect({ root: built.cid.toString(), size: built.size, nodes: blocks.nodes }).toEqual({ root, size, nodes })
  })
})

describe('ListBuilder', () => {
  it('answers without promises when its sink does', () => {
    const builder = new ListBuilder(new MemoryBlocks(hasher))
    for (const link of randomLeaves(1, 3000)) expect(builder.push(link)).toBeUndefined()
    expect(builder.finish()).not.toBeInstanceOf(Promise)
  })

  it('builds the same tree into a sink that answers later', async () => {
    const blocks = new MemoryBlocks(hasher)
    const slow = { put: async (...[code, bytes]: Parameters<MemoryBlocks['put']>) => Promise.resolve(blocks.put(code, bytes)) }
    const leaves = randomLeaves(2, 6000)
    expect(await buildList(slow, leaves)).toEqual(await buildList(new MemoryBlocks(hasher), leaves))
  })

  it('makes one empty chunk the list of an empty file', () => {
    const builder = new ListBuilder(new MemoryBlocks(hasher))
    const empty = linkOf(hasher.digest(new Uint8Array(0)), 0)
    void builder.push(empty)
    expect(builder.finish()).toEqual(empty)
  })

  it('refuses to finish without leaves', () => {
    expect(() => new ListBuilder(new MemoryBlocks(hasher)).finish()).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  const digest = new Uint8Array(32).fill(7)
  it.each([
    ['an empty chunk after another', [OPEN_LEAF, linkOf(digest, 0)], RAW_CODE],
    ['a chunk after an empty one', [linkOf(digest, 0), OPEN_LEAF], RAW_CODE],
    ['a chunk larger than 1 MiB', [linkOf(digest, 1_048_577)], RAW_CODE],
    ['a fraction of a byte', [linkOf(digest, 1.5)], RAW_CODE],
    ['a node among chunks', [linkOf(digest, 10, DAG_CBOR_CODE)], RAW_CODE],
    ['a chunk among operations', [linkOf(digest, 1)], DAG_CBOR_CODE],
    ['an operation of another size than 1', [linkOf(digest, 2, DAG_CBOR_CODE)], DAG_CBOR_CODE],
    ['an operation of size 0', [linkOf(digest, 0, DAG_CBOR_CODE)], DAG_CBOR_CODE],
  ] as const)('refuses %s', async (_what, leaves, leafCode) => {
    await expect(buildList(new MemoryBlocks(hasher), leaves, { leafCode })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('appendToList', () => {
  it('begins a list where there is none', async () => {
    const blocks = new MemoryBlocks(hasher)
    expect(await appendToList(blocks, blocks, null, counterLeaves(300))).toEqual(await buildList(blocks, counterLeaves(300)))
    await expect(appendToList(blocks, blocks, null, [])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('gives the list itself, and writes nothing, when nothing is appended', async () => {
    const blocks = new MemoryBlocks(hasher)
    // The last node ended by the rule; by the end of the content; at the top alone.
    for (const leaves of [[...randomLeaves(3, 2000), ...Array.from({ length: 300 }, () => CLOSING_LEAF)], randomLeaves(3, 5000), counterLeaves(2), counterLeaves(1)]) {
      const root = await buildList(blocks, leaves)
      const { writes } = blocks
      expect(await appendToList(blocks, blocks, root, [])).toEqual(root)
      expect(blocks.writes).toBe(writes)
    }
  })

  it('goes on from a single chunk, which is no node', async () => {
    const blocks = new MemoryBlocks(hasher)
    const [first, ...rest] = counterLeaves(5)
    expect(await appendToList(blocks, blocks, first ?? null, rest)).toEqual(await buildList(blocks, counterLeaves(5)))
  })

  it('goes on from one operation, whose CID looks like that of a node', async () => {
    const blocks = new MemoryBlocks(hasher)
    const options = { leafCode: DAG_CBOR_CODE } as const
    const [first, ...rest] = counterLeaves(5, DAG_CBOR_CODE)
    expect(await appendToList(blocks, blocks, first ?? null, rest, options)).toEqual(await buildList(blocks, counterLeaves(5, DAG_CBOR_CODE), options))
  })

  it('goes on from a tree whose top node has ended, and so becomes the first of a new level', async () => {
    const blocks = new MemoryBlocks(hasher)
    const full = Array.from({ length: 256 }, () => CLOSING_LEAF)
    const root = await buildList(blocks, full)
    expect(await appendToList(blocks, blocks, root, [])).toEqual(root)
    expect(await appendToList(blocks, blocks, root, [OPEN_LEAF])).toEqual(await buildList(blocks, [...full, OPEN_LEAF]))
  })

  it('refuses an old list whose last node goes on after a link that ends it', async () => {
    const blocks = new MemoryBlocks(hasher)
    const links = [...Array.from({ length: 300 }, () => CLOSING_LEAF), OPEN_LEAF]
    const cid = blocks.put(DAG_CBOR_CODE, encodeListNode({ level: 1, links }))
    await expect(appendToList(blocks, blocks, { cid, size: 3010 }, [OPEN_LEAF])).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  })
})
