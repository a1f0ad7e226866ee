import { describe, expect, it } from 'vitest'
import { CorruptObjectError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { AbsenceFilter } from '../../src/repository/absence-filter.ts'
import { IndexFile } from '../../src/repository/index-file.ts'
import { indexKey } from '../../src/repository/index-format.ts'
import { encodeIndex, type WrittenIndex } from '../../src/repository/index-writer.ts'
import { PageCache } from '../../src/repository/page-cache.ts'
import { RecordTable } from '../../src/repository/record-table.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const hasher = nodePlatform.hasher('sha2-256')
const BLOCKS = 20_000
const PAGES = Math.ceil(BLOCKS / 1024)

function digestOf(seed: number): Uint8Array {
  return hasher.digest(new Uint8Array(new Uint32Array([seed]).buffer))
}

/** An index of blocks 0 to 19,999, which tells how often its storage was read. A cache of one page, so that hardly any look-up finds its page in memory. */
async function openedIndex(cache: PageCache = new PageCache(1)): Promise<{ file: IndexFile; reads: () => number; storage: MemoryStorage; key: string }> {
  const storage = new MemoryStorage()
  const table = new RecordTable()
  for (let seed = 0; seed < BLOCKS; seed++) table.add(digestOf(seed), { pack: 0, offset: seed * 10, storedSize: 5, size: 9, codec: 0 })
  const id = randomBytes(16, 1)
  let written: WrittenIndex | undefined
  await storage.put(indexKey(id), encodeIndex(hasher, [{ id: randomBytes(16, 2), size: 1 << 20, kind: 'data' }], table.sorted(), (end) => (written = end)))
  if (written === undefined) throw new Error('not written')
  let reads = 0
  const counting: Pick<Storage, 'get'> = { get: (...args) => (reads++, storage.get(...args)) }
  const file = await IndexFile.open(counting, hasher, cache, { id, ...written })
  reads = 0
  return { file, reads: () => reads, storage, key: indexKey(id) }
}

describe('a filter', () => {
  it('excludes nothing that was added, and most of what was not', () => {
    const filter = new AbsenceFilter(5000)
    const bytes = new Uint8Array(48)
    for (let seed = 0; seed < 5000; seed++) {
      bytes.set(digestOf(seed), 7)
      filter.add(bytes, 7)
    }
    for (let seed = 0; seed < 5000; seed++) expect(filter.excludes(digestOf(seed))).toBe(false)
    let passed = 0
    for (let seed = 5000; seed < 15_000; seed++) if (!filter.excludes(digestOf(seed))) passed++
    expect(passed).toBeLessThan(30)
  })

  it('of nothing excludes everything', () => {
    expect(new AbsenceFilter(0).excludes(digestOf(1))).toBe(true)
  })
})

describe('an index that is asked for blocks which it does not have', () => {
  it('reads no page for nearly all of them, once it has read each of its pages once', async () => {
    const { file, reads } = await openedIndex()
    for (let seed = BLOCKS; seed < BLOCKS + 3000; seed++) expect(await file.packOf(digestOf(seed))).toBeUndefined()
    expect(reads()).toBeLessThan(8 + PAGES + 15)
    const [packOf, find] = [file.packOf(digestOf(1_000_001)), file.find(digestOf(1_000_001))]
    expect([packOf, find]).toEqual([undefined, []])
  })

  it('reads no page twice if it is small and there is room for it, and no more pages than it is asked for', async () => {
    const { file, reads } = await openedIndex(new PageCache())
    for (let seed = BLOCKS; seed < BLOCKS + 12; seed++) expect(await file.packOf(digestOf(seed))).toBeUndefined()
    expect(reads()).toBeLessThanOrEqual(12)
    for (let seed = BLOCKS; seed < BLOCKS + 3000; seed++) expect(await file.packOf(digestOf(seed))).toBeUndefined()
    expect(reads()).toBe(PAGES)
  })

  it('finds all that it has as before', async () => {
    const { file } = await openedIndex()
    for (let seed = BLOCKS; seed < BLOCKS + 100; seed++) expect(await file.find(digestOf(seed))).toEqual([])
    for (let seed = 0; seed < BLOCKS; seed += 7) {
      expect(await file.find(digestOf(seed))).toEqual([{ pack: 0, offset: seed * 10, storedSize: 5, size: 9, codec: 0 }])
      expect(await file.packOf(digestOf(seed))).toBe(file.pack(0))
    }
  })

  it('reads nothing but what it must as long as most are there', async () => {
    const { file, reads } = await openedIndex()
    for (let seed = 0; seed < 200; seed++) await file.packOf(digestOf(seed))
    for (let seed = BLOCKS; seed < BLOCKS + 5; seed++) await file.packOf(digestOf(seed))
    expect(reads()).toBeLessThanOrEqual(205)
  })

  it('does without where a page is damaged, which is told to those alone who need that page', async () => {
    const { file, storage, key } = await openedIndex()
    const bytes = await storage.get(key)
    await storage.delete(key)
    bytes[bytes.length - 5000] = (bytes[bytes.length - 5000] as number) ^ 1
    await storage.put(key, [bytes])
    const found: unknown[] = []
    for (let seed = BLOCKS; seed < BLOCKS + 400; seed++) found.push(await Promise.resolve(file.packOf(digestOf(seed))).catch((error: unknown) => error))
    const failed = found.filter((answer) => answer instanceof CorruptObjectError)
    expect(failed.length).toBeGreaterThan(0)
    expect(failed.length).toBeLessThan(80)
    expect(found.every((answer) => answer === undefined || answer instanceof CorruptObjectError)).toBe(true)
  })
})
