import { describe, expect, it } from 'vitest'
import { BlockRepository, type CID, DAG_CBOR_CODE, RAW_CODE } from '../../src/repository/index.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { IndexFile } from '../../src/repository/index-file.ts'
import { indexKey } from '../../src/repository/index-format.ts'
import { IndexSet } from '../../src/repository/index-set.ts'
import { encodeIndex, type WrittenIndex } from '../../src/repository/index-writer.ts'
import { PageCache } from '../../src/repository/page-cache.ts'
import { RecordTable } from '../../src/repository/record-table.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const hasher = nodePlatform.hasher('sha2-256')
const BLOCKS = 5000

function digestOf(seed: number): Uint8Array {
  return hasher.digest(new Uint8Array(new Uint32Array([seed]).buffer))
}

/** An index file of blocks from `first` on, by default too large to be read whole, which tells how often its storage was read. */
async function openedIndex(first: number, blocks: number = BLOCKS): Promise<{ file: IndexFile; reads: () => number }> {
  const storage = new MemoryStorage()
  const table = new RecordTable()
  for (let seed = first; seed < first + blocks; seed++) table.add(digestOf(seed), { pack: 0, offset: (seed - first) * 10, storedSize: 5, size: 9, codec: 0 })
  const id = randomBytes(16, first)
  let written: WrittenIndex | undefined
  await storage.put(indexKey(id), encodeIndex(hasher, [{ id, size: 1 << 20, kind: 'data' }], table.sorted(), (end) => (written = end)))
  if (written === undefined) throw new Error('not written')
  let reads = 0
  const counting: Pick<Storage, 'get'> = { get: (...args) => (reads++, storage.get(...args)) }
  const file = await IndexFile.open(counting, hasher, new PageCache(), { id, ...written })
  reads = 0
  return { file, reads: () => reads }
}

describe('blocks that are read one after another', () => {
  it('are looked for in the file that had the one before, and nowhere else if it has them', async () => {
    const [older, newer] = [await openedIndex(0), await openedIndex(BLOCKS)]
    const set = new IndexSet([older.file, newer.file])
    expect(await set.findSome(digestOf(0))).toHaveLength(1)
    const readInVain = newer.reads()
    for (let seed = 1; seed < 500; seed++) expect(await set.findSome(digestOf(seed))).toHaveLength(1)
    expect(newer.reads()).toBe(readInVain)
    expect(older.reads()).toBeLessThanOrEqual(Math.ceil(BLOCKS / 1024))
    const small = await openedIndex(10 * BLOCKS, 50)
    const all = new IndexSet([older.file, small.file, newer.file])
    expect(await all.findSome(digestOf(500))).toHaveLength(1)
    const readBefore = newer.reads()
    for (let number = 0; number < 50; number++) for (const seed of [10 * BLOCKS + number, 501 + number]) expect(await all.findSome(digestOf(seed))).toHaveLength(1)
    expect(newer.reads()).toBe(readBefore)
    for (const seed of [BLOCKS + 1, 3, BLOCKS + 2]) expect((await set.findSome(digestOf(seed)))[0]?.offset).toBe((seed % BLOCKS) * 10)
    expect(await set.findSome(digestOf(2 * BLOCKS))).toEqual([])
  })

  it('read each page once, though many are asked for at the same time', async () => {
    const { file, reads } = await openedIndex(0)
    const found = await Promise.all(Array.from({ length: 500 }, async (_, seed) => file.find(digestOf(seed))))
    expect(found.every((records) => records.length === 1)).toBe(true)
    expect(reads()).toBe(Math.ceil(BLOCKS / 1024))
    await Promise.all(Array.from({ length: 7 }, async (_, seed) => file.packOf(digestOf(BLOCKS + seed))))
    expect(reads()).toBe(Math.ceil(BLOCKS / 1024))
  })

  it('are found elsewhere if the copy that was found first is damaged', async () => {
    const storage = new MemoryStorage()
    const bytes = randomBytes(3000, 1)
    const cids: CID[] = []
    const repositories = [await BlockRepository.create(storage, { platform: nodePlatform }), await BlockRepository.open(storage, { platform: nodePlatform })]
    // Neither session knows of the other's block: it is stored twice.
    const sessions = await Promise.all(repositories.map((repository) => repository.session()))
    for (const session of sessions) cids.push(await session.put(RAW_CODE, bytes))
    const name = ['a', 'b'] as const
    for (const [at, session] of sessions.entries()) {
      await session.commit({ action: 'test', refs: [{ name: name[at] ?? '', target: await session.put(DAG_CBOR_CODE, encodeCbor([cids[at]])) }] })
      await session.close()
    }
    const keys: string[] = []
    for await (const { key } of storage.list('packs/')) keys.push(key)
    const holders: string[] = []
    for (const key of keys) if (Buffer.from(await storage.get(key)).includes(Buffer.from(bytes))) holders.push(key)
    expect(holders).toHaveLength(2)
    for (const damaged of holders) {
      const copy = new MemoryStorage()
      for await (const { key } of storage.list('')) {
        const stored = await storage.get(key)
        if (key === damaged) stored[stored.length >> 1] = (stored[stored.length >> 1] ?? 0) ^ 1
        await copy.put(key, stored)
      }
      const repository = await BlockRepository.open(copy, { platform: nodePlatform })
      expect(await repository.get(cids[0] as CID)).toEqual(bytes)
    }
  })
})
