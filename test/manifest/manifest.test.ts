import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import { cidOf, RAW_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { InvalidArgumentError, MalformedDataError, UnsafePathError } from '../../src/errors.ts'
import type { ManifestEntry, ManifestValue } from '../../src/manifest/interface.ts'
import { diffManifests, editManifest, ManifestBuilder, openManifest, verifyManifest } from '../../src/manifest/manifest.ts'
import { manifestCodec } from '../../src/manifest/manifest-values.ts'
import { pathFromText, pathToText } from '../../src/manifest/path.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { buildManifest, CHUNKER, collect, entry, fileValue, generatedEntries, hasher } from './made-up-trees.ts'

const link: ManifestValue = { kind: 'symlink', target: utf8('../elsewhere') }
const folder: ManifestValue = { kind: 'directory' }

const anyValue: fc.Arbitrary<ManifestValue> = fc.oneof(
  fc.constant(folder),
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((target): ManifestValue => ({ kind: 'symlink', target })),
  fc.tuple(fc.constantFrom('file', 'executable'), fc.oneof(fc.nat(70_000), fc.maxSafeNat()), fc.string()).map(([kind, size, content]): ManifestValue => ({ ...fileValue(content), kind, size }) as ManifestValue),
)

function paths(entries: readonly ManifestEntry[]): string[] {
  return entries.map(({ path }) => pathToText(path))
}

describe('the codec of manifest values', () => {
  it('weighs a value as its encoding does, and reads it back', () => {
    fc.assert(fc.property(anyValue, anyValue, (value, other) => {
      expect(manifestCodec.weigh(value)).toBe(encodeCbor(manifestCodec.encode(value)).length)
      const back = manifestCodec.decode(manifestCodec.encode(value))
      expect(manifestCodec.equals(back, value)).toBe(true)
      const same = Buffer.compare(encodeCbor(manifestCodec.encode(value)), encodeCbor(manifestCodec.encode(other))) === 0
      expect(manifestCodec.equals(value, other)).toBe(same)
    }))
  })

  it.each([
    [[]], [[4]], [['0']], [{}], [null], [[3, 0]], [[2, utf8('')]], [[2, new Uint8Array(4097)]], [[2, 'text']], [[0, 1]], [[0, -1, cidOf(hasher, RAW_CODE, utf8(''))]], [[0, 0.5, cidOf(hasher, RAW_CODE, utf8(''))]], [[0, 1, utf8('x')]],
  ])('refuses %j', (value) => {
    expect(() => manifestCodec.decode(value)).toThrow(MalformedDataError)
  })
})

describe('a manifest', () => {
  const entries = [entry('__proto__'), entry('a/b/c'), entry('a/empty', folder), entry('a/link', link), entry('a-b'), entry('run.sh', fileValue('#!', 'executable'))]

  it('gives back what was put in, with totals', async () => {
    const blocks = new MemoryBlocks(hasher)
    const { root, totals } = await buildManifest(blocks, entries)
    const manifest = await openManifest(blocks, root)
    expect(totals).toEqual({ entries: 6, files: 4, bytes: '__proto__a/b/ca-b#!'.length })
    expect(manifest).toMatchObject({ root, totals, chunker: CHUNKER })
    expect(await collect(manifest.entries())).toEqual(await collect(verifyManifest(blocks, root)))
    expect(paths(await collect(manifest.entries()))).toEqual(['__proto__', 'a/b/c', 'a/empty', 'a/link', 'a-b', 'run.sh'])
    for (const { path, value } of entries) expect(manifestCodec.equals((await manifest.get(path)) ?? folder, value)).toBe(true)
    expect(await manifest.get(pathFromText('a'))).toBeUndefined()
    expect(await manifest.get(pathFromText('constructor'))).toBeUndefined()
  })

  it('lists what is below a folder, or the entry of that path', async () => {
    const blocks = new MemoryBlocks(hasher)
    const manifest = await openManifest(blocks, (await buildManifest(blocks, entries)).root)
    const below = async (prefix: string): Promise<string[]> => paths(await collect(manifest.entries({ prefix: pathFromText(prefix) })))
    expect(await below('a')).toEqual(['a/b/c', 'a/empty', 'a/link'])
    expect(await below('a/b')).toEqual(['a/b/c'])
    expect(await below('a/b/c')).toEqual(['a/b/c'])
    expect(await below('a-')).toEqual([])
    expect(await below('zzz')).toEqual([])
    expect(await below('')).toHaveLength(6)
  })

  it('keeps its totals through edits', async () => {
    const blocks = new MemoryBlocks(hasher)
    const { root } = await buildManifest(blocks, entries)
    const edited = await editManifest(blocks, blocks, root, [
      { path: pathFromText('a/b/c'), value: undefined },
      { path: pathFromText('a/link'), value: fileValue('12345') },
      { path: pathFromText('not/there'), value: undefined },
      { path: pathFromText('zoo'), value: folder },
    ])
    expect(edited.totals).toEqual({ entries: 6, files: 4, bytes: '__proto__12345a-b#!'.length })
    expect(await collect(verifyManifest(blocks, edited.root))).toHaveLength(6)
    const differences = await collect(diffManifests(blocks, root, edited.root))
    expect(differences.map(({ path, before, after }) => [pathToText(path), before?.kind, after?.kind])).toEqual([
      ['a/b/c', 'file', undefined], ['a/link', 'symlink', 'file'], ['zoo', undefined, 'directory'],
    ])
  })

  it('comes back to the same root when a change is undone', async () => {
    const blocks = new MemoryBlocks(hasher)
    const all = generatedEntries(3000)
    const { root } = await buildManifest(blocks, all)
    const some = all.filter((_, index) => index % 500 === 7)
    const without = await editManifest(blocks, blocks, root, some.map(({ path }) => ({ path, value: undefined })))
    expect(without.root.equals(root)).toBe(false)
    expect((await editManifest(blocks, blocks, without.root, some)).root.toString()).toBe(root.toString())
  })

  it('of nothing at all has a root too', async () => {
    const blocks = new MemoryBlocks(hasher)
    const { root, totals } = await buildManifest(blocks, [])
    expect(totals).toEqual({ entries: 0, files: 0, bytes: 0 })
    expect(await collect(verifyManifest(blocks, root))).toEqual([])
    const full = await editManifest(blocks, blocks, root, [entry('a')])
    const emptied = await editManifest(blocks, blocks, full.root, [{ path: pathFromText('a'), value: undefined }])
    expect(emptied.root.toString()).toBe(root.toString())
    expect(await collect(diffManifests(blocks, root, full.root))).toHaveLength(1)
    expect(await collect(diffManifests(blocks, full.root, root))).toHaveLength(1)
  })
})

describe('ManifestBuilder', () => {
  const add = async (...list: readonly ManifestEntry[]): Promise<void> => {
    const builder = new ManifestBuilder(new MemoryBlocks(hasher), CHUNKER)
    for (const item of list) await builder.add(item)
  }

  it('refuses entries out of order, and names the key', async () => {
    await expect(add(entry('b'), entry('a'))).rejects.toThrow(InvalidArgumentError)
    await expect(add(entry('a'), entry('a'))).rejects.toThrow(InvalidArgumentError)
    await expect(add(entry('b'), entry('a'))).rejects.toMatchObject({ data: { key: '61', previous: '62' } })
  })

  it('refuses a file where a folder must be', async () => {
    await expect(add(entry('a'), entry('a/b'))).rejects.toThrow(MalformedDataError)
    await expect(add(entry('a', folder), entry('a/b'))).rejects.toThrow('a cannot be an entry and a folder that holds a/b')
    await expect(add(entry('a'), entry('a b'), entry('ab'))).resolves.toBeUndefined()
  })

  it('refuses unsafe paths', async () => {
    await expect(add(entry('a/../b'))).rejects.toThrow(UnsafePathError)
  })

  it.each([
    { ...fileValue('x'), size: -1 }, { ...fileValue('x'), size: 1.5 }, { ...fileValue('x'), size: Number.NaN }, { ...fileValue('x'), kind: 'fifo' }, { ...fileValue('x'), kind: 'toString' }, { kind: 'symlink', target: new Uint8Array(0) },
  ])('refuses an unsound value: %j', async (value) => {
    await expect(add(entry('a', value as unknown as ManifestValue))).rejects.toThrow(InvalidArgumentError)
  })

  it('refuses sizes that no longer add up exactly', async () => {
    const builder = new ManifestBuilder(new MemoryBlocks(hasher), CHUNKER)
    for (const name of ['a', 'b']) await builder.add(entry(name, { ...fileValue('x'), size: Number.MAX_SAFE_INTEGER } as ManifestValue))
    await expect(builder.finish()).rejects.toThrow(InvalidArgumentError)
  })
})

describe('editManifest', () => {
  it('refuses an entry that would be file and folder at once, also across the nodes of the tree', async () => {
    const blocks = new MemoryBlocks(hasher)
    const all = generatedEntries(3000)
    const { root } = await buildManifest(blocks, all)
    await expect(editManifest(blocks, blocks, root, [entry('class-050')])).rejects.toThrow(MalformedDataError)
    for (const { path } of all.filter((_, index) => index % 100 === 3)) {
      await expect(editManifest(blocks, blocks, root, [{ path: pathFromText(`${pathToText(path)}/below`), value: folder }])).rejects.toThrow(MalformedDataError)
    }
    // The whole class in one go, but for its last entry: the new key's neighbour may be the first of a node that is not otherwise touched.
    const inClass = all.filter(({ path }) => pathToText(path).startsWith('class-050/'))
    const edits = [entry('class-050'), ...inClass.slice(0, -1).map(({ path }) => ({ path, value: undefined }))]
    await expect(editManifest(blocks, blocks, root, edits)).rejects.toThrow(MalformedDataError)
    const whole = [entry('class-050'), ...inClass.map(({ path }) => ({ path, value: undefined }))]
    await expect(editManifest(blocks, blocks, root, whole)).resolves.toMatchObject({ totals: { entries: 3000 - inClass.length + 1 } })
  })

  it('finds such an entry wherever a node happens to end', async () => {
    const blocks = new MemoryBlocks(hasher)
    const all = Array.from({ length: 600 }, (_, index) => entry(`f/${String(index).padStart(4, '0')}`))
    const { root } = await buildManifest(blocks, all)
    for (let kept = 1; kept < all.length; kept += 7) {
      const edits = [entry('f'), ...all.slice(0, kept).map(({ path }) => ({ path, value: undefined }))]
      await expect(editManifest(blocks, blocks, root, edits)).rejects.toThrow(MalformedDataError)
    }
  })

  it('refuses edits out of order', async () => {
    const blocks = new MemoryBlocks(hasher)
    const { root } = await buildManifest(blocks, generatedEntries(10))
    const [b, a] = ['b', 'a'].map((name) => ({ path: pathFromText(name), value: undefined }))
    if (a === undefined || b === undefined) throw new Error('unreachable')
    await expect(editManifest(blocks, blocks, root, [b, a])).rejects.toThrow(InvalidArgumentError)
  })
})
