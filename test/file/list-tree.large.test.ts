import { describe, expect, it } from 'vitest'
import { appendToList, ListBuilder, type ListLink } from '../../src/file/index.ts'
import type { MaybePromise } from '../../src/types.ts'
import { xorshiftBytes } from '../chunker/generated-input.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { hasher, OPEN_LEAF, randomLeaves } from './made-up-leaves.ts'

describe('a list of a million leaves', () => {
  it('writes few nodes for an appended and for an inserted leaf', async () => {
    // A million draws from fewer leaves: their order is as random, and they are made faster.
    const pool = randomLeaves(5, 65_536)
    const draws = new Uint16Array(xorshiftBytes(6, 2_000_000).buffer)
    const leaves = Array.from(draws, (draw) => pool[draw] as ListLink)
    const blocks = new MemoryBlocks(hasher)
    const build = (sink: MemoryBlocks, links: readonly ListLink[]): MaybePromise<ListLink> => {
      const builder = new ListBuilder(sink)
      for (const link of links) void builder.push(link)
      return builder.finish()
    }
    const root = await build(blocks, leaves)
    const total = blocks.writes
    expect(total).toBeGreaterThan(900)
    expect(total).toBeLessThan(1100)

    await appendToList(blocks, blocks, root, [OPEN_LEAF])
    const afterAppend = blocks.writes
    expect(blocks.reads).toBeLessThanOrEqual(3)
    expect(afterAppend - total).toBeLessThanOrEqual(3)

    leaves.splice(400_000, 0, OPEN_LEAF)
    await build(blocks, leaves)
    expect(blocks.writes - afterAppend).toBeLessThanOrEqual(4)
  })
})
