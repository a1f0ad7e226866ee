import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import { fetchRefs, openRepository, pull, push, type Repository } from '../../src/index.ts'
import { FaultyStorage, type Fault, type StorageCall } from '../../src/storage/faulty-storage.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { StorageError } from '../../src/errors.ts'
import { create } from '../dataset/in-memory.ts'
import { files, noise } from './two-colleagues.ts'

/** Counts what is read of objects, in bytes. */
function counted(inner: MemoryStorage): { storage: MemoryStorage; read: { calls: number; bytes: number } } {
  const read = { calls: 0, bytes: 0 }
  const storage = Object.create(inner) as MemoryStorage
  storage.get = async (key, options) => {
    const bytes = await inner.get(key, options)
    read.calls++
    read.bytes += bytes.length
    return bytes
  }
  for (const method of ['put', 'stat', 'list', 'delete', 'close'] as const) Object.defineProperty(storage, method, { value: inner[method].bind(inner) })
  return { storage, read }
}

/** The same storage, where something happens before the first object with that prefix is written. */
function overtakenAt(inner: MemoryStorage, prefix: string, happen: () => Promise<void>): MemoryStorage {
  const storage = Object.create(inner) as MemoryStorage
  let isOver = false
  storage.put = async (key, body, options) => {
    if (key.startsWith(prefix) && !isOver) {
      isOver = true
      await happen()
    }
    return inner.put(key, body, options)
  }
  for (const method of ['get', 'stat', 'list', 'delete', 'close'] as const) Object.defineProperty(storage, method, { value: inner[method].bind(inner) })
  return storage
}

async function sizeOf(storage: MemoryStorage, prefix: string): Promise<number> {
  let size = 0
  for await (const entry of storage.list(prefix)) size += entry.size
  return size
}

/** Version `number` of a table of some 300 KB. */
function table(number: number): Uint8Array {
  return utf8(Array.from({ length: 8000 }, (_, row) => `${row},2026-01-${row % 28},${(row * 2_654_435_761) % 1_000_003},${row % 50 === number ? number : 0}`).join('\n'))
}

async function headOf(repository: Repository, ref: string): Promise<string | undefined> {
  return (await repository.blocks.getRef(ref))?.toString()
}

describe('a small change to a large dataset', () => {
  it('moves what is new, and reads what differs', async () => {
    const here = await create()
    const entries = Array.from({ length: 30_000 }, (_, number) => ({ path: `folder-${number % 100}/file-${number}`, content: utf8(`content ${number}`) }))
    await here.snapshot(entries, { ref: 'data' })
    const remote = new MemoryStorage()
    await push(here, { to: remote })
    const packs = await sizeOf(remote, 'packs/')
    entries[17_000] = { path: 'folder-0/file-17000', content: noise(100_000, 5) }
    await here.snapshot(entries, { ref: 'data' })
    const watched = counted(remote)
    const pushed = await push(here, { to: watched.storage })
    expect((await sizeOf(remote, 'packs/')) - packs).toBeLessThan(250_000)
    expect(pushed.blocks).toBeLessThan(12)
    expect(watched.read.bytes).toBeLessThan(1_000_000)

    const there = await create()
    await pull(there, { from: remote })
    entries[17_000] = { path: 'folder-0/file-17000', content: noise(100_000, 6) }
    await here.snapshot(entries, { ref: 'data' })
    await push(here, { to: remote })
    const fetching = counted(remote)
    const fetched = await pull(there, { from: fetching.storage })
    expect(fetched.blocks).toBeLessThan(12)
    expect(fetching.read.bytes).toBeLessThan(1.5 * fetched.bytes + 2 ** 20)
    expect(await there.verify()).toMatchObject({ ok: true })
  }, 60_000)
})

