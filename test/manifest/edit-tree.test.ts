import { describe, expect, it } from 'vitest'
import { startsWithBytes, utf8 } from '../../src/bytes.ts'
import { InvalidArgumentError, MalformedDataError } from '../../src/errors.ts'
import { MAX_NODE_WEIGHT_BYTES } from '../../src/manifest/boundary.ts'
import { editTree } from '../../src/manifest/edit-tree.ts'
import type { TreeItem, ValueCodec } from '../../src/manifest/interface.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { buildTree, bytesCodec, hasher } from './made-up-trees.ts'

/** A value so heavy that the leaf ends with it, whatever the key. */
const heavy = new Uint8Array(MAX_NODE_WEIGHT_BYTES)
const light = Uint8Array.of(1)

function item(key: string, value: Uint8Array = heavy): TreeItem<Uint8Array> {
  return { key: utf8(key), value }
}

describe('editTree', () => {
  it('goes on with the last leaf when keys are added behind it', async () => {
    const blocks = new MemoryBlocks(hasher)
    const root = await buildTree(blocks, [item('a'), item('b'), item('c', light)])
    const edited = await editTree(blocks, blocks, root, bytesCodec, [item('d', light)])
    expect(edited.toString()).toBe((await buildTree(blocks, [item('a'), item('b'), item('c', light), item('d', light)])).toString())
  })

  it('leaves no level too many when all but the last item goes', async () => {
    // Keys so long that inner nodes have a few links each; in some of these trees the right edge is a chain of nodes with one link.
    const items = Array.from({ length: 30 }, (_, index) => item(String(index).padStart(4, '0').repeat(1000)))
    for (let count = 2; count <= items.length; count++) {
      const blocks = new MemoryBlocks(hasher)
      const root = await buildTree(blocks, items.slice(0, count))
      const removals = items.slice(0, count - 1).map(({ key }) => ({ key, value: undefined }))
      const edited = await editTree(blocks, blocks, root, bytesCodec, removals)
      expect(edited.toString(), `${count} items`).toBe((await buildTree(blocks, items.slice(count - 1, count))).toString())
    }
  })

  it('checks a new key against the first key of the next leaf, even if it ends a leaf itself', async () => {
    const codec: ValueCodec<Uint8Array> = {
      ...bytesCodec,
      checkNeighbours: (previous, next) => {
        if (startsWithBytes(next, previous)) throw new MalformedDataError('One key begins with the other')
      },
    }
    const blocks = new MemoryBlocks(hasher)
    const root = await buildTree(blocks, [item('a'), item('ka'), item('kb'), item('z')])
    const edits = [item('k'), { key: utf8('ka'), value: undefined }]
    await expect(editTree(blocks, blocks, root, codec, edits)).rejects.toThrow(MalformedDataError)
    await expect(editTree(blocks, blocks, root, codec, [...edits, { key: utf8('kb'), value: undefined }])).resolves.toBeDefined()
  })

  it('starts from nothing where there is no tree yet', async () => {
    const blocks = new MemoryBlocks(hasher)
    const root = await editTree(blocks, blocks, null, bytesCodec, [item('a'), item('b', light)])
    expect(root.toString()).toBe((await buildTree(blocks, [item('a'), item('b', light)])).toString())
  })

  it('reads the top alone, and writes nothing new, if there are no edits', async () => {
    const blocks = new MemoryBlocks(hasher)
    const root = await buildTree(blocks, [item('a'), item('b'), item('c')])
    Object.assign(blocks, { reads: 0, writes: 0 })
    expect((await editTree(blocks, blocks, root, bytesCodec, [])).toString()).toBe(root.toString())
    expect(blocks).toMatchObject({ reads: 1, writes: 0 })
  })

  it('refuses edits out of order, and keys that no tree can hold', async () => {
    const blocks = new MemoryBlocks(hasher)
    const removal = (key: string): { key: Uint8Array; value: undefined } => ({ key: utf8(key), value: undefined })
    for (const edits of [[item('b'), item('a')], [removal('b'), removal('a')], [item('a'), item('a')], [item('')], [item('x'.repeat(4097))]]) {
      await expect(editTree(blocks, blocks, null, bytesCodec, edits)).rejects.toThrow(InvalidArgumentError)
    }
  })
})
