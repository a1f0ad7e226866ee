import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sleep } from '../../src/repository/pause.ts'

const DAY_MS = 86_400_000

/** `sleep`, and whether it is over. */
function watched(ms: number, signal?: AbortSignal): { over: () => boolean; done: Promise<unknown> } {
  let isOver = false
  // A promise that is rejected is watched from the start.
  const done = sleep(ms, signal).catch((error: unknown) => error).finally(() => (isOver = true))
  return { over: () => isOver, done }
}

describe('sleep', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('lasts as long as it is told to, though that is longer than any timer', async () => {
    const { over, done } = watched(60 * DAY_MS)
    for (const days of [0.001, 24, 1, 34]) {
      await vi.advanceTimersByTimeAsync(days * DAY_MS)
      expect(over()).toBe(false)
    }
    await vi.advanceTimersByTimeAsync(DAY_MS)
    expect(over()).toBe(true)
    expect(await done).toBeUndefined()
  })

  test.each([1, 26])('heeds its signal after %i days', async (days) => {
    const stop = new AbortController()
    const { over, done } = watched(60 * DAY_MS, stop.signal)
    await vi.advanceTimersByTimeAsync(days * DAY_MS)
    expect(over()).toBe(false)
    const reason = new Error('enough')
    stop.abort(reason)
    await vi.advanceTimersByTimeAsync(1)
    expect(over()).toBe(true)
    expect(await done).toBe(reason)
    expect(vi.getTimerCount()).toBe(0)
  })
})
