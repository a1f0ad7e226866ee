import { describe, expect, test } from 'vitest'
import { StorageError } from '../../src/errors.ts'
import { checkStorage, type CheckedPromise, type CheckOptions } from '../../src/storage/check-storage.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { LIES, lying } from './lies.ts'

async function check(open: () => Promise<Storage>, options: CheckOptions = { shared: true }): Promise<CheckedPromise[]> {
  const found: CheckedPromise[] = []
  for await (const promise of checkStorage(open, options)) found.push(promise)
  return found
}

const brokenBy = (found: readonly CheckedPromise[]): string[] => found.filter(({ outcome }) => outcome === 'broken').map(({ promise }) => promise)

describe('a check of storage', () => {
  test('finds every promise kept by a sound one, and leaves nothing behind', async () => {
    const sound = new MemoryStorage()
    const found = await check(lying(() => ({}), sound))
    expect(found.filter(({ outcome }) => outcome !== 'kept')).toEqual([])
    expect(found.length).toBeGreaterThan(25)
    for await (const { key } of sound.list('')) expect.unreachable(key)
  })

  test.each(LIES)('names the promise that is broken by one that $lie', async ({ tell, breaks, alone }) => {
    const found = await check(lying(tell))
    const broken = brokenBy(found)
    expect(broken).toContain(breaks)
    if (alone === true) expect(broken).toEqual([breaks])
    for (const { outcome, reason, harm } of found) if (outcome !== 'kept') expect([reason, harm]).toEqual([expect.stringMatching(/\w{3}/), expect.stringMatching(/^[A-Z].*\.$/)])
  })

  test('knows a lie for every promise', async () => {
    const names = (await check(lying(() => ({})))).map(({ promise }) => promise)
    expect([...new Set(LIES.map(({ breaks }) => breaks))].sort()).toEqual([...names].sort())
  })

  test('tells what could not be tried from what is broken', async () => {
    const full = lying(() => ({ put: () => Promise.reject(new StorageError('disk full')) }))
    const found = await check(full)
    expect(found.find(({ promise }) => promise.startsWith('an object of 1 byte'))).toMatchObject({ outcome: 'untried', reason: 'disk full' })
    expect(brokenBy(found)).toEqual([])
    const closed = await check(() => Promise.reject(new StorageError('no connection')))
    expect(closed.every(({ outcome, reason }) => outcome === 'untried' && reason === 'no connection')).toBe(true)
  })

  test('finds nothing broken where the disk is full, whichever object there is no room for', async () => {
    const full = new StorageError('disk full', { data: { reason: 'ENOSPC' } })
    for (const wanted of [/./, /\/failed$/, /\/aborted$/, /\/one$/, /\/midway\/object$/]) {
      const sound = new MemoryStorage()
      const noRoom = lying((inner) => ({
        async put(key, body, options) {
          options?.signal?.throwIfAborted()
          if (!wanted.test(key)) return inner.put(key, body, options)
          throw full
        },
      }), sound)
      const found = await check(noRoom)
      expect(brokenBy(found)).toEqual([])
      expect(found.filter(({ outcome }) => outcome === 'untried').length).toBeGreaterThan(0)
      for (const { outcome, full: isFull } of found) expect(isFull).toBe(outcome === 'untried' ? true : undefined)
    }
  })

  test('stops between two promises when it is told to', async () => {
    const sound = new MemoryStorage()
    const controller = new AbortController()
    const reason = new Error('stopped on purpose')
    let count = 0
    const run = async (): Promise<void> => {
      for await (const _ of checkStorage(lying(() => ({}), sound), { signal: controller.signal })) if (++count === 3) controller.abort(reason)
    }
    await expect(run()).rejects.toBe(reason)
    expect(count).toBe(3)
    for await (const { key } of sound.list('')) expect.unreachable(key)
  })
})
