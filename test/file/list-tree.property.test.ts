import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { appendToList, buildList, listChunks, type ListLink, verifyList } from '../../src/file/index.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { CLOSING_LEAF, collect, hasher, OPEN_LEAF, randomLeaves } from './made-up-leaves.ts'

const POOL = randomLeaves(42, 20_000)

/** Runs of random leaves, of leaves that end a node and of leaves that never do, so that nodes end for every reason. */
const run = fc.oneof(
  fc.tuple(fc.nat({ max: POOL.length - 1 }), fc.nat({ max: 900 })).map(([from, count]) => POOL.slice(from, from + count)),
  fc.nat({ max: 600 }).map((count) => Array.from({ length: count }, () => CLOSING_LEAF)),
  fc.nat({ max: 600 }).map((count) => Array.from({ length: count }, () => OPEN_LEAF)),
  fc.constant([CLOSING_LEAF]),
)
const leavesOf = (minLength: number): fc.Arbitrary<ListLink[]> => fc.array(run, { minLength, maxLength: 5 }).map((runs) => runs.flat())
const someLeaves = leavesOf(1).filter((leaves) => leaves.length > 0)

function withOffsets(leaves: readonly ListLink[]): { cid: string; size: number; offset: number }[] {
  let offset = 0
  return leaves.map(({ cid, size }) => {
    const at = offset
    offset += size
    return { cid: cid.toString(), size, offset: at }
  })
}

async function plain(chunks: AsyncIterable<ListLink & { offset: number }>): Promise<{ cid: string; size: number; offset: number }[]> {
  return (await collect(chunks)).map(({ cid, size, offset }) => ({ cid: cid.toString(), size, offset }))
}

describe('a list tree', () => {
  it('gives back its leaves, and passes verification', async () => {
    await fc.assert(
      fc.asyncProperty(someLeaves, async (leaves) => {
        const blocks = new MemoryBlocks(hasher)
        const root = await buildList(blocks, leaves)
        const wanted = withOffsets(leaves)
        expect(await plain(listChunks(blocks, root))).toEqual(wanted)
        expect(await plain(verifyList(blocks, root))).toEqual(wanted)
      }),
      { numRuns: 40 },
    )
  })

  it('gives the leaves that overlap a range', async () => {
    await fc.assert(
      fc.asyncProperty(someLeaves, fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 5000 })), { minLength: 1, maxLength: 8 }), async (leaves, ranges) => {
        const blocks = new MemoryBlocks(hasher)
        const root = await buildList(blocks, leaves)
        const all = withOffsets(leaves)
        for (const [part, length] of ranges) {
          const start = Math.floor(part * root.size)
          const end = start + length
          const wanted = length === 0 ? [] : all.filter(({ offset, size }) => offset < end && offset + size > start)
          expect(await plain(listChunks(blocks, root, { range: { start, end } }))).toEqual(wanted)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('is the same tree whether its leaves come at once or are appended part by part', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(leavesOf(0), { minLength: 1, maxLength: 4 }), async (parts) => {
        const leaves = parts.flat()
        fc.pre(leaves.length > 0)
        const blocks = new MemoryBlocks(hasher)
        let root: ListLink | null = null
        for (const part of parts) if (root !== null || part.length > 0) root = await appendToList(blocks, blocks, root, part)
        expect(root).toEqual(await buildList(new MemoryBlocks(hasher), leaves))
      }),
      { numRuns: 40 },
    )
  })
})
