import { describe, expect, test, vi } from 'vitest'
import { RequestFailure, type Again } from '../../../src/remote/requests/request-failure.ts'
import { retrying } from '../../../src/remote/requests/retrying.ts'

const failure = (again: Again, waitMs?: number): RequestFailure => new RequestFailure({ reason: 'ETEST', what: 'failed on purpose', again, ...(waitMs === undefined ? {} : { waitMs }) })

/** How often something is tried that always fails like this, and how long it takes by the clock of the timers. */
async function tried(error: Error, policy = { maxAttempts: 8, retryForMs: 120_000 }): Promise<{ attempts: number; tookMs: number }> {
  vi.useFakeTimers()
  try {
    const began = performance.now()
    let attempts = 0
    const attempt = async (number: number): Promise<never> => {
      expect(number).toBe(++attempts)
      throw error
    }
    const ended = expect(retrying(attempt, policy)).rejects.toBe(error)
    await vi.runAllTimersAsync()
    await ended
    return { attempts, tookMs: performance.now() - began }
  } finally {
    vi.useRealTimers()
  }
}

describe('what fails', () => {
  test('is tried again as often as its cause is worth', async () => {
    expect((await tried(failure('never'))).attempts).toBe(1)
    expect((await tried(failure('few'))).attempts).toBe(3)
    expect((await tried(failure('soon'))).attempts).toBe(8)
    expect((await tried(new Error('no request'))).attempts).toBe(1)
  })

  test('is waited for longer and longer, and longer if the server is busy', async () => {
    const [soon, later] = [await tried(failure('soon')), await tried(failure('later'))]
    expect(soon.tookMs).toBeGreaterThan(6000)
    expect(soon.tookMs).toBeLessThan(12_800)
    expect(later.tookMs).toBeGreaterThan(35_000)
  })

  test('is not tried after the time for it, and waits as long as the server asks, within bounds', async () => {
    const { attempts, tookMs } = await tried(failure('soon', 3_600_000), { maxAttempts: 8, retryForMs: 50_000 })
    expect([attempts, Math.round(tookMs / 1000)]).toEqual([3, 40])
  })

  test('ends with the signal, also between two attempts', async () => {
    const controller = new AbortController()
    const reason = new Error('stopped on purpose')
    let attempts = 0
    const ended = retrying(async () => {
      if (++attempts === 1) setTimeout(() => controller.abort(reason), 5)
      throw failure('later')
    }, { maxAttempts: 8, retryForMs: 60_000 }, controller.signal)
    await expect(ended).rejects.toBe(reason)
    expect(attempts).toBe(1)
  })
})
