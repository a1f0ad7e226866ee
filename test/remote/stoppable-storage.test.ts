import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LastWords } from '../../src/remote/last-words.ts'
import { StoppableStorage } from '../../src/remote/stoppable-storage.ts'
import { storageConformance } from '../../src/storage/conformance.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'

const STOP = new Error('stopped on purpose')

describe('one that is not stopped conforms', () => {
  for (const { name, run } of storageConformance(async () => new StoppableStorage(new MemoryStorage(), new LastWords(new AbortController().signal)))) test(name, run)
})

describe('when the signal comes', () => {
  let stop: AbortController
  let words: LastWords
  /** Answers nothing, and heeds no signal. */
  const silent: Storage = {
    location: 'nowhere', put: never, get: never, stat: never, delete: never, close: async () => undefined,
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
  }

  beforeEach(() => {
    vi.useFakeTimers()
    stop = new AbortController()
    words = new LastWords(stop.signal)
  })
  afterEach(() => {
    words.end()
    vi.useRealTimers()
  })

  /** What became of a call by now. */
  function watched(call: Promise<unknown>): { outcome: unknown } {
    const seen: { outcome: unknown } = { outcome: 'under way' }
    call.then(() => (seen.outcome = 'done'), (error: unknown) => (seen.outcome = error))
    return seen
  }

  test('reads end at once, writes when nothing has been answered for a second and a half', async () => {
    const storage = new StoppableStorage(silent, words)
    const reads = [storage.get('a'), storage.stat('a'), storage.list('').next()].map(watched)
    const writes = [storage.put('a', new Uint8Array(1)), storage.delete('a')].map(watched)
    stop.abort(STOP)
    await vi.advanceTimersByTimeAsync(0)
    expect(reads.map(({ outcome }) => outcome)).toEqual([STOP, STOP, STOP])
    await vi.advanceTimersByTimeAsync(1400)
    expect(writes.map(({ outcome }) => outcome)).toEqual(['under way', 'under way'])
    await vi.advanceTimersByTimeAsync(200)
    expect(writes.map(({ outcome }) => outcome)).toEqual([STOP, STOP])
    for (const call of [storage.get('a'), storage.stat('a'), storage.list('').next(), storage.put('a', new Uint8Array(1)), storage.delete('a')]) await expect(call).rejects.toBe(STOP)
  })

  test('calls that begin later may be answered, for five seconds in all as long as answers come', async () => {
    const inner = new MemoryStorage()
    await inner.put('a', new Uint8Array(3))
    const storage = new StoppableStorage(inner, words)
    stop.abort(STOP)
    for (let seconds = 0; seconds < 4; seconds++) {
      expect(await storage.stat('a')).toEqual({ size: 3 })
      await vi.advanceTimersByTimeAsync(1000)
    }
    await storage.put('b', new Uint8Array(1))
    await vi.advanceTimersByTimeAsync(1100)
    await expect(storage.get('a')).rejects.toBe(STOP)
    // A lease is still taken away from a server that was there.
    await storage.delete('a')
    expect(await inner.stat('a')).toBe(undefined)
  })

  test('an answer that comes after the storage was closed keeps no process alive', async () => {
    let answer: (bytes: Uint8Array) => void = () => undefined
    const storage = new StoppableStorage({ ...silent, get: () => new Promise((resolve) => (answer = resolve)) }, words)
    stop.abort(STOP)
    const reading = storage.get('a')
    await storage.close()
    expect(vi.getTimerCount()).toBe(0)
    answer(new Uint8Array(1))
    await reading
    expect(vi.getTimerCount()).toBe(0)
  })

  test('what the caller asked to be ended ends as it did', async () => {
    const storage = new StoppableStorage(silent, words)
    const own = new AbortController()
    const call = watched(storage.put('a', new Uint8Array(1), { signal: own.signal }))
    own.abort('enough')
    await vi.advanceTimersByTimeAsync(0)
    expect(call.outcome).toBe('enough')
    await expect(storage.get('a', { signal: own.signal })).rejects.toBe('enough')
  })
})

function never(): Promise<never> {
  return new Promise(() => undefined)
}
