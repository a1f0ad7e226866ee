import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, toHex } from '../../src/bytes.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { DigestTable } from '../../src/repository/digest-table.ts'
import { IndexFile } from '../../src/repository/index-file.ts'
import { indexKey, type IndexedPack, type IndexRecord } from '../../src/repository/index-format.ts'
import { IndexSet } from '../../src/repository/index-set.ts'
import { encodeIndex, type WrittenIndex } from '../../src/repository/index-writer.ts'
import { chooseForMerge, mergedRecords } from '../../src/repository/merge-indexes.ts'
import { PageCache } from '../../src/repository/page-cache.ts'
import { RecordTable } from '../../src/repository/record-table.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const hasher = nodePlatform.hasher('sha2-256')
const storage = new MemoryStorage()
let made = 0

function digestOf(seed: number): Uint8Array {
  return hasher.digest(new Uint8Array(new Uint32Array([seed]).buffer))
}

/** An index file of the given digests, in packs of its own. */
async function makeIndex(seeds: readonly number[], packCount: number): Promise<{ file: IndexFile; table: RecordTable }> {
  const table = new RecordTable()
  const packs: IndexedPack[] = Array.from({ length: packCount }, (_, number) => ({ id: randomBytes(16, made * 100 + number), size: 1 << 20, kind: number % 2 === 0 ? 'data' : 'metadata' }))
  for (const [row, seed] of seeds.entries()) table.add(digestOf(seed), { pack: row % packCount, offset: row * 100, storedSize: seed % 1000, size: seed % 5000, codec: seed % 2 })
  const id = randomBytes(16, 7_000_000 + made++)
  let written: WrittenIndex | undefined
  await storage.put(indexKey(id), encodeIndex(hasher, packs, table.sorted(), (end) => (written = end)))
  if (written === undefined) throw new Error('not written')
  return { file: await IndexFile.open(storage, hasher, new PageCache(), { id, ...written }), table }
}

describe('a table of digests', () => {
  it('numbers digests in the order they came, like a map', () => {
    fc.assert(fc.property(fc.array(fc.nat(500), { maxLength: 1200 }), (seeds) => {
      const table = new DigestTable()
      const model = new Map<string, number>()
      for (const seed of seeds) {
        const digest = digestOf(seed)
        expect(table.add(digest)).toBe(!model.has(toHex(digest)))
        if (!model.has(toHex(digest))) model.set(toHex(digest), model.size)
      }
      for (const seed of [...seeds, 1000, 1001]) expect(table.rowOf(digestOf(seed))).toBe(model.get(toHex(digestOf(seed))) ?? -1)
      expect(table.count).toBe(model.size)
    }), { numRuns: 30 })
  })
})

describe('an index file', () => {
  it.each([0, 1, 1023, 1024, 1025, 3000])('finds each of %i records, and nothing else', async (count) => {
    const seeds = Array.from({ length: count }, (_, index) => index * 7)
    const { file, table } = await makeIndex(seeds, 5)
    expect(file.records).toBe(count)
    for (const seed of seeds) expect(await file.find(digestOf(seed))).toEqual([table.find(digestOf(seed))])
    for (let seed = 1; seed < 300; seed += 7) expect(await file.find(digestOf(seed))).toEqual([])
    await file.verify()
  })

  it('answers at once when the page is in memory', async () => {
    const { file } = await makeIndex([1, 2, 3], 1)
    expect(file.find(digestOf(1))).toBeInstanceOf(Promise)
    await file.find(digestOf(1))
    expect(file.find(digestOf(1))).toBeInstanceOf(Array)
  })

  it('is refused if it is not the one that the root record names', async () => {
    const { file } = await makeIndex([1, 2, 3], 1)
    const other = { ...file.name, digest: digestOf(1) }
    await expect(IndexFile.open(storage, hasher, new PageCache(), other)).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
    await expect(IndexFile.open(storage, hasher, new PageCache(), { ...file.name, size: file.name.size - 1 })).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
    await expect(IndexFile.open(storage, hasher, new PageCache(), { ...file.name, id: randomBytes(16, 1) })).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
  })
})