describe('chunks that are stored as deltas', () => {
  it('stay so where what they are made from comes too', async () => {
    const local = new MemoryStorage()
    const here = await create(local)
    for (let number = 0; number < 5; number++) await here.snapshot([{ path: 't', content: table(number) }], { ref: 'data' })
    const remote = new MemoryStorage()
    await push(here, { to: remote })
    expect(await sizeOf(remote, 'packs/')).toBeLessThan(1.15 * (await sizeOf(local, 'packs/')))
    const opened = await openRepository(remote)
    for (let number = 0; number < 5; number++) expect(Buffer.from(await opened.read(`data~${4 - number}`, 't')).equals(table(number))).toBe(true)
  })

  it('are stored by themselves where it does not', async () => {
    const here = await create()
    for (let number = 0; number < 3; number++) await here.snapshot([{ path: 't', content: table(number) }], { ref: 'data' })
    await here.snapshot([{ path: 't', content: table(2) }], { ref: 'newest' })
    const remote = new MemoryStorage()
    await push(here, { to: remote, refs: ['newest'] })
    const opened = await openRepository(remote)
    expect(Buffer.from(await opened.read('newest', 't')).equals(table(2))).toBe(true)
    expect(await opened.verify()).toMatchObject({ ok: true })
  })
})

describe('a history of which the data was dropped', () => {
  it('goes over with its records, and is no damage there', async () => {
    const here = await create()
    for (let number = 0; number < 4; number++) await here.snapshot(files({ a: noise(200_000, number) }), { ref: 'data', message: `version ${number}` })
    await here.collectGarbage({ keepLast: 1, graceMs: 0 })
    const remote = new MemoryStorage()
    await push(here, { to: remote })
    const opened = await openRepository(remote)
    expect(await opened.verify()).toMatchObject({ ok: true })
    await expect(opened.read('data~1', 'a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await opened.collectGarbage({ graceMs: 0 })
    expect((await opened.read('data', 'a')).length).toBe(200_000)
    const there = await create()
    await fetchRefs(there, { from: remote })
    expect(await there.verify()).toMatchObject({ ok: true })
  })

  it('is whole at a remote that has it, and stays so', async () => {
    const here = await create()
    for (let number = 0; number < 3; number++) await here.snapshot(files({ a: noise(200_000, number) }), { ref: 'data' })
    const remote = new MemoryStorage()
    await push(here, { to: remote })
    await here.collectGarbage({ keepLast: 1, graceMs: 0 })
    await here.setRef('other', 'data')
    await here.snapshot(files({ a: noise(200_000, 9) }), { ref: 'other' })
    await push(here, { to: remote })
    const opened = await openRepository(remote)
    await opened.collectGarbage({ graceMs: 0 })
    expect((await opened.read('data~2', 'a')).length).toBe(200_000)
    expect(await opened.verify()).toMatchObject({ ok: true })
  })
})

describe('many at once', () => {
  it('50 writers to different refs all succeed', async () => {
    const remote = new MemoryStorage()
    const writers = await Promise.all(Array.from({ length: 50 }, async (_, number) => {
      const repository = await create()
      await repository.snapshot(files({ a: `of ${number}`, shared: noise(20_000, 1) }), { ref: `ref-${number}` })
      return repository
    }))
    await Promise.all(writers.map((writer) => push(writer, { to: remote })))
    const opened = await openRepository(remote)
    const names = []
    for await (const { name } of opened.blocks.refs()) names.push(name)
    expect(names).toHaveLength(50)
    expect(await opened.verify()).toMatchObject({ ok: true })
  }, 60_000)

  it('who is overtaken while the own push is under way is told to pull first', async () => {
    const remote = new MemoryStorage()
    const [ada, bob] = await Promise.all(['ada', 'bob'].map(async (name) => {
      const repository = await create()
      await repository.snapshot(files({ a: name }), { ref: 'data' })
      return repository
    }))
    if (ada === undefined || bob === undefined) throw new Error('two were made')
    let isOvertaken = false
    const slow = overtakenAt(remote, 'packs/', async () => {
      isOvertaken = true
      await push(bob, { to: remote })
    })
    await expect(push(ada, { to: slow })).rejects.toMatchObject({ code: 'REF_CONFLICT', message: expect.stringMatching(/^Somebody else pushed meanwhile: data /) as string, hint: expect.stringContaining('`varve pull` first') as string, data: { ref: 'data' } })
    expect(isOvertaken).toBe(true)
  })

  it('of two who push one ref one wins, the other is told, and loses nothing', async () => {
    const remote = new MemoryStorage()
    const base = await create()
    await base.snapshot(files({ a: 'base' }), { ref: 'data' })
    await push(base, { to: remote })
    const both = await Promise.all(['ada', 'bob'].map(async (name) => {
      const repository = await create()
      await fetchRefs(repository, { from: remote })
      const snapshot = await base.resolve('data')
      await repository.snapshot(files({ a: name }), { ref: 'data' })
      void snapshot
      return repository
    }))
    // Each began anew: neither comes after what is there, nor after the other.
    const outcomes = await Promise.allSettled(both.map((repository) => push(repository, { to: remote, force: true })))
    const won = outcomes.filter(({ status }) => status === 'fulfilled')
    expect(won.length).toBeGreaterThan(0)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'REF_CONFLICT' })
    const opened = await openRepository(remote)
    expect(await Promise.all(both.map((repository) => headOf(repository, 'data')))).toContain(await headOf(opened, 'data'))
    expect(await opened.verify()).toMatchObject({ ok: true })
  })
})

