import * as fs from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { MadeFolders } from '../made-folders.ts'
import { fewValued, noise, readTree, repositoryWith, SEGMENT, storedDigests, writeTree } from './thread-trial.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

const KIB = 1024
type Tree = ReadonlyMap<string, Uint8Array>

async function taken(folder: string, threads: number, compression: 'none' | 'auto' | 'max', into?: Repository) {
  const repository = into ?? (await repositoryWith(threads))
  const { root, files, bytes, newBytes, storedBytes } = await repository.snapshot(folder, { ref: 'data', compression })
  return { repository, facts: { root, files, bytes, newBytes, storedBytes } }
}

/** Takes the folder alone and by threads; both must store the same, nothing that no file needs, and give it back. */
async function expectSame(tree: Tree, counts: readonly number[], compression: 'none' | 'auto' | 'max'): Promise<void> {
  const folder = made.make()
  const out = `${folder}-out`
  try {
    writeTree(folder, tree)
    const alone = await taken(folder, 0, compression)
    for (const count of counts) {
      const threaded = await taken(folder, count, compression)
      expect(threaded.facts).toEqual(alone.facts)
      const { removed, unused } = await threaded.repository.collectGarbage({ dryRun: true })
      expect([removed.blocks, unused.blocks]).toEqual([0, 0])
      const digests = await storedDigests(threaded.repository)
      expect(new Set(digests).size).toBe(digests.length)
      expect(digests.length).toBe((await storedDigests(alone.repository)).length)
      await threaded.repository.checkout('data', out)
      const [before, after] = [readTree(folder), readTree(out)]
      expect([...after.keys()].sort()).toEqual([...before.keys()].sort())
      for (const [name, content] of before) expect(content.equals(after.get(name) ?? Buffer.alloc(0)), name).toBe(true)
      fs.rmSync(out, { recursive: true })
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

describe('a folder that threads read', () => {
  const size = fc.oneof(fc.constantFrom(0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1), fc.nat(3000), fc.nat(400 * KIB))
  const content = fc.tuple(size, fc.nat(5), fc.constantFrom('noise', 'zeros', 'few', 'text' as const)).map(([length, seed, kind]) => {
    if (kind === 'zeros') return new Uint8Array(length)
    if (kind === 'few') return fewValued(length, seed)
    return kind === 'noise' ? noise(length, seed) : noise(length, seed).map((byte) => 97 + (byte & 3))
  })
  // A name is bytes; `d` is a folder beside them.
  const name = fc.tuple(fc.constantFrom('', 'd/', '\xe9/', 'd/\xff\xfe/'), fc.stringMatching(/^[a-c\x80-\xff]{1,3}$/)).map(([folder, file]) => `${folder}x${file}`)

  test('has the root, and is stored in the bytes, that it has alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, content, { maxKeys: 40 }), fc.constantFrom(1, 2, 4), fc.constantFrom('none', 'auto', 'max' as const), async (tree, count, compression) => {
        await expectSame(new Map(Object.entries(tree)), [count], compression)
      }),
      { numRuns: 8 },
    )
  }, 120_000)

  test.each(['none', 'auto', 'max'] as const)('may have many small files, more than a unit holds, with copies of one another (%s)', async (compression) => {
    const tree = new Map(Array.from({ length: 800 }, (_, index) => [`${index % 7}/file-${index}`, noise(index % 3 === 0 ? 100 : (index * 37) % 5000, index % 700)]))
    await expectSame(tree, compression === 'none' ? [4] : [2], compression)
  }, 60_000)

  // Where no cut is found, chunks are of the largest size, which a segment is a multiple of: something in front keeps them from meeting its beginning.
  const shifted = (bytes: Uint8Array): Uint8Array => {
    bytes.set(noise(3_000_003, 9))
    return bytes
  }
  const large: readonly [string, () => Uint8Array][] = [
    ['noise, a byte short of a segment', () => noise(SEGMENT - 1, 1)],
    ['noise, a segment', () => noise(SEGMENT, 2)],
    ['noise, a byte more than a segment', () => noise(SEGMENT + 1, 3)],
    ['noise, a segment and a largest chunk', () => noise(SEGMENT + KIB * KIB, 3)],
    ['noise, three segments and a bit', () => noise(3 * SEGMENT + 12_345, 4)],
    ['zeros, two segments and a bit', () => new Uint8Array(2 * SEGMENT + 77)],
    ['few-valued bytes, whose cuts never meet', () => shifted(fewValued(2 * SEGMENT + 9, 5))],
    ['zeros, behind something else', () => shifted(new Uint8Array(2 * SEGMENT + 77))],
    ['a period that no segment is a multiple of', () => Uint8Array.from({ length: 2 * SEGMENT + 5 }, (_, index) => (index % 65_537) % 251)],
  ]
  test.each(large)('may have large files: %s', async (_, make) => {
    const content = make()
    await expectSame(new Map([['a', content.subarray(0, 1000)], ['b', content], ['c', content.subarray(0, 70_000)], ['d', new Uint8Array(0)]]), [2], 'none')
  }, 60_000)

  test('may have large files that compress', async () => {
    const text = noise(2 * SEGMENT + 99, 6).map((byte) => 97 + (byte & 3))
    await expectSame(new Map([['text', text], ['noise', noise(SEGMENT + 5, 7)], ['few', fewValued(SEGMENT + 3, 8)]]), [2], 'auto')
  }, 60_000)
})

