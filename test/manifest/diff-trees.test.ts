import { describe, expect, it } from 'vitest'
import { compareBytes, utf8 } from '../../src/bytes.ts'
import type { CID } from '../../src/cid/cid.ts'
import { diffTrees } from '../../src/manifest/diff-trees.ts'
import type { TreeItem } from '../../src/manifest/interface.ts'
import { decodeNode, type TreeLink } from '../../src/manifest/node.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { buildTree, bytesCodec, collect, hasher } from './made-up-trees.ts'

const items = Array.from({ length: 1500 }, (_, index): TreeItem<Uint8Array> => ({ key: utf8(String(index).padStart(5, '0')), value: new Uint8Array(1000).fill(index) }))

function linksOf(blocks: MemoryBlocks, root: CID): readonly TreeLink[] {
  const node = decodeNode(blocks.get(root), bytesCodec)
  return node.kind === 'inner' ? node.links : []
}

/** Differences between all items and some, and the nodes that were read to find them. */
async function compare(keep: (item: TreeItem<Uint8Array>, links: readonly TreeLink[]) => boolean): Promise<{ removed: number; reads: number; leaves: number }> {
  const blocks = new MemoryBlocks(hasher)
  const all = await buildTree(blocks, items)
  const links = linksOf(blocks, all)
  const some = await buildTree(blocks, items.filter((item) => keep(item, links)))
  blocks.reads = 0
  const differences = await collect(diffTrees(blocks, all, some, bytesCodec))
  const { reads } = blocks
  expect(await collect(diffTrees(blocks, some, all, bytesCodec))).toHaveLength(differences.length)
  expect(blocks.reads).toBe(2 * reads)
  return { removed: differences.length, reads, leaves: links.length }
}

const upTo = (item: TreeItem<Uint8Array>, link: TreeLink | undefined): boolean => link !== undefined && compareBytes(item.key, link.key) <= 0

describe('diffTrees', () => {
  it('reads nothing for a tree and itself', async () => {
    const blocks = new MemoryBlocks(hasher)
    const root = await buildTree(blocks, items)
    blocks.reads = 0
    expect(await collect(diffTrees(blocks, root, root, bytesCodec))).toEqual([])
    expect(blocks.reads).toBe(0)
  })

  it('does not read leaves that stand at another position', async () => {
    const { removed, reads, leaves } = await compare((item, links) => !upTo(item, links[2]))
    expect(leaves).toBeGreaterThan(20)
    expect(removed).toBeGreaterThan(0)
    // Both tops and the three leaves that are gone.
    expect(reads).toBe(5)
  })

  it('does not read the leaves on either side of a gap', async () => {
    expect(await compare((item, links) => upTo(item, links[3]) || !upTo(item, links[5]))).toMatchObject({ reads: 4 })
  })

  it('reads a tree that is one leaf of the other on both sides, since tops are read to learn their level', async () => {
    const { removed, reads, leaves } = await compare((item, links) => upTo(item, links[0]))
    expect(removed).toBeGreaterThan(1000)
    expect(reads).toBe(2 + leaves)
  })
})
