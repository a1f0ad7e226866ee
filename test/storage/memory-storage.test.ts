import { expect, test } from 'vitest'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'

test('a body whose producer fills one buffer again and again is stored as it came', async () => {
  const buffer = new Uint8Array(2)
  const storage = new MemoryStorage()
  await storage.put('a', (function* () {
    for (const value of [1, 2, 3]) yield buffer.fill(value)
  })())
  expect(await storage.get('a')).toEqual(Uint8Array.of(1, 1, 2, 2, 3, 3))
})

test('a body that is text is refused and not stored', async () => {
  const storage = new MemoryStorage()
  await expect(storage.put('a', 'text' as unknown as Uint8Array)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(await storage.stat('a')).toBeUndefined()
})

test('objects can be deleted while they are listed', async () => {
  const storage = new MemoryStorage()
  for (const key of ['a', 'b', 'c']) await storage.put(key, new Uint8Array(1))
  const seen: string[] = []
  for await (const { key } of storage.list('')) {
    seen.push(key)
    await storage.delete(key)
  }
  expect(seen).toEqual(['a', 'b', 'c'])
})