describe('what is there already', () => {
  const first = new Map([['a', noise(SEGMENT + 9, 1)], ...Array.from({ length: 300 }, (_, index) => [`s/${index}`, noise(900, index)] as const)])

  test('is not stored again', async () => {
    const folder = made.make()
    writeTree(folder, first)
    const { repository } = await taken(folder, 2, 'auto')
    const again = await taken(folder, 2, 'auto', repository)
    expect(again.facts).toMatchObject({ newBytes: 0 })
    const other = made.make()
    writeTree(other, new Map([...first, ['new', noise(5000, 77)]]))
    expect((await taken(other, 2, 'auto', repository)).facts).toMatchObject({ newBytes: 5000 })
  })

  test('serves as base of deltas, as it does alone', async () => {
    const folder = made.make()
    const rows = Array.from({ length: 60_000 }, (_, row) => `${row},${(row * 2_654_435_761) % 1_000_003},station-${row % 97}`)
    const save = (changed: number): void => {
      rows[changed] = `changed ${changed}`
      writeTree(folder, new Map([['table', Buffer.from(rows.join('\n'))], ['other', noise(SEGMENT + 100, 3)]]))
    }
    save(1)
    const [alone, threaded] = [await taken(folder, 0, 'auto'), await taken(folder, 2, 'auto')]
    for (const changed of [30_000, 50_000]) {
      save(changed)
      const [a, b] = [await taken(folder, 0, 'auto', alone.repository), await taken(folder, 2, 'auto', threaded.repository)]
      expect(b.facts).toEqual(a.facts)
      expect(b.facts.storedBytes).toBeLessThan(b.facts.newBytes / 5)
    }
    expect(await threaded.repository.verify()).toMatchObject({ ok: true })
    for (const age of ['data', 'data~1', 'data~2']) {
      const out = join(made.base, `delta-${age}`)
      await threaded.repository.checkout(age, out)
    }
    expect(fs.readFileSync(join(made.base, 'delta-data', 'table')).equals(Buffer.from(rows.join('\n')))).toBe(true)
  })

  test('may be what this very snapshot has committed, checkpoint after checkpoint, while threads hold more of the same', async () => {
    const folder = made.make()
    const copies = Array.from({ length: 1800 }, (_, index) => [`f/${index}`, noise(700, index % 600)] as const)
    writeTree(folder, new Map([...copies, ['g', noise(SEGMENT + 9, 1)], ['h', noise(SEGMENT + 9, 1)]]))
    const repository = await repositoryWith(2)
    // Every look at the clock is half a minute later.
    let now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 10_001))
    try {
      await repository.snapshot(folder, { ref: 'data' })
    } finally {
      clock.mockRestore()
    }
    const { root } = await (await repositoryWith(0)).snapshot(folder, { ref: 'data' })
    expect((await repository.resolve('data')).root.toString()).toBe(root)
    const checkpoints: unknown[] = []
    for await (const operation of repository.blocks.operations()) if (operation.action === 'checkpoint') checkpoints.push(operation)
    expect(checkpoints.length).toBeGreaterThan(1)
    expect(await repository.verify()).toMatchObject({ ok: true })
    const digests = await storedDigests(repository)
    expect(digests.length - new Set(digests).size).toBe(0)
  }, 30_000)

  test('may be what another writer committed meanwhile', async () => {
    const folder = made.make()
    writeTree(folder, first)
    const storage = new MemoryStorage()
    const [mine, theirs] = [await repositoryWith(2, storage), await repositoryWith(2, storage, true)]
    let other: Promise<unknown> | undefined
    const { root } = await mine.snapshot(folder, { ref: 'data', onProgress: () => void (other ??= theirs.snapshot(folder, { ref: 'theirs' })) })
    expect(other).toBeDefined()
    await other
    await mine.blocks.refresh()
    expect(root).toBe((await mine.resolve('theirs')).root.toString())
    expect(await mine.verify()).toMatchObject({ ok: true })
  })
})