describe('any call that fails', () => {
  const kinds: readonly ((call: StorageCall) => Fault | undefined)[] = [
    () => ({ type: 'before', error: new StorageError('the network is down') }),
    () => ({ type: 'after', error: new StorageError('the reply was lost') }),
    ({ operation }) => (operation === 'put' ? { type: 'during', error: new StorageError('reset while sending') } : undefined),
    ({ operation, key }) => (operation === 'get' && key.startsWith('packs/') ? { type: 'alter', at: 70 } : undefined),
    ({ operation }) => (operation === 'get' ? { type: 'truncate', length: 10 } : undefined),
  ]

  it.each(kinds.map((kind, number) => [number, kind] as const))('leaves a push undone or done, and the next one whole (kind %i)', async (_, kind) => {
    for (let failing = 0, isReached = true; isReached; failing++) {
      const here = await create()
      await here.snapshot(files({ a: 'one', b: noise(100_000, 1) }), { ref: 'data' })
      const remote = new MemoryStorage()
      await push(here, { to: remote })
      const before = await headOf(here, 'data')
      await here.snapshot(files({ a: 'two', b: noise(100_000, 2) }), { ref: 'data' })
      const faulty = new FaultyStorage(remote, (call) => (call.index === failing ? kind(call) : undefined))
      const outcome = await push(here, { to: faulty }).then(() => 'done', (error: unknown) => error)
      isReached = failing < faulty.calls
      const opened = await openRepository(remote)
      expect([before, await headOf(here, 'data')]).toContain(await headOf(opened, 'data'))
      if (outcome === 'done') expect(await headOf(opened, 'data')).toBe(await headOf(here, 'data'))
      else expect(outcome).toBeInstanceOf(Error)
      await push(here, { to: remote })
      await opened.blocks.refresh()
      expect(await headOf(opened, 'data')).toBe(await headOf(here, 'data'))
      expect(await opened.verify(), `call ${failing}`).toMatchObject({ ok: true })
    }
  }, 60_000)

  it.each(kinds.map((kind, number) => [number, kind] as const))('leaves a fetch undone or done, and stores no wrong byte (kind %i)', async (_, kind) => {
    const source = await create()
    await source.snapshot(files({ a: 'one', b: noise(100_000, 1) }), { ref: 'data' })
    const remote = new MemoryStorage()
    await push(source, { to: remote })
    for (let failing = 0, isReached = true; isReached; failing++) {
      const here = await create()
      const faulty = new FaultyStorage(remote, (call) => (call.index === failing ? kind(call) : undefined))
      await fetchRefs(here, { from: faulty }).catch((error: unknown) => expect(error).toBeInstanceOf(Error))
      isReached = failing < faulty.calls
      expect(await here.verify()).toMatchObject({ ok: true })
      await fetchRefs(here, { from: remote })
      expect(await here.verify()).toMatchObject({ ok: true })
    }
  }, 60_000)
})

/** Lets something else happen before one call. */
function interrupted(inner: MemoryStorage, at: number, meanwhile: () => Promise<void>): { storage: MemoryStorage; calls: () => number } {
  let calls = 0
  const storage = Object.create(inner) as MemoryStorage
  const turn = async (): Promise<void> => {
    if (calls++ === at) await meanwhile()
  }
  Object.defineProperties(storage, {
    put: { value: async (...args: Parameters<MemoryStorage['put']>) => turn().then(() => inner.put(...args)) },
    get: { value: async (...args: Parameters<MemoryStorage['get']>) => turn().then(() => inner.get(...args)) },
    stat: { value: async (...args: Parameters<MemoryStorage['stat']>) => turn().then(() => inner.stat(...args)) },
    delete: { value: async (...args: Parameters<MemoryStorage['delete']>) => turn().then(() => inner.delete(...args)) },
    list: {
      value: async function* list(...args: Parameters<MemoryStorage['list']>) {
        await turn()
        yield* inner.list(...args)
      },
    },
    close: { value: async () => undefined },
  })
  return { storage, calls: () => calls }
}

