import { describe, expect, it } from 'vitest'
import { pull, push } from '../../src/index.ts'
import { BLOCK_HEADER_SIZE_BYTES } from '../../src/repository/pack-format.ts'
import { FILE_HEADER_SIZE_BYTES } from '../../src/repository/tail.ts'
import { SpanMemoryPool } from '../../src/remote/transfer/span-memory.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from '../dataset/in-memory.ts'
import { files, noise, scratch } from './two-colleagues.ts'

const MIB = 2 ** 20

describe('memory for spans', () => {
  it('is used again once whoever read it and all who borrowed it have given it back', () => {
    const pool = new SpanMemoryPool()
    const first = pool.take(4 * MIB)
    first.lend()
    first.giveBack()
    expect(pool.take(4 * MIB).memory === first.memory).toBe(false)
    first.giveBack()
    expect(pool.take(2 * MIB).memory === first.memory).toBe(true)
  })

  it('is not used for what is small, or larger than any span', () => {
    const pool = new SpanMemoryPool()
    expect(pool.take(1000).memory).toBeUndefined()
    expect(pool.take(5 * MIB).memory).toBeUndefined()
  })
})

describe('spans that are read into memory that was used before', () => {
  it('go over as they are, from folder to folder and back', async () => {
    await using place = scratch()
    const ada = await place.of('ada')
    // Some 18 spans, compressible and not, of large files and small ones.
    const contents = Object.fromEntries([...Array.from({ length: 60 }, (_, number) => [`large/${number}`, noise(MIB, number)] as const), ...Array.from({ length: 3000 }, (_, number) => [`small/${number}`, `${number} `.repeat(900)] as const)])
    const { root } = await ada.snapshot(files(contents), { ref: 'data' })
    await push(ada, { to: place.path('shared') })
    expect(await (await place.of('shared')).verify()).toMatchObject({ ok: true })
    const bob = await place.of('bob')
    await pull(bob, { from: place.path('shared') })
    expect(await bob.verify()).toMatchObject({ ok: true })
    expect((await bob.resolve('data')).root.toString()).toBe(root)
  }, 120_000)
})

describe('a chunk whose header has another check than its payload', () => {
  it('is sound, and goes over with the right one', async () => {
    const local = new MemoryStorage()
    const here = await create(local)
    await here.snapshot(files({ a: noise(500_000, 1), b: noise(500_000, 2) }), { ref: 'data' })
    const keys: string[] = []
    for await (const { key, size } of local.list('packs/')) if (size > BLOCK_HEADER_SIZE_BYTES + 500_000) keys.push(key)
    for (const key of keys) {
      const bytes = await local.get(key)
      const check = FILE_HEADER_SIZE_BYTES + 12
      bytes.set([(bytes[check] ?? 0) ^ 1], check)
      await local.delete(key)
      await local.put(key, bytes)
    }
    expect(await here.verify()).toMatchObject({ ok: false })
    const remote = new MemoryStorage()
    await push(here, { to: remote })
    const there = await create()
    await pull(there, { from: remote })
    expect(await there.verify()).toMatchObject({ ok: true })
  })
})
