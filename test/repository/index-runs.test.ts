import { describe, expect, it } from 'vitest'
import { compareBytes, toHex } from '../../src/bytes.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { compareRecords, decodeRecord, type IndexedPack } from '../../src/repository/index-format.ts'
import { IndexSet } from '../../src/repository/index-set.ts'
import { mergedRecords } from '../../src/repository/merge-indexes.ts'
import { PageCache } from '../../src/repository/page-cache.ts'
import { IndexRuns } from '../../src/repository/repair/index-runs.ts'
import type { SessionHost } from '../../src/repository/session-host.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

describe('runs of an index', () => {
  it('hold every record in order, however many files it takes, and merge to the same', async () => {
    const storage = new MemoryStorage()
    const host = { storage, hasher: nodePlatform.hasher('sha2-256'), platform: nodePlatform } as unknown as SessionHost
    const runs = new IndexRuns(host, new PageCache(), 100)
    const packs: IndexedPack[] = Array.from({ length: 7 }, (_, number) => ({ id: randomBytes(16, number), kind: 'data', size: 1_000_000 }))
    const expected: string[] = []
    for (const [number, pack] of packs.entries()) {
      runs.begin(pack)
      // The last has no blocks, and every block stands in three packs.
      for (let block = 0; block < (number < 6 ? 150 : 0); block++) {
        const digest = randomBytes(32, 1000 + block + 150 * (number % 2))
        await runs.add(digest, { offset: 16 + block * 100, storedSize: 20, size: 40, codec: 1 })
        expected.push(`${toHex(digest)} ${toHex(pack.id)} ${16 + block * 100}`)
      }
    }
    await runs.flush()
    expect(runs.files.length).toBe(9)
    const set = new IndexSet(runs.files)
    expect(new Set([...set.packs].map(({ id }) => toHex(id)))).toEqual(new Set(packs.map(({ id }) => toHex(id))))
    expect((await set.find(randomBytes(32, 1000))).length).toBe(3)
    const merged = mergedRecords(runs.files)
    const found: string[] = []
    let last: Uint8Array | undefined
    for await (const record of merged.records) {
      if (last !== undefined) {
        expect(compareRecords(last, record)).toBeLessThan(0)
        expect(compareBytes(last.subarray(0, 32), record.subarray(0, 32))).toBeLessThanOrEqual(0)
      }
      last = record
      const { pack, offset } = decodeRecord(record, 0)
      found.push(`${toHex(record.subarray(0, 32))} ${toHex((merged.packs[pack] as IndexedPack).id)} ${offset}`)
    }
    expect(found.sort()).toEqual(expected.sort())
  })
})
