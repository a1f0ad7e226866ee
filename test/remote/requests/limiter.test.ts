import { expect, test } from 'vitest'
import { Limiter } from '../../../src/remote/requests/limiter.ts'

test('so many go through at a time, in the order of coming, and a place that is given back twice is one place', async () => {
  const limiter = new Limiter(2)
  const order: number[] = []
  let most = 0
  let inside = 0
  await Promise.all(Array.from({ length: 12 }, async (_, index) => {
    const release = await limiter.acquire()
    order.push(index)
    most = Math.max(most, ++inside)
    await new Promise((resolve) => {
      setTimeout(resolve, 2)
    })
    inside--
    release()
    release()
  }))
  expect([most, order]).toEqual([2, Array.from({ length: 12 }, (_, index) => index)])
})

test('who stops waiting takes no place', async () => {
  const limiter = new Limiter(1)
  const release = await limiter.acquire()
  const controller = new AbortController()
  const reason = new Error('stopped on purpose')
  const waiting = limiter.acquire(controller.signal)
  const next = limiter.acquire()
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  release()
  const second = await next
  second()
  await expect(limiter.acquire(controller.signal)).rejects.toBe(reason)
  await limiter.acquire()
})
