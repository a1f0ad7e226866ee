import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import { pull, push } from '../../src/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { bodyParts } from '../../src/storage/body.ts'
import type { ObjectBody, StorageCallOptions } from '../../src/storage/interface.ts'
import { create } from '../dataset/in-memory.ts'
import { noise } from './two-colleagues.ts'

/** Counts the calls that would be requests, and the bytes of their bodies. */
class CountingStorage extends MemoryStorage {
  calls = 0
  bytes = 0
  readonly created: string[] = []

  override async put(key: string, body: ObjectBody, options?: StorageCallOptions): Promise<void> {
    this.calls++
    this.created.push(key)
    const count = (size: number): void => void (this.bytes += size)
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const part of bodyParts(body)) {
        count(part.length)
        yield part
      }
    }
    return super.put(key, counted(), options)
  }

  override async get(...given: Parameters<MemoryStorage['get']>): Promise<Uint8Array> {
    const bytes = await super.get(...given)
    this.calls++
    this.bytes += bytes.length
    return bytes
  }

  override async stat(...given: Parameters<MemoryStorage['stat']>): ReturnType<MemoryStorage['stat']> {
    this.calls++
    return super.stat(...given)
  }

  begin(): void {
    this.calls = 0
    this.bytes = 0
    this.created.length = 0
  }
}

function manyFiles(count: number): { path: string; content: Uint8Array }[] {
  return Array.from({ length: count }, (_, number) => ({ path: `folder-${number % 50}/${number}.json`, content: utf8(JSON.stringify({ number, label: (number * 2_654_435_761) % 1_000_003 })) }))
}

describe('many small files', () => {
  it('travel as a few objects, by a few requests, in both directions', async () => {
    const here = await create()
    const { root } = await here.snapshot(manyFiles(5000), { ref: 'data' })
    const remote = new CountingStorage()
    await push(here, { to: remote })
    expect(remote.created.filter((key) => key.startsWith('packs/')).length).toBeLessThanOrEqual(3)
    // Config, a lease, two packs, an index and a record, and those of what is remembered of the remote.
    expect(remote.created.length).toBeLessThan(10)
    expect(remote.calls).toBeLessThan(60)

    remote.begin()
    const there = await create()
    await pull(there, { from: remote })
    expect(remote.calls).toBeLessThan(60)
    expect((await there.resolve('data')).root.toString()).toBe(root)
    expect(await there.verify()).toMatchObject({ ok: true })
  }, 60_000)
})

describe('a small change to a large dataset', () => {
  it('moves at most half as much again as what is new, and a MiB, in both directions', async () => {
    const here = await create()
    const entries = [...manyFiles(20_000), ...Array.from({ length: 20 }, (_, number) => ({ path: `tables/${number}`, content: noise(400_000, number) }))]
    await here.snapshot(entries, { ref: 'data' })
    const remote = new CountingStorage()
    await push(here, { to: remote })
    const there = await create()
    await pull(there, { from: remote })

    entries[12_345] = { path: 'folder-45/12345.json', content: noise(1_500_000, 77) }
    await here.snapshot(entries, { ref: 'data' })
    remote.begin()
    const pushed = await push(here, { to: remote })
    expect(pushed.bytes).toBeGreaterThan(1_500_000)
    expect(remote.bytes).toBeLessThan(1.5 * pushed.bytes + 2 ** 20)
    expect(remote.calls).toBeLessThan(80)

    remote.begin()
    const pulled = await pull(there, { from: remote })
    expect(pulled.bytes).toBe(pushed.bytes)
    expect(remote.bytes).toBeLessThan(1.5 * pulled.bytes + 2 ** 20)
    expect(remote.calls).toBeLessThan(80)
  }, 60_000)
})

describe('what was read back after a push', () => {
  it('is told of all packs together', async () => {
    const here = await create()
    // Two packs of content and one of the tree, each with four blocks or more.
    await here.snapshot(Array.from({ length: 90 }, (_, number) => ({ path: `${number % 40}/${number}`, content: noise(1_000_000, number) })), { ref: 'data' })
    const { verified } = await push(here, { to: new MemoryStorage() })
    expect(verified.packs).toBe(3)
    expect(verified.blocks).toBeGreaterThan(4)
    expect(verified.blocks).toBeLessThanOrEqual(12)
  }, 60_000)
})
