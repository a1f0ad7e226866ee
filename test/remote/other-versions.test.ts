import { beforeEach, describe, expect, test } from 'vitest'
import { StorageError, UnsupportedFormatError } from '../../src/errors.ts'
import { fetchRefs, openRepository, pull, push, type Repository } from '../../src/index.ts'
import { seal, unseal } from '../../src/repository/sealed.ts'
import { FaultyStorage } from '../../src/storage/faulty-storage.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { files, noise } from './two-colleagues.ts'

let shared: MemoryStorage
let ada: Repository

beforeEach(async () => {
  shared = new MemoryStorage()
  ada = await openRepository(new MemoryStorage(), { create: true })
  await ada.snapshot(files({ a: 'one', b: noise(100_000, 1) }), { ref: 'data' })
  await push(ada, { to: shared })
  await ada.snapshot(files({ a: 'two', b: noise(100_000, 2) }), { ref: 'data' })
  return () => ada.close()
})

async function replace(key: string, bytes: Uint8Array): Promise<void> {
  await shared.delete(key)
  await shared.put(key, bytes)
}

async function keys(): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of shared.list('')) found.push(key)
  return found.sort()
}

async function newestRecord(): Promise<string> {
  return (await keys()).filter((key) => key.startsWith('log/')).at(-1) ?? ''
}

/** What a later version may leave in a repository that this one cannot read. */
const NEWER: readonly (readonly [string, () => Promise<void>])[] = [
  ['of a newer format', async () => replace('config.json', new TextEncoder().encode(JSON.stringify({ ...ada.blocks.config, format: 2 })))],
  ['with a feature that is not known', async () => replace('config.json', new TextEncoder().encode(JSON.stringify({ ...ada.blocks.config, features: ['dreams'] })))],
  ['whose newest state is of a newer version', async () => {
    const key = await newestRecord()
    const record = unseal(ada.blocks.hasher, key, await shared.get(key)) as object
    await replace(key, seal(ada.blocks.hasher, { ...record, version: 2, dreams: 'electric' }))
  }],
]

describe.each(NEWER)('a remote %s', (_name, age) => {
  test('is refused by push, fetch and pull, with what to do, and left as it is', async () => {
    await age()
    const before = await keys()
    const refs = [await ada.resolve('data')]
    for (const call of [() => push(ada, { to: shared }), () => push(ada, { to: shared, force: true, acceptRollback: true }), () => fetchRefs(ada, { from: shared }), () => pull(ada, { from: shared })]) {
      await expect(call()).rejects.toThrow(UnsupportedFormatError)
      await expect(call()).rejects.toMatchObject({ hint: expect.stringContaining('newer version of varve') })
    }
    expect(await keys()).toEqual(before)
    expect([await ada.resolve('data')]).toEqual(refs)
  })
})

describe('half a push by another version', () => {
  const left = new Map<string, Uint8Array>()

  beforeEach(async () => {
    left.clear()
    // Packs and an index of another making, and what has no place here at all.
    left.set(`packs/ab/${'ab'.repeat(16)}.pack`, new TextEncoder().encode('VARVE-PACK-9 of which nothing is known'))
    left.set(`index/${'cd'.repeat(16)}.idx`, noise(500, 7))
    left.set('dreams/0001', new TextEncoder().encode('of electric sheep'))
    for (const [key, bytes] of left) await shared.put(key, bytes)
  })

  test('stands in the way of no push, fetch or check, and is not taken for data', async () => {
    expect(await push(ada, { to: shared })).toMatchObject({ refs: [{ ref: 'data', outcome: 'forward' }] })
    const there = await openRepository(shared)
    expect(await there.verify()).toMatchObject({ ok: true, problems: [] })
    const bob = await openRepository(new MemoryStorage(), { create: true })
    await pull(bob, { from: shared })
    expect((await bob.resolve('data')).root.toString()).toBe((await ada.resolve('data')).root.toString())
    await bob.close()
  })

  test('is not given up because its lease could not be read for the moment', async () => {
    await shared.put('sessions/0123456789abcdef0123456789abcdef', seal(ada.blocks.hasher, { type: 'session', version: 2, started: new Date().toISOString() }))
    const error = new StorageError('connection lost')
    const there = await openRepository(new FaultyStorage(shared, ({ operation, key }) => (operation === 'get' && key.endsWith('/0123456789abcdef0123456789abcdef') ? { type: 'before', error } : undefined)))
    await expect(there.collectGarbage({ graceMs: 0 })).rejects.toBe(error)
    for (const key of left.keys()) expect(await keys()).toContain(key)
  })

  test.each([
    ['is left alone by garbage collection as long as its writer may be at work', 0, true],
    ['goes with garbage collection once its writer was not heard of for eight days', 8, false],
  ])('%s', async (_name, days, stays) => {
    const started = new Date(Date.now() - days * 86_400_000).toISOString()
    await shared.put('sessions/0123456789abcdef0123456789abcdef', seal(ada.blocks.hasher, { type: 'session', version: 2, started, dreams: 'electric' }))
    const there = await openRepository(shared)
    await there.collectGarbage({ graceMs: 0 })
    const after = await keys()
    for (const key of left.keys()) expect([key, after.includes(key)]).toEqual([key, stays || key.startsWith('dreams/')])
    expect(await there.verify()).toMatchObject({ ok: true })
  })
})