describe('the packs of index files', () => {
  it('are one object each, however they are asked for', async () => {
    const { file } = await makeIndex([1, 2, 3], 40)
    const { packs } = file
    expect(packs).toHaveLength(40)
    packs.forEach((pack, number) => expect(file.pack(number)).toBe(pack))
    expect(file.pack(40)).toBeUndefined()
    expect([...new IndexSet([file]).packs]).toEqual(packs)
    const [location] = await new IndexSet([file]).find(digestOf(3))
    expect(location?.pack).toBe(packs[2])
  })

  it('are found by their ids, and no others are', async () => {
    for (const count of [0, 1, 2, 33, 500]) {
      const { file } = await makeIndex([], count)
      const ids = file.packs.map(({ id }) => id)
      expect(ids.every((id) => file.hasPack(new Uint8Array(id)))).toBe(true)
      for (let seed = 0; seed < 200; seed++) expect(file.hasPack(randomBytes(16, 20_000_000 + seed))).toBe(false)
      for (const id of ids) expect(file.hasPack(Uint8Array.from(id, (byte, index) => (index === 15 ? byte ^ 1 : byte)))).toBe(false)
    }
  })

  it('are listed once, though two files share them', async () => {
    const { file: first } = await makeIndex([1], 3)
    const { file: second } = await makeIndex([2], 2)
    const shared = [...first.packs, ...second.packs]
    const id = randomBytes(16, 6_000_000)
    let written: WrittenIndex | undefined
    await storage.put(indexKey(id), encodeIndex(hasher, shared, new RecordTable().sorted(), (end) => (written = end)))
    const both = await IndexFile.open(storage, hasher, new PageCache(), { id, ...(written as WrittenIndex) })
    const set = new IndexSet([first, both])
    expect([...set.packs].map(({ id }) => toHex(id))).toEqual(shared.map(({ id }) => toHex(id)))
    expect(shared.every(({ id }) => set.hasPack(id))).toBe(true)
  })
})

describe('merging index files', () => {
  it('keeps every place of every block', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.uniqueArray(fc.nat(3000), { maxLength: 400 }), { minLength: 2, maxLength: 5 }), async (lists) => {
      const parts = await Promise.all(lists.map((seeds) => makeIndex(seeds, 3)))
      const { packs, records } = mergedRecords(parts.map(({ file }) => file))
      const id = randomBytes(16, 9_000_000 + made++)
      let written: WrittenIndex | undefined
      await storage.put(indexKey(id), encodeIndex(hasher, packs, records, (end) => (written = end)))
      const merged = await IndexFile.open(storage, hasher, new PageCache(), { id, ...(written as WrittenIndex) })
      const places = (file: IndexFile, found: readonly IndexRecord[]): string[] => found.map((record) => `${toHex(file.packs[record.pack]?.id ?? new Uint8Array(0))} ${record.offset} ${record.storedSize} ${record.size} ${record.codec}`)
      for (const seed of new Set(lists.flat())) {
        const expected: string[] = []
        for (const { file } of parts) expected.push(...places(file, await file.find(digestOf(seed))))
        expect(places(merged, await merged.find(digestOf(seed))).sort()).toEqual(expected.sort())
      }
      let last = new Uint8Array(0)
      for await (const page of merged.pages()) {
        const first = page.slice(0, 32)
        expect(concatBytes([last]).length === 0 || toHex(last) <= toHex(first)).toBe(true)
        last = page.slice(page.length - 48, page.length - 16)
      }
    }), { numRuns: 15 })
  })

  it('leaves few files, and rewrites the large ones seldom', async () => {
    let files: { records: number }[] = []
    let rewritten = 0
    for (let commit = 0; commit < 3000; commit++) {
      files.push({ records: 10 })
      const chosen = chooseForMerge(files as IndexFile[]) as readonly { records: number }[]
      if (chosen.length === 0) continue
      const records = chosen.reduce((sum, file) => sum + file.records, 0)
      rewritten += records
      files = [...files.filter((file) => !chosen.includes(file)), { records }]
      expect(files.length).toBeLessThanOrEqual(16)
    }
    expect(rewritten / 30_000).toBeLessThan(12)
  })
})
