import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'

/** 17 published versions of one daily table; not part of the product (see its README for source and licence). */
const VERSIONS = resolve('..', 'shared', 'data', 'covid-19')
const present = existsSync(VERSIONS)
const PATH = 'countries-aggregated.csv'
const GOAL_BYTES = 2_000_000

async function sizeOf(storage: MemoryStorage): Promise<number> {
  let bytes = 0
  for await (const { size } of storage.list('')) bytes += size
  return bytes
}

describe('17 published versions of a daily table, repacked', () => {
  it.skipIf(!present)(`take less than 2 MB, and each is read back by undoing few deltas${present ? '' : ' (skipped: ../shared/data/covid-19 is not here)'}`, async () => {
    const storage = new MemoryStorage()
    const repository = new Repository(await BlockRepository.create(storage, { platform: nodePlatform }))
    const versions = readdirSync(VERSIONS).filter((name) => name.endsWith('.csv')).sort().map((name) => readFileSync(join(VERSIONS, name)))
    expect(versions).toHaveLength(17)
    for (const content of versions) await repository.snapshot([{ path: PATH, content }], { ref: 'covid' })
    const report = await repository.repack({ graceMs: 0, compression: 'max' })
    expect(report.bytes.after).toBeLessThan(GOAL_BYTES)
    expect(await sizeOf(storage)).toBeLessThan(GOAL_BYTES)
    expect(report.packs).toEqual({ before: 34, after: 2 })
    const again = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    for (const [number, content] of versions.entries()) expect(equalBytes(await again.read(`covid~${16 - number}`, PATH), content)).toBe(true)
    expect(await again.verify()).toMatchObject({ ok: true })
    expect((await again.repack({ graceMs: 0, compression: 'max' })).recoded.blocks).toBe(0)
  }, 180_000)
})
