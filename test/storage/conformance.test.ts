import { describe, expect, test } from 'vitest'
import { storageConformance, type ConformanceOptions } from '../../src/storage/conformance.ts'
import { FaultyStorage } from '../../src/storage/faulty-storage.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { OverlayStorage } from '../../src/storage/overlay-storage.ts'
import { ReadOnlyStorage } from '../../src/storage/read-only-storage.ts'
import { lying } from './lies.ts'

function conforms(name: string, open: () => Promise<Storage>, options?: ConformanceOptions): void {
  describe(name, () => {
    for (const { name, run } of storageConformance(open, options)) test(name, run)
  })
}

const memory = new MemoryStorage()
const filled = new MemoryStorage()
conforms('memory', async () => new MemoryStorage())
conforms('memory that several share', async () => memory, { shared: true })
conforms('faulty without faults', async () => new FaultyStorage(new MemoryStorage(), () => undefined))
conforms('laid over another', async () => new OverlayStorage(memory))
conforms('read-only', async () => new ReadOnlyStorage(filled), { fill: (key, bytes) => filled.put(key, bytes) })

async function failures(open: () => Promise<Storage>, options?: ConformanceOptions): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of storageConformance(open, options)) await run().catch(() => failed.push(name))
  return failed
}

describe('the suite', () => {
  test('leaves nothing behind in a storage that holds other objects', async () => {
    const storage = new MemoryStorage()
    await storage.put('other/object', new Uint8Array(3))
    expect(await failures(async () => storage, { shared: true })).toEqual([])
    const left: string[] = []
    for await (const { key } of storage.list('')) left.push(key)
    expect(left).toEqual(['other/object'])
  })

  test('closes every storage that it opens', async () => {
    let open = 0
    const counted = lying((sound) => ({
      async close() {
        open--
        await sound.close()
      },
    }))
    await failures(
      async () => {
        open++
        return counted()
      },
      { shared: true },
    )
    expect(open).toBe(0)
  })

  test('finds a read-only storage that reports success', async () => {
    const inner = new MemoryStorage()
    const open = async (): Promise<Storage> => inner
    expect(await failures(open, { fill: (key, bytes) => inner.put(key, bytes) })).toContain('a read-only storage refuses to write and never reports success')
  })

  test('reports what broke, not that cleaning up failed after it', async () => {
    const open = lying(() => ({
      stat: async () => ({ size: 4711 }),
      delete: () => Promise.reject(new Error('cannot delete')),
    }))
    const [first] = storageConformance(open)
    await expect(first?.run()).rejects.toThrow('4711 instead of 0 bytes')
  })
})
