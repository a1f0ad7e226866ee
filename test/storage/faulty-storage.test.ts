import { beforeEach, describe, expect, test } from 'vitest'
import { StorageError } from '../../src/errors.ts'
import { FaultyStorage, type Fault, type StorageCall } from '../../src/storage/faulty-storage.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'

const error = new StorageError('planned')
const bytes = Uint8Array.of(1, 2, 3, 4)
let inner: MemoryStorage

beforeEach(async () => {
  inner = new MemoryStorage()
  await inner.put('a/1', bytes)
  await inner.put('a/2', bytes)
})

const always = (fault: Fault): FaultyStorage => new FaultyStorage(inner, () => fault)

async function keys(storage: Pick<MemoryStorage, 'list'>): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of storage.list('')) found.push(key)
  return found
}

describe('a fault before a call', () => {
  test('keeps every operation from having an effect', async () => {
    const storage = always({ type: 'before', error })
    await expect(storage.put('b', bytes)).rejects.toBe(error)
    await expect(storage.get('a/1')).rejects.toBe(error)
    await expect(storage.stat('a/1')).rejects.toBe(error)
    await expect(storage.delete('a/1')).rejects.toBe(error)
    await expect(keys(storage)).rejects.toBe(error)
    expect(await keys(inner)).toEqual(['a/1', 'a/2'])
  })
})

describe('a fault after a call', () => {
  test('lets it take effect and reports a failure', async () => {
    const storage = always({ type: 'after', error })
    await expect(storage.put('b', bytes)).rejects.toBe(error)
    await expect(storage.delete('a/1')).rejects.toBe(error)
    await expect(storage.get('a/2')).rejects.toBe(error)
    await expect(storage.stat('a/2')).rejects.toBe(error)
    expect(await keys(inner)).toEqual(['a/2', 'b'])
    expect(await inner.get('b')).toEqual(bytes)
  })

  test('of a listing comes when all was listed', async () => {
    const seen: string[] = []
    await expect(async () => {
      for await (const { key } of always({ type: 'after', error }).list('')) seen.push(key)
    }).rejects.toBe(error)
    expect(seen).toEqual(['a/1', 'a/2'])
  })
})

describe('a fault during a call', () => {
  test.each([['a whole body', bytes], ['parts', [bytes, bytes]], ['no parts', []], ['an empty body', new Uint8Array(0)]])('leaves an object absent that came as %s', async (_, body) => {
    await expect(always({ type: 'during', error }).put('b', body)).rejects.toBe(error)
    expect(await inner.stat('b')).toBeUndefined()
  })

  test('ends a listing halfway with an error', async () => {
    const seen: string[] = []
    await expect(async () => {
      for await (const { key } of always({ type: 'during', error }).list('')) seen.push(key)
    }).rejects.toBe(error)
    expect(seen).toEqual(['a/1'])
  })
})

describe('damage', () => {
  test('truncates what is read and what is listed without a word', async () => {
    const storage = always({ type: 'truncate', length: 1 })
    expect(await storage.get('a/1')).toEqual(Uint8Array.of(1))
    expect(await keys(storage)).toEqual(['a/1'])
  })

  test('alters one bit of what is read and nothing of what is stored', async () => {
    expect(await always({ type: 'alter', at: 6 }).get('a/1')).toEqual(Uint8Array.of(1, 2, 2, 4))
    expect(await inner.get('a/1')).toEqual(bytes)
  })
})

test('a fault that means nothing for an operation is refused', async () => {
  await expect(always({ type: 'alter', at: 0 }).put('b', bytes)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(always({ type: 'truncate', length: 0 }).stat('a/1')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(always({ type: 'during', error }).get('a/1')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('the plan sees every call once, counted from 0', async () => {
  const calls: StorageCall[] = []
  const storage = new FaultyStorage(inner, (call) => {
    calls.push(call)
    return call.index === 1 ? { type: 'before', error } : undefined
  })
  await storage.put('b', bytes)
  await expect(storage.get('b')).rejects.toBe(error)
  await storage.get('b')
  await storage.stat('b')
  await keys(storage)
  await storage.delete('b')
  expect(calls.map(({ operation, key, index }) => `${index} ${operation} ${key}`)).toEqual(['0 put b', '1 get b', '2 get b', '3 stat b', '4 list ', '5 delete b'])
  expect(storage.calls).toBe(6)
})
