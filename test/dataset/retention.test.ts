import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Repository } from '../../src/dataset/repository.ts'
import { nodeFolders } from '../../src/node/folder-port.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from './in-memory.ts'

const DAY_MS = 86_400_000

/** A repository whose clock is set by hand. */
async function clocked(): Promise<{ repository: Repository; clock: { now: number } }> {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const platform = { ...nodePlatform, now: () => new Date(clock.now) }
  return { repository: new Repository(await BlockRepository.create(new MemoryStorage(), { platform })), clock }
}

async function take(repository: Repository, ref: string, number: number): Promise<void> {
  await repository.snapshot([{ path: 'a', content: `content ${number} ${'x'.repeat(1000)}` }], { ref, message: String(number) })
}

describe('retention', () => {
  it('keeps the newest, the recent, and what tags point to', async () => {
    const { repository, clock } = await clocked()
    for (let number = 0; number < 10; number++) {
      await take(repository, 'data', number)
      clock.now += 10 * DAY_MS
    }
    await repository.setRef('data@early', 'data~8')
    const messages = async (options: object): Promise<string[]> => (await repository.collectGarbage({ dryRun: true, ...options })).evicted.map(({ message }) => message)
    expect(await messages({})).toEqual([])
    expect(await messages({ keepLast: 3 })).toEqual(['6', '5', '4', '3', '2', '0'])
    expect(await messages({ keepWithinMs: 45 * DAY_MS })).toEqual(['5', '4', '3', '2', '0'])
    expect(await messages({ keepLast: 6, keepWithinMs: 25 * DAY_MS })).toEqual(['3', '2', '0'])
    expect(await messages({ keepLast: 1 })).toHaveLength(8)
    await repository.collectGarbage({ keepLast: 1, graceMs: 0 })
    await repository.read('data@early', 'a')
    await repository.read('data', 'a')
    await expect(repository.read('data~1', 'a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(repository.setRef('other', 'data~1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('refuses what is no rule', async () => {
    const { repository } = await clocked()
    for (const options of [{ keepLast: 0 }, { keepLast: 1.5 }, { keepWithinMs: Number.NaN }]) {
      await expect(repository.collectGarbage(options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })

  it('says what each ref alone keeps, and what they share', async () => {
    const { repository } = await clocked()
    await take(repository, 'a', 1)
    await take(repository, 'b', 1)
    await take(repository, 'c', 2)
    const { refs, sharedBytes, unreachable } = await repository.diskUsage()
    expect(refs.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(sharedBytes).toBeGreaterThan(0)
    expect(refs[2]?.exclusiveBytes).toBeGreaterThan(refs[0]?.exclusiveBytes ?? 0)
    await repository.deleteRef('c')
    expect((await repository.diskUsage()).unreachable.bytes).toBeGreaterThanOrEqual(unreachable.bytes + (refs[2]?.exclusiveBytes ?? 0))
  })

  it('says of a snapshot that was dropped that it was, though others still keep its manifest and all its files', async () => {
    const repository = await create()
    const entries = [{ path: 'a', content: 'kept by another ref' }]
    await repository.snapshot(entries, { ref: 'data' })
    await repository.snapshot([{ path: 'b', content: 'newest' }], { ref: 'data' })
    await repository.snapshot(entries, { ref: 'other' })
    expect((await repository.collectGarbage({ keepLast: 1, graceMs: 0 })).evicted).toHaveLength(1)
    const { root } = await repository.resolve('other')
    expect(await repository.blocks.has(root)).toBe(true)
    const folder = join(mkdtempSync(join(tmpdir(), 'varve-retention-')), 'out')
    try {
      const refusal = { code: 'NOT_FOUND', message: expect.stringContaining('removed by garbage collection') as string }
      const port = new Repository(repository.blocks, { folders: nodeFolders() })
      await expect(port.checkout('data~1', folder)).rejects.toMatchObject(refusal)
      expect(existsSync(folder)).toBe(false)
      await expect(repository.verify('data~1')).rejects.toMatchObject(refusal)
      expect(await repository.verify('other')).toMatchObject({ ok: true, blocks: 1 })
    } finally {
      rmSync(dirname(folder), { recursive: true })
    }
  })

  it('does not count a snapshot whose data went as a copy of what a checkout would replace', async () => {
    const { repository: { blocks }, clock } = await clocked()
    const repository = new Repository(blocks, { folders: nodeFolders() })
    const work = mkdtempSync(join(tmpdir(), 'varve-retention-'))
    const folder = join(work, 'data')
    try {
      mkdirSync(folder)
      for (const version of ['first', 'second']) {
        writeFileSync(join(folder, 'a'), version)
        await repository.snapshot(folder, { ref: 'data' })
        clock.now += DAY_MS
      }
      await repository.checkout('data~1', folder)
      await repository.collectGarbage({ keepLast: 1, graceMs: 0 })
      await expect(repository.checkout('data', folder)).rejects.toMatchObject({ code: 'WOULD_OVERWRITE' })
      expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('first')
    } finally {
      rmSync(work, { recursive: true })
    }
  })
})
