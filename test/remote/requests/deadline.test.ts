import { expect, test, vi } from 'vitest'
import { Deadline } from '../../../src/remote/requests/deadline.ts'

test('what moves too slowly is ended, later if there is more to move', () => {
  vi.useFakeTimers()
  try {
    const deadline = new Deadline(undefined, 16_000, 1000)
    vi.advanceTimersByTime(1900)
    expect([deadline.signal.aborted, deadline.isOver]).toEqual([false, false])
    deadline.allow(32_000)
    vi.advanceTimersByTime(1000)
    expect(deadline.signal.aborted).toBe(false)
    vi.advanceTimersByTime(200)
    expect([deadline.signal.aborted, deadline.isOver]).toEqual([true, true])
    const long = new Deadline(undefined, 2 ** 50, 1000)
    vi.advanceTimersByTime(24 * 3_600_000)
    expect(long.isOver).toBe(false)
    long.end()
    const ended = new Deadline(undefined, 0, 1000)
    ended.end()
    vi.advanceTimersByTime(5000)
    expect(ended.isOver).toBe(false)
  } finally {
    vi.useRealTimers()
  }
})

test('the signal of the caller ends it with its reason, before and after the beginning', () => {
  const reason = new Error('stopped on purpose')
  const controller = new AbortController()
  const deadline = new Deadline(controller.signal, 0)
  controller.abort(reason)
  expect([deadline.signal.reason, deadline.isOver]).toEqual([reason, false])
  deadline.end()
  const late = new Deadline(controller.signal, 0)
  expect(late.signal.reason).toBe(reason)
  late.end()
})
