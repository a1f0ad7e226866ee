import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, startsWithBytes, toHex } from '../../src/bytes.ts'
import { diffTrees } from '../../src/manifest/diff-trees.ts'
import { editTree } from '../../src/manifest/edit-tree.ts'
import type { TreeEdit, TreeItem } from '../../src/manifest/interface.ts'
import { countTree, getValue, scanTree } from '../../src/manifest/read-tree.ts'
import { verifyTree } from '../../src/manifest/verify-tree.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { buildTree, bulkyKey, bulkyValue, bytesCodec, collect, hasher } from './made-up-trees.ts'
import { referenceTree } from './reference-tree.ts'

type Model = Map<number, number>

const ids = fc.integer({ min: 0, max: 299 })
// `size` because fast-check would keep to some ten items, and a tree needs dozens to have levels.
const models = fc.array(fc.tuple(ids, fc.integer({ min: 0, max: 3 })), { maxLength: 400, size: 'max' }).map((pairs): Model => new Map(pairs))
/** An edit removes where the seed is undefined. Some come after all that a model has; ranges, often from the very start, remove whole nodes at once. */
const batches = fc.oneof(
  fc.array(fc.tuple(fc.integer({ min: 0, max: 319 }), fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined })), { maxLength: 12 }),
  fc.tuple(fc.oneof(fc.constant(0), ids), ids).map(([from, length]) => Array.from({ length }, (_, index): [number, undefined] => [from + index, undefined])),
)

function itemsOf(model: Model): TreeItem<Uint8Array>[] {
  return [...model].map(([id, seed]) => ({ key: bulkyKey(id), value: bulkyValue(seed) })).sort((a, b) => compareBytes(a.key, b.key))
}

function plain(items: readonly TreeItem<Uint8Array>[]): string[] {
  return items.map(({ key, value }) => `${toHex(key.subarray(0, 8))}=${value[0]}`)
}

describe('trees', () => {
  it('are the ones that FORMAT.md describes', async () => {
    await fc.assert(fc.asyncProperty(models, async (model) => {
      const blocks = new MemoryBlocks(hasher)
      const root = await buildTree(blocks, itemsOf(model))
      const reference = referenceTree(hasher, itemsOf(model))
      expect(root.toString()).toBe(reference.root.toString())
      expect(blocks.blocks.size).toBe(reference.nodes)
    }), { numRuns: 15 })
  })

  it('do not depend on the edits by which they came about', async () => {
    await fc.assert(fc.asyncProperty(models, fc.array(batches, { maxLength: 5 }), async (start, steps) => {
      const blocks = new MemoryBlocks(hasher)
      const model = new Map(start)
      let root = await buildTree(blocks, itemsOf(model))
      for (const step of steps) {
        const changes = new Map(step)
        for (const [id, seed] of changes) {
          if (seed === undefined) model.delete(id)
          else model.set(id, seed)
        }
        root = await editTree(blocks, blocks, root, bytesCodec, editsOf(changes))
        expect(root.toString()).toBe((await buildTree(new MemoryBlocks(hasher), itemsOf(model))).toString())
      }
      expect(plain(await collect(verifyTree(blocks, root, bytesCodec)))).toEqual(plain(itemsOf(model)))
    }), { numRuns: 40 })
  })

  it('report each change that an edit makes, and no other', async () => {
    await fc.assert(fc.asyncProperty(models, batches, async (model, step) => {
      const blocks = new MemoryBlocks(hasher)
      const root = await buildTree(blocks, itemsOf(model))
      const reported: string[] = []
      const edited = await editTree(blocks, blocks, root, bytesCodec, editsOf(new Map(step)), {
        onChange: ({ key, before, after }) => reported.push(`${toHex(key.subarray(0, 8))} ${before?.[0]} ${after?.[0]}`),
      })
      const differences = await collect(diffTrees(blocks, root, edited, bytesCodec))
      expect(reported).toEqual(differences.map(({ key, before, after }) => `${toHex(key.subarray(0, 8))} ${before?.[0]} ${after?.[0]}`))
    }), { numRuns: 20 })
  })

  it('answer get, count, and scans by prefix and start as a sorted list does', async () => {
    await fc.assert(fc.asyncProperty(models, fc.array(ids, { maxLength: 10 }), fc.nat(8), async (model, probes, length) => {
      const blocks = new MemoryBlocks(hasher)
      const root = await buildTree(blocks, itemsOf(model))
      expect(await countTree(blocks, root, bytesCodec)).toBe(model.size)
      for (const id of probes) {
        const seed = model.get(id)
        const key = bulkyKey(id)
        expect((await getValue(blocks, root, bytesCodec, key))?.[0]).toBe(seed)
        const prefix = key.subarray(0, length)
        const from = bulkyKey(id + 1)
        const expected = itemsOf(model).filter((item) => startsWithBytes(item.key, prefix))
        expect(plain(await collect(scanTree(blocks, root, bytesCodec, { prefix })))).toEqual(plain(expected))
        const late = expected.filter((item) => compareBytes(item.key, from) >= 0)
        expect(plain(await collect(scanTree(blocks, root, bytesCodec, { prefix, from })))).toEqual(plain(late))
      }
    }), { numRuns: 15 })
  })

  it('differ in exactly the keys whose values differ, whatever their heights', async () => {
    const small = fc.array(fc.tuple(ids, fc.integer({ min: 0, max: 3 })), { maxLength: 6 }).map((pairs): Model => new Map(pairs))
    await fc.assert(fc.asyncProperty(fc.oneof(models, small), fc.oneof(models, small), async (a, b) => {
      const blocks = new MemoryBlocks(hasher)
      const [left, right] = [await buildTree(blocks, itemsOf(a)), await buildTree(blocks, itemsOf(b))]
      const expected = [...new Set([...a.keys(), ...b.keys()])]
        .filter((id) => a.get(id) !== b.get(id))
        .map((id) => ({ key: bulkyKey(id), text: `${a.get(id)} ${b.get(id)}` }))
        .sort((x, y) => compareBytes(x.key, y.key))
      const found = await collect(diffTrees(blocks, left, right, bytesCodec))
      expect(found.map(({ before, after }) => `${before?.[0]} ${after?.[0]}`)).toEqual(expected.map(({ text }) => text))
      expect(found.map(({ key }) => toHex(key.subarray(0, 8)))).toEqual(expected.map(({ key }) => toHex(key.subarray(0, 8))))
    }), { numRuns: 30 })
  })
})

function editsOf(changes: ReadonlyMap<number, number | undefined>): TreeEdit<Uint8Array>[] {
  return [...changes]
    .map(([id, seed]) => ({ key: bulkyKey(id), value: seed === undefined ? undefined : bulkyValue(seed) }))
    .sort((a, b) => compareBytes(a.key, b.key))
}