describe('garbage that is collected at the remote meanwhile', () => {
  const contents = (version: number): Parameters<Repository['snapshot']>[0] => files({ stays: noise(90_000, 1), changes: noise(90_000, 10 + version) })

  it('takes nothing away that a push counts on, whenever it comes', async () => {
    let outcomes = ''
    for (let at = 0, isReached = true; isReached; at++) {
      const here = await create()
      await here.snapshot(contents(0), { ref: 'data' })
      const remote = new MemoryStorage()
      await push(here, { to: remote })
      await here.setRef('next', 'data')
      await here.snapshot(contents(1), { ref: 'next' })
      const { storage, calls } = interrupted(remote, at, async () => {
        const other = await openRepository(remote)
        await other.deleteRef('data')
        await other.collectGarbage({ graceMs: 0 })
      })
      const outcome = await push(here, { to: storage, refs: ['next'] }).then(() => 'done', (error: unknown) => (error as { code?: string }).code)
      isReached = at < calls()
      outcomes += `${outcome} `
      const opened = await openRepository(remote)
      expect(await opened.verify(), `call ${at}: ${outcome}`).toMatchObject({ ok: true })
      await push(here, { to: remote, refs: ['next'] })
      await opened.blocks.refresh()
      expect((await opened.read('next', 'stays')).length).toBe(90_000)
      expect(await opened.verify(), `call ${at}: ${outcome}`).toMatchObject({ ok: true })
    }
    expect(outcomes).toContain('done')
  }, 120_000)

  it('leaves a fetch whole', async () => {
    for (let at = 0, isReached = true; isReached; at++) {
      const source = await create()
      for (let version = 0; version < 3; version++) await source.snapshot(contents(version), { ref: 'data' })
      const remote = new MemoryStorage()
      await push(source, { to: remote })
      await source.snapshot(contents(7), { ref: 'gone' })
      await push(source, { to: remote })
      const here = await create()
      const { storage, calls } = interrupted(remote, at, async () => {
        const other = await openRepository(remote)
        await other.deleteRef('gone')
        await other.collectGarbage({ graceMs: 0 })
        await other.repack({ graceMs: 0 })
      })
      await pull(here, { from: storage, refs: ['data'] }).catch((error: unknown) => expect(error).toBeInstanceOf(Error))
      isReached = at < calls()
      expect(await here.verify()).toMatchObject({ ok: true })
      await pull(here, { from: remote, refs: ['data'] })
      expect((await here.read('data~2', 'stays')).length).toBe(90_000)
      expect(await here.verify()).toMatchObject({ ok: true })
    }
  }, 120_000)

  it('nor is anything lost if the session has committed in between', async () => {
    const here = await create()
    await here.snapshot(contents(0), { ref: 'data' })
    const remote = new MemoryStorage()
    await push(here, { to: remote })
    await here.setRef('next', 'data')
    await here.snapshot(contents(1), { ref: 'next' })
    // The new content is about to be stored: the old is collected, then a commit without refs comes first.
    let isDone = false
    const storage = Object.create(remote) as MemoryStorage
    for (const method of ['get', 'stat', 'list', 'delete', 'close'] as const) Object.defineProperty(storage, method, { value: remote[method].bind(remote) })
    storage.put = async (key, ...rest) => {
      if (!isDone && key.startsWith('packs/')) {
        isDone = true
        const other = await openRepository(remote)
        await other.deleteRef('data')
        await other.collectGarbage({ graceMs: 0 })
      }
      return remote.put(key, ...rest)
    }
    const outcome = await push(here, { to: storage, refs: ['next'] }).then(() => 'done', (error: unknown) => (error as { code?: string }).code)
    expect(isDone).toBe(true)
    const opened = await openRepository(remote)
    expect(await opened.verify(), String(outcome)).toMatchObject({ ok: true })
    await push(here, { to: remote, refs: ['next'] })
    await opened.blocks.refresh()
    expect((await opened.read('next', 'stays')).length).toBe(90_000)
  })
})
