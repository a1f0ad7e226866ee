import { describe, expect, it } from 'vitest'
import { concatBytes, utf8 } from '../../src/bytes.ts'
import { type CID, cidOf, DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { MalformedDataError, UnsafePathError, UnsupportedFormatError } from '../../src/errors.ts'
import { diffTrees } from '../../src/manifest/diff-trees.ts'
import { openManifest, verifyManifest } from '../../src/manifest/manifest.ts'
import { decodeNode, encodeInner, encodeLeaf, MAX_TREE_HEIGHT } from '../../src/manifest/node.ts'
import { getValue, scanTree } from '../../src/manifest/read-tree.ts'
import { verifyTree } from '../../src/manifest/verify-tree.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { bytesCodec, CHUNKER, collect, hasher } from './made-up-trees.ts'

const link = cidOf(hasher, DAG_CBOR_CODE, utf8('some node'))
const one = Uint8Array.of(1)

/** A decoded leaf or inner node with rows that no builder writes. */
function decode(level: unknown, rows: unknown): unknown {
  return decodeNode(encodeCbor([level, rows]), bytesCodec)
}

describe('a node is refused', () => {
  const leaves: Record<string, unknown[]> = {
    'if its keys do not rise': [[0, utf8('b'), one], [0, utf8('a'), one]],
    'if a key comes twice': [[0, utf8('a'), one], [1, new Uint8Array(0), one]],
    'if a key comes twice, spelled out': [[0, utf8('a'), one], [0, utf8('a'), one]],
    'if `shared` is not as long as it can be': [[0, utf8('aa'), one], [0, utf8('ab'), one]],
    'if `shared` of the first key is not 0': [[1, utf8('a'), one]],
    'if `shared` is longer than the key before': [[0, utf8('a'), one], [2, utf8('b'), one]],
    'if `shared` is negative': [[0, utf8('a'), one], [-1, utf8('b'), one]],
    'if a key is empty': [[0, new Uint8Array(0), one]],
    'if a key is longer than 4,096 bytes': [[0, new Uint8Array(4097), one]],
    'if a key is longer than 4,096 bytes together with what it shares': [[0, new Uint8Array(4096), one], [4096, utf8('a'), one]],
    'if a key is text': [[0, 'a', one]],
    'if an item has a field too many': [[0, utf8('a'), one, 1]],
    'if an item is no array': [{ 0: 0 }],
    'if its values are not those of the codec': [[0, utf8('a'), 'text']],
  }
  it.each(Object.entries(leaves))('%s', (_, rows) => {
    expect(() => decode(0, rows)).toThrow(MalformedDataError)
  })

  const inner: Record<string, unknown[]> = {
    'if it is above the leaves and empty': [],
    'if a link leads to file content': [[0, utf8('a'), cidOf(hasher, RAW_CODE, one), 1]],
    'if a link is no CID': [[0, utf8('a'), one, 1]],
    'if a count is 0': [[0, utf8('a'), link, 0]],
    'if a count is negative': [[0, utf8('a'), link, -1]],
    'if a count is no integer': [[0, utf8('a'), link, 1.5]],
    'if a link lacks its count': [[0, utf8('a'), link]],
  }
  it.each(Object.entries(inner))('%s', (_, rows) => {
    expect(() => decode(1, rows)).toThrow(MalformedDataError)
  })

  it('if its level is none', () => {
    for (const level of [-1, 0.5, '0', MAX_TREE_HEIGHT, 2 ** 40]) expect(() => decode(level, [[0, utf8('a'), link, 1]])).toThrow(MalformedDataError)
    expect(() => decodeNode(encodeCbor([0]), bytesCodec)).toThrow(MalformedDataError)
    expect(() => decodeNode(encodeCbor({ level: 0 }), bytesCodec)).toThrow(MalformedDataError)
  })

  it('if it is not canonical dag-cbor, cut short, or has bytes left over', () => {
    const bytes = encodeLeaf([{ key: utf8('a'), value: one }], bytesCodec)
    expect(() => decodeNode(bytes, bytesCodec)).not.toThrow()
    expect(() => decodeNode(bytes.subarray(0, -1), bytesCodec)).toThrow(MalformedDataError)
    expect(() => decodeNode(concatBytes([bytes, one]), bytesCodec)).toThrow(MalformedDataError)
    // The level 0 in two bytes.
    expect(() => decodeNode(concatBytes([bytes.subarray(0, 1), Uint8Array.of(0x18, 0), bytes.subarray(2)]), bytesCodec)).toThrow(MalformedDataError)
    // An array of indefinite length.
    expect(() => decodeNode(concatBytes([Uint8Array.of(0x9f), bytes.subarray(1), Uint8Array.of(0xff)]), bytesCodec)).toThrow(MalformedDataError)
  })

  it('if it is larger than 1 MiB', () => {
    const bytes = encodeLeaf([{ key: utf8('a'), value: new Uint8Array(1024 * 1024) }], bytesCodec)
    expect(() => decodeNode(bytes, bytesCodec)).toThrow(MalformedDataError)
  })

  it('if the items below add up to more than a number can hold', async () => {
    const blocks = new MemoryBlocks(hasher)
    const max = Number.MAX_SAFE_INTEGER
    const root = blocks.put(DAG_CBOR_CODE, encodeInner(1, [{ key: utf8('a'), cid: link, count: max }, { key: utf8('b'), cid: link, count: max }]))
    await expect(getValue(blocks, root, bytesCodec, utf8('a'))).rejects.toThrow(MalformedDataError)
  })
})

/** A two-level tree of one-item leaves, whose links the caller may falsify. */
function twoLeaves(blocks: MemoryBlocks, change: { level?: number; key?: Uint8Array; count?: number; firstKey?: string } = {}): CID {
  const leaf = (key: string): CID => blocks.put(DAG_CBOR_CODE, encodeLeaf([{ key: utf8(key), value: one }], bytesCodec))
  return blocks.put(DAG_CBOR_CODE, encodeInner(change.level ?? 1, [
    { key: utf8('b'), cid: leaf('b'), count: 1 },
    { key: change.key ?? utf8(change.firstKey ?? 'd'), cid: leaf(change.firstKey ?? 'd'), count: change.count ?? 1 },
  ]))
}

describe('a tree is refused', () => {
  const refused = async (blocks: MemoryBlocks, root: CID): Promise<void> => {
    await expect(collect(scanTree(blocks, root, bytesCodec))).rejects.toThrow(MalformedDataError)
    await expect(collect(verifyTree(blocks, root, bytesCodec))).rejects.toThrow(MalformedDataError)
    const empty = blocks.put(DAG_CBOR_CODE, encodeLeaf([], bytesCodec))
    await expect(collect(diffTrees(blocks, empty, root, bytesCodec))).rejects.toThrow(MalformedDataError)
  }

  it('if a level is left out, so that nobody can be led in a circle', async () => {
    const blocks = new MemoryBlocks(hasher)
    const root = twoLeaves(blocks, { level: 2 })
    await refused(blocks, root)
    await expect(getValue(blocks, root, bytesCodec, utf8('d'))).rejects.toThrow('level 0 where 1 was due')
  })

  it('if the same level comes again below', async () => {
    const blocks = new MemoryBlocks(hasher)
    const below = twoLeaves(blocks)
    await refused(blocks, blocks.put(DAG_CBOR_CODE, encodeInner(1, [{ key: utf8('d'), cid: below, count: 2 }, { key: utf8('e'), cid: below, count: 2 }])))
  })

  it('if a count is wrong', async () => {
    const blocks = new MemoryBlocks(hasher)
    const root = twoLeaves(blocks, { count: 2 })
    await refused(blocks, root)
    await expect(getValue(blocks, root, bytesCodec, utf8('d'))).rejects.toThrow(MalformedDataError)
  })

  it('if a link gives another key than the node below ends with', async () => {
    const blocks = new MemoryBlocks(hasher)
    const root = twoLeaves(blocks, { key: utf8('e') })
    await refused(blocks, root)
    await expect(getValue(blocks, root, bytesCodec, utf8('d'))).rejects.toThrow(MalformedDataError)
  })

  it('if keys fall from one node to the next', async () => {
    const blocks = new MemoryBlocks(hasher)
    const first = blocks.put(DAG_CBOR_CODE, encodeLeaf([{ key: utf8('c'), value: one }], bytesCodec))
    const second = blocks.put(DAG_CBOR_CODE, encodeLeaf([{ key: utf8('b'), value: one }, { key: utf8('d'), value: one }], bytesCodec))
    await refused(blocks, blocks.put(DAG_CBOR_CODE, encodeInner(1, [{ key: utf8('c'), cid: first, count: 1 }, { key: utf8('d'), cid: second, count: 2 }])))
  })

  it('if keys fall from a node to the next one under another parent', async () => {
    const blocks = new MemoryBlocks(hasher)
    const parent = (...leaves: readonly string[]): { cid: CID; key: Uint8Array; count: number } => {
      const links = leaves.map((keys) => {
        const items = keys.split('').map((key) => ({ key: utf8(key), value: one }))
        return { key: utf8(keys.slice(-1)), cid: blocks.put(DAG_CBOR_CODE, encodeLeaf(items, bytesCodec)), count: items.length }
      })
      const count = links.reduce((sum, link) => sum + link.count, 0)
      return { key: links.at(-1)?.key ?? one, cid: blocks.put(DAG_CBOR_CODE, encodeInner(1, links)), count }
    }
    const root = blocks.put(DAG_CBOR_CODE, encodeInner(2, [parent('a', 'c'), parent('bd', 'e')]))
    await refused(blocks, root)
    await expect(getValue(blocks, root, bytesCodec, utf8('d'))).rejects.toThrow('do not come after')
  })

  it('if a leaf below the top is empty', async () => {
    const blocks = new MemoryBlocks(hasher)
    const empty = blocks.put(DAG_CBOR_CODE, encodeLeaf([], bytesCodec))
    await refused(blocks, blocks.put(DAG_CBOR_CODE, encodeInner(1, [{ key: utf8('a'), cid: empty, count: 1 }, { key: utf8('b'), cid: empty, count: 1 }])))
  })

  it('if the top has one link', async () => {
    const blocks = new MemoryBlocks(hasher)
    const leaf = blocks.put(DAG_CBOR_CODE, encodeLeaf([{ key: utf8('a'), value: one }], bytesCodec))
    const root = blocks.put(DAG_CBOR_CODE, encodeInner(1, [{ key: utf8('a'), cid: leaf, count: 1 }]))
    await refused(blocks, root)
    await expect(getValue(blocks, root, bytesCodec, utf8('a'))).rejects.toThrow(MalformedDataError)
  })

  it('on full verification, if its items are sound but grouped in another way', async () => {
    const blocks = new MemoryBlocks(hasher)
    const early = twoLeaves(blocks)
    expect(await collect(scanTree(blocks, early, bytesCodec))).toHaveLength(2)
    await expect(collect(verifyTree(blocks, early, bytesCodec))).rejects.toThrow('ends where it should go on')
    const items = Array.from({ length: 300 }, (_, index) => ({ key: utf8(String(index).padStart(4, '0')), value: new Uint8Array(1000) }))
    const late = blocks.put(DAG_CBOR_CODE, encodeLeaf(items, bytesCodec))
    await expect(collect(verifyTree(blocks, late, bytesCodec))).rejects.toThrow('goes on where it should end')
  })
})

describe('a manifest is refused', () => {
  const header = { type: 'manifest', version: 1, chunker: CHUNKER, entries: 1, files: 1, bytes: 1 }
  const leafOf = (blocks: MemoryBlocks, ...keys: string[]): CID =>
    blocks.put(DAG_CBOR_CODE, encodeCbor([0, keys.map((key, index) => {
      let shared = 0
      const previous = keys[index - 1] ?? ''
      while (shared < previous.length && previous[shared] === key[shared]) shared++
      return [shared, utf8(key.slice(shared)), [3]]
    })]))
  const manifestOf = (blocks: MemoryBlocks, fields: object): CID => blocks.put(DAG_CBOR_CODE, encodeCbor({ ...header, ...fields }))
  const verified = async (fields: object, ...keys: string[]): Promise<unknown> => {
    const blocks = new MemoryBlocks(hasher)
    return collect(verifyManifest(blocks, manifestOf(blocks, { tree: leafOf(blocks, ...keys), ...fields })))
  }
  const folders = (entries: number): object => ({ entries, files: 0, bytes: 0 })

  it('if a file stands where a folder must be, in one node or across two', async () => {
    await expect(verified(folders(2), 'a', 'a\0b')).rejects.toThrow(MalformedDataError)
    const blocks = new MemoryBlocks(hasher)
    const [first, second] = [leafOf(blocks, 'a'), leafOf(blocks, 'a\0b')]
    const tree = blocks.put(DAG_CBOR_CODE, encodeInner(1, [{ key: utf8('a'), cid: first, count: 1 }, { key: utf8('a\0b'), cid: second, count: 1 }]))
    const manifest = await openManifest(blocks, manifestOf(blocks, { ...folders(2), tree }))
    await expect(collect(manifest.entries())).rejects.toThrow('a cannot be an entry and a folder')
  })

  it.each(['..', '.', 'a\0..', '\0a', 'a\0', 'a\0\0b', 'a/b', '\0'])('if it holds the key %j', async (key) => {
    await expect(verified(folders(1), key)).rejects.toThrow(UnsafePathError)
  })

  it.each(['a'.repeat(256), Array(513).fill('a').join('\0')])('if it holds a path that is too long (case %#)', async (key) => {
    await expect(verified(folders(1), key)).rejects.toThrow(MalformedDataError)
  })

  it('unless all is well; a path may be named __proto__', async () => {
    await expect(verified(folders(2), '__proto__', 'constructor')).resolves.toHaveLength(2)
  })

  it.each([{ entries: 3 }, { entries: 3, files: 1 }, { files: 1, bytes: 5 }, { entries: 1 }])('on verification, if its totals are not %j', async (wrong) => {
    await expect(verified({ ...folders(2), ...wrong }, 'a', 'b')).rejects.toThrow(MalformedDataError)
  })

  it('if sizes add up beyond what totals can say', async () => {
    const blocks = new MemoryBlocks(hasher)
    const cid = cidOf(hasher, RAW_CODE, one)
    const tree = blocks.put(DAG_CBOR_CODE, encodeCbor([0, ['a', 'b'].map((name) => [0, utf8(name), [0, Number.MAX_SAFE_INTEGER, cid]])]))
    const root = manifestOf(blocks, { entries: 2, files: 2, bytes: Number.MAX_SAFE_INTEGER, tree })
    await expect(collect(verifyManifest(blocks, root))).rejects.toThrow(MalformedDataError)
  })

  it('if its first block is something else', async () => {
    const blocks = new MemoryBlocks(hasher)
    const tree = leafOf(blocks, 'a')
    const opened = async (block: unknown): Promise<unknown> => openManifest(blocks, blocks.put(DAG_CBOR_CODE, encodeCbor(block)))
    const sound = { ...header, tree }
    await expect(opened(sound)).resolves.toBeDefined()
    await expect(opened({ ...sound, chunker: 'of-the-future' })).resolves.toMatchObject({ chunker: 'of-the-future' })
    await expect(opened({ ...sound, version: 2, more: true })).rejects.toThrow(UnsupportedFormatError)
    for (const block of [null, 1, [], 'manifest', { ...sound, type: 'snapshot' }, { ...sound, more: 1 }, { ...sound, tree: cidOf(hasher, RAW_CODE, one) }, { ...sound, tree: null },
      { ...sound, entries: -1 }, { ...sound, files: 2 }, { ...sound, files: 0, bytes: 1 }, { ...sound, bytes: 0.5 }, { ...sound, chunker: 1 }]) {
      await expect(opened(block), JSON.stringify(block)).rejects.toThrow(MalformedDataError)
    }
    await expect(openManifest(blocks, blocks.put(RAW_CODE, encodeCbor(sound)))).rejects.toThrow(MalformedDataError)
  })

  it('if its first block has a field named __proto__', async () => {
    const blocks = new MemoryBlocks(hasher)
    const fields = { ...header, tree: leafOf(blocks, 'a') }
    Object.defineProperty(fields, '__proto__', { value: { polluted: true }, enumerable: true })
    await expect(openManifest(blocks, blocks.put(DAG_CBOR_CODE, encodeCbor(fields)))).rejects.toThrow(MalformedDataError)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})
