import { expect, test } from 'vitest'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { ReadOnlyStorage } from '../../src/storage/read-only-storage.ts'

test('a refused write says where, what and what to do', async () => {
  const storage = new ReadOnlyStorage(new MemoryStorage())
  await expect(storage.put('a')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'Cannot put "a": memory was opened read-only', data: { key: 'a', operation: 'put' } })
  await expect(storage.delete('a')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', hint: 'Open the repository for writing, or write to another one.' })
})

test('closing it closes the storage below', async () => {
  let closed = 0
  const inner = new MemoryStorage()
  inner.close = async () => {
    closed++
  }
  await new ReadOnlyStorage(inner).close()
  expect(closed).toBe(1)
})
