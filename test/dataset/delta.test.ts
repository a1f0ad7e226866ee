import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'

const PATH = 'table.csv'

/** Version `number` of a table of some 900 KB: each adds rows in the middle and changes a value in every fiftieth row. */
function version(number: number): Uint8Array {
  const rows: string[] = []
  for (let row = 0; row < 16_000; row++) {
    const changes = row % 50 === number % 50 ? number : 0
    rows.push(`${row},2026-01-${row % 28},${(row * 2_654_435_761) % 1_000_003},${(row * 40_503 + changes * 977) % 65_537},station-${row % 97}`)
    if (row === 8000) for (let added = 0; added < number * 20; added++) rows.push(`added,${added},${(added * 48_271) % 2_147_483}`)
  }
  return utf8(rows.join('\n'))
}

async function newRepository(storage = new MemoryStorage()): Promise<{ storage: MemoryStorage; repository: Repository }> {
  return { storage, repository: new Repository(await BlockRepository.create(storage, { platform: nodePlatform })) }
}

async function reopened(storage: MemoryStorage): Promise<Repository> {
  return new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
}

async function takeVersions(repository: Repository, count: number): Promise<{ roots: string[]; stored: number[] }> {
  const roots: string[] = []
  const stored: number[] = []
  for (let number = 0; number < count; number++) {
    const { root, storedBytes } = await repository.snapshot([{ path: PATH, content: version(number) }], { ref: 'data', message: `version ${number}` })
    roots.push(root)
    stored.push(storedBytes)
  }
  return { roots, stored }
}

describe('a file that changes a little', () => {
  it('is stored as deltas, and reads back to the byte, through chains longer than their limit', async () => {
    const { storage, repository } = await newRepository()
    const { stored } = await takeVersions(repository, 20)
    expect(Math.max(...stored.slice(1, 16))).toBeLessThan((stored[0] ?? 0) / 5)
    const again = await reopened(storage)
    for (const age of [19, 10, 3, 2, 1, 0]) expect(equalBytes(await again.read(`data~${age}`, PATH), version(19 - age))).toBe(true)
    expect((await again.diskUsage()).codecs.find(({ codec }) => codec === 'delta')?.blocks).toBeGreaterThan(30)
    expect(await again.verify()).toMatchObject({ ok: true })
  })

  it('has the root that it has without deltas', async () => {
    const { repository } = await newRepository()
    const { roots } = await takeVersions(repository, 3)
    for (const [number, root] of roots.entries()) {
      const { repository: other } = await newRepository()
      expect((await other.snapshot([{ path: PATH, content: version(number) }], { ref: 'other', compression: 'none' })).root).toBe(root)
    }
  })

  it('is made to stand by itself when the version that it was made from goes', async () => {
    const { storage, repository } = await newRepository()
    await takeVersions(repository, 6)
    const result = await repository.collectGarbage({ keepLast: 2, graceMs: 0 })
    expect(result.evicted.map(({ message }) => message)).toEqual(['version 3', 'version 2', 'version 1', 'version 0'])
    const again = await reopened(storage)
    for (const age of [1, 0]) expect(equalBytes(await again.read(`data~${age}`, PATH), version(5 - age))).toBe(true)
    await expect(again.read('data~2', PATH)).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('garbage collection') as string })
    expect(await again.verify()).toMatchObject({ ok: true, damaged: [] })
    expect((await collect(again.log('data'))).map(({ evicted }) => evicted)).toEqual([false, false, true, true, true, true])
    const twice = await again.collectGarbage({ keepLast: 2, graceMs: 0 })
    expect([twice.removed.blocks, twice.evicted]).toEqual([0, []])
    expect((await again.snapshot([{ path: PATH, content: version(6) }], { ref: 'data' })).created).toBe(true)
    expect(equalBytes(await (await reopened(storage)).read('data', PATH), version(6))).toBe(true)
  })

  it('is never read wrong where the version that it was made from is damaged, and verify names every path', async () => {
    const { storage, repository } = await newRepository()
    await takeVersions(repository, 3)
    let damagedAny = 0
    for await (const { key, size } of storage.list('packs/')) {
      if (size < 100_000 || damagedAny > 0) continue
      const bytes = await storage.get(key)
      bytes[200] = (bytes[200] as number) ^ 0x10
      await storage.delete(key)
      await storage.put(key, bytes)
      damagedAny++
    }
    expect(damagedAny).toBe(1)
    const again = await reopened(storage)
    await expect(again.read('data', PATH)).rejects.toMatchObject({ code: 'CORRUPT_BLOCK' })
    const { ok, damaged } = await again.verify()
    expect(ok).toBe(false)
    const paths = new Set(damaged.flatMap((block) => block.paths))
    for (const name of ['data', 'data~1', 'data~2']) expect(paths).toContain(`${name}:${PATH}`)
  })
})

async function collect<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}
