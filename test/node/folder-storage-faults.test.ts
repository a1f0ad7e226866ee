import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { concatBytes, equalBytes } from '../../src/bytes.ts'
import { DurableFolders } from '../../src/node/durable-folders.ts'
import { nodeFileCalls, type FileCalls } from '../../src/node/file-calls.ts'
import { FolderStorage } from '../../src/node/folder-storage.ts'
import { storageConformance } from '../../src/storage/conformance.ts'
import { systemFailure, watchedCalls, type Call, type Failure } from './changed-calls.ts'

const base = mkdtempSync(join(tmpdir(), 'varve-faults-'))
let folders = 0
const newFolder = (): string => join(base, `${folders++}`)
afterAll(() => rmSync(base, { recursive: true, force: true }))

const parts = [new Uint8Array(100).fill(1), new Uint8Array(70_000).fill(2), new Uint8Array(5).fill(3)]
const whole = concatBytes(parts)
// Comparing 70,000 elements one by one, as `toEqual` does, takes longer than the put.
const describeBytes = (bytes: Uint8Array): string => (equalBytes(bytes, whole) ? 'whole' : `${bytes.length} other bytes`)
const temporary = (folder: string): string[] => readdirSync(join(folder, 'tmp'))

async function callsOf(work: (calls: FileCalls) => Promise<unknown>): Promise<Call[]> {
  const calls: Call[] = []
  await work(watchedCalls((call) => void calls.push(call)))
  return calls
}

describe('put', () => {
  test('syncs the file before it has its name, and the folder after', async () => {
    const names: string[] = []
    const storage = new FolderStorage(newFolder(), { calls: watchedCalls(({ name }) => void names.push(name)) })
    await storage.put('log/1', whole)
    names.length = 0
    await storage.put('log/2', whole)
    expect(names).toEqual(['stat', 'create', 'write', 'syncFile', 'close', 'link', 'unlink', 'syncFolder'])
  })

  test('makes new folders durable up to one that was there, before it resolves', async () => {
    mkdirSync(join(base, 'there'))
    const folder = join(base, 'there', 'new', 'repository')
    const calls = await callsOf((calls) => new FolderStorage(folder, { calls }).put('packs/ab/1', whole))
    const synced = calls.filter(({ name }) => name === 'syncFolder').map(({ args }) => args[0])
    for (const parent of [join(base, 'there'), join(base, 'there', 'new'), folder, join(folder, 'packs'), join(folder, 'packs/ab')]) expect(synced).toContain(parent)
    expect(synced.at(-1)).toBe(join(folder, 'packs/ab'))
  })

  test('syncs folders that another process may have made a moment ago, once', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'packs/ab'), { recursive: true })
    const synced: string[] = []
    const storage = new FolderStorage(folder, { calls: watchedCalls(({ name, args }) => void (name === 'syncFolder' && synced.push(String(args[0])))) })
    await storage.put('packs/ab/1', whole)
    expect(synced.sort()).toEqual([base, folder, folder, join(folder, 'packs'), join(folder, 'packs/ab')])
    synced.length = 0
    await storage.put('packs/ab/2', whole)
    expect(synced).toEqual([join(folder, 'packs/ab')])
  })

  const sources: Readonly<Record<string, () => Uint8Array | Iterable<Uint8Array>>> = { bytes: () => whole, parts: () => parts.values() }
  const failing: Readonly<Record<string, (index: number) => (call: Call) => Failure>> = {
    'fails before it has an effect': (index) => (call) => (call.index === index ? { before: systemFailure('EIO') } : undefined),
    'takes effect and then fails': (index) => (call) => (call.index === index ? { after: systemFailure('EIO') } : undefined),
    'and all that follow fail': (index) => (call) => (call.index >= index ? { before: systemFailure('EIO') } : undefined),
  }
  for (const [source, body] of Object.entries(sources)) {
    for (const [how, plan] of Object.entries(failing)) {
      test(`of ${source} leaves the object absent or whole whichever call ${how}`, async () => {
        const count = (await callsOf((calls) => new FolderStorage(newFolder(), { calls }).put('packs/ab/1', body()))).length
        expect(count).toBeGreaterThan(12)
        for (let index = 0; index < count; index++) {
          const folder = newFolder()
          mkdirSync(folder)
          let failed: Call | undefined
          let armed = true
          let unbalanced = 0
          const seen = new Set<string>()
          const calls = watchedCalls((call) => {
            const failure = armed ? plan(index)(call) : undefined
            if (failure !== undefined) failed ??= call
            const effect = failure === undefined || 'after' in failure
            if (effect) seen.add(call.name)
            if (call.name === 'create' && effect) unbalanced++
            if (call.name === 'close' && effect) unbalanced--
            return failure
          })
          const storage = new FolderStorage(folder, { calls })
          const outcome = await storage.put('packs/ab/1', body()).then(() => 'stored', (error: unknown) => error)
          armed = false
          const onlyOne = how !== 'and all that follow fail'
          const at = `call ${index}: ${failed?.name}`

          const found = await new FolderStorage(folder).get('packs/ab/1').then(describeBytes, (error: { code: string }) => error.code)
          if (outcome === 'stored') expect(found, at).toBe('whole')
          else expect(outcome, at).toMatchObject({ code: 'STORAGE_FAILED', data: { key: 'packs/ab/1', operation: 'put', reason: 'EIO' } })
          // Once another process can have seen the name it stays (src/node/publish.ts).
          if (onlyOne && outcome !== 'stored') expect(found, at).toBe(failed?.name === 'syncFolder' && seen.has('link') ? 'whole' : 'NOT_FOUND')
          if (found !== 'NOT_FOUND') expect(found, at).toBe('whole')

          if (onlyOne && failed?.name !== 'unlink' && failed?.name !== 'makeFolder') expect(temporaryIfAny(folder), at).toEqual([])
          if (onlyOne && failed?.name !== 'close' && failed?.name !== 'create') expect(unbalanced, at).toBe(0)
          if (found === 'NOT_FOUND') {
            await storage.put('packs/ab/1', body())
            expect(describeBytes(await storage.get('packs/ab/1')), at).toBe('whole')
          }
          await storage.close()
        }
      })
    }
  }

  function temporaryIfAny(folder: string): string[] {
    return readdirSync(folder).includes('tmp') ? temporary(folder) : []
  }

  test('writes every byte however few the system takes at a time', async () => {
    const folder = newFolder()
    const part = fc.uint8Array({ maxLength: 40 })
    let key = 0
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 8 }), fc.infiniteStream(fc.integer({ min: 1, max: 30 })), fc.boolean(), async (parts, counts, lasting) => {
        const calls: FileCalls = {
          ...nodeFileCalls,
          write: (file, parts, position) => nodeFileCalls.write(file, [concatBytes(parts).subarray(0, counts.next().value)], position),
        }
        const storage = new FolderStorage(folder, { calls })
        await storage.put(`short/${key}`, lasting ? parts : parts.values())
        expect(await storage.get(`short/${key++}`)).toEqual(concatBytes(parts))
      }),
      { numRuns: 60 },
    )
  })

  test('does not wait for ever for a system that takes nothing', async () => {
    const storage = new FolderStorage(newFolder(), { calls: { ...nodeFileCalls, write: async () => 0 } })
    await expect(storage.put('a', whole)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(temporary(storage.location)).toEqual([])
  })

  test('believes the number of names rather than the answer of a file server', async () => {
    const calls = watchedCalls(({ name }) => (name === 'link' ? { after: systemFailure('EEXIST') } : undefined))
    const storage = new FolderStorage(newFolder(), { calls })
    await storage.put('log/1', whole)
    expect(await storage.get('log/1')).toEqual(whole)
    expect(temporary(storage.location)).toEqual([])
    await expect(storage.put('log/1', whole)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  test('does not take an error of the body for one of the storage', async () => {
    const error = systemFailure('ENOSPC')
    const storage = new FolderStorage(newFolder())
    await expect(storage.put('a', (function* () {
      yield whole
      throw error
    })())).rejects.toBe(error)
    expect(temporary(storage.location)).toEqual([])
  })

  test.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('says so where the file system has no hard links (%s)', async (code) => {
    const calls = watchedCalls(({ name }) => (name === 'link' ? { before: systemFailure(code) } : undefined))
    const storage = new FolderStorage(newFolder(), { calls })
    await expect(storage.put('a', whole)).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringContaining('no hard links') as string, data: { reason: code } })
    expect(temporary(storage.location)).toEqual([])
  })

  test.each<[string, keyof FileCalls, RegExp]>([
    ['ENOSPC', 'write', /disk full \(ENOSPC\)/],
    ['ENOSPC', 'syncFile', /disk full \(ENOSPC\)/],
    ['EDQUOT', 'write', /disk full.* \(EDQUOT\)/],
    ['EACCES', 'create', /no permission \(EACCES\)/],
    ['EROFS', 'makeFolder', /no permission.* \(EROFS\)/],
    ['EMFILE', 'create', /too many open files \(EMFILE\)/],
    ['EIO', 'syncFolder', /I\/O error \(EIO\)/],
  ])('explains %s of %s', async (code, call, expected) => {
    const calls = watchedCalls(({ name }) => (name === call ? { before: systemFailure(code, '/some/path') } : undefined))
    const storage = new FolderStorage(newFolder(), { calls })
    const error = await storage.put('packs/ab/1', whole).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringMatching(expected) as string, data: { key: 'packs/ab/1', operation: 'put', reason: code, path: '/some/path' } })
    expect(error).toMatchObject({ message: expect.stringContaining(`Cannot store "packs/ab/1" in ${storage.location}: `) as string, cause: { code } })
  })
})

describe('reading', () => {
  test.each<[keyof FileCalls, string]>([['open', 'EMFILE'], ['statOpen', 'EIO'], ['readSync', 'EIO'], ['read', 'EIO']])('a failure of %s is never absence', async (call, code) => {
    const folder = newFolder()
    await new FolderStorage(folder).put('packs/ab/1', new Uint8Array(2 * 1024 * 1024))
    let armed = true
    let open = 0
    const storage = new FolderStorage(folder, {
      calls: watchedCalls(({ name }) => {
        if (armed && name === call) return { before: systemFailure(code) }
        open += name === 'open' ? 1 : name === 'close' ? -1 : 0
        return undefined
      }),
    })
    const range = call === 'readSync' ? { start: 0, end: 10 } : { start: 0, end: 2 * 1024 * 1024 }
    await expect(storage.get('packs/ab/1', { range })).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { key: 'packs/ab/1', operation: 'get', reason: code } })
    expect(open).toBe(0)
    armed = false
    expect(await storage.get('packs/ab/1', { range })).toHaveLength(range.end)
    await storage.close()
  })

  test('a kept file that its server no longer knows is opened anew', async () => {
    const folder = newFolder()
    let stale = false
    const storage = new FolderStorage(folder, { calls: watchedCalls(({ name }) => (stale && name === 'statOpen' ? ((stale = false), { before: systemFailure('ESTALE') }) : undefined)) })
    await storage.put('packs/ab/1', whole)
    await storage.get('packs/ab/1')
    stale = true
    expect(await storage.get('packs/ab/1')).toEqual(whole)
    await storage.close()
  })

  test('continues where the system returned fewer bytes than asked for', async () => {
    const large = new Uint8Array(1024 * 1024 + 3).map((_, index) => index % 251)
    const calls: FileCalls = {
      ...nodeFileCalls,
      readSync: (file, into, position) => nodeFileCalls.readSync(file, into.subarray(0, 1000), position),
      read: (file, into, position) => nodeFileCalls.read(file, into.subarray(0, 300_000), position),
    }
    const storage = new FolderStorage(newFolder(), { calls })
    await storage.put('a', large)
    expect(Buffer.compare(await storage.get('a'), large)).toBe(0)
    expect(await storage.get('a', { range: { start: 5, end: 5000 } })).toEqual(large.slice(5, 5000))
  })

  test.each<[keyof FileCalls, 'before' | 'after']>([['names', 'before'], ['names', 'after'], ['stat', 'before']])('a listing fails if %s fails (%s)', async (call, when) => {
    const storage = new FolderStorage(newFolder())
    await storage.put('log/1', whole)
    const failure: Failure = when === 'before' ? { before: systemFailure('EIO') } : { after: systemFailure('EIO') }
    const faulty = new FolderStorage(storage.location, { calls: watchedCalls(({ name, args }) => (name === call && args[0] !== storage.location ? failure : undefined)) })
    for (const prefix of ['', 'log/']) {
      await expect(async () => {
        for await (const entry of faulty.list(prefix)) void entry
      }).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { operation: 'list', key: prefix, reason: 'EIO' } })
    }
  })

  test.each<['stat' | 'delete', keyof FileCalls]>([['stat', 'stat'], ['delete', 'unlink']])('a failure of %s is an error', async (operation, call) => {
    const storage = new FolderStorage(newFolder(), { calls: watchedCalls(({ name }) => (name === call ? { before: systemFailure('EACCES') } : undefined)) })
    await expect(storage[operation]('a')).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { operation, reason: 'EACCES' } })
  })
})

describe('folder syncs', () => {
  function manual(): { folders: DurableFolders; started: () => number; end: (error?: Error) => void } {
    const ends: ((error?: Error) => void)[] = []
    let started = 0
    const syncFolder = (): Promise<void> => {
      started++
      return new Promise((resolve, reject) => ends.push((error) => (error === undefined ? resolve() : reject(error))))
    }
    return { folders: new DurableFolders({ ...nodeFileCalls, syncFolder }, '/top'), started: () => started, end: (error) => ends.shift()?.(error) }
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  test('that are asked for during one share the next', async () => {
    const { folders, started, end } = manual()
    const done: number[] = []
    for (let id = 0; id < 5; id++) void folders.sync('/root/log').then(() => done.push(id))
    expect(started()).toBe(1)
    end()
    await turn()
    expect([started(), done]).toEqual([2, [0]])
    void folders.sync('/root/log').then(() => done.push(5))
    end()
    await turn()
    expect([started(), done]).toEqual([3, [0, 1, 2, 3, 4]])
    end()
    await turn()
    expect(done).toHaveLength(6)
    void folders.sync('/root/log')
    expect(started()).toBe(4)
  })

  test('fail with the one before, which may have lost their names, and later ones begin anew', async () => {
    const { folders, started, end } = manual()
    const error = systemFailure('EIO')
    const outcomes = [folders.sync('/root/log'), folders.sync('/root/log'), folders.sync('/root/log')].map((sync) => sync.catch((error: unknown) => error))
    end(error)
    expect(await Promise.all(outcomes)).toEqual([error, error, error])
    expect(started()).toBe(1)
    const again = folders.sync('/root/log')
    end()
    await again
    expect(started()).toBe(2)
  })

  test('of different folders do not wait for each other', () => {
    const { folders, started } = manual()
    void folders.sync('/root/a')
    void folders.sync('/root/b')
    expect(started()).toBe(2)
  })
})

test('all promises hold where every write is short and every pack is opened anew', async () => {
  const calls: FileCalls = {
    ...nodeFileCalls,
    write: (file, parts, position) => nodeFileCalls.write(file, parts.slice(0, 3).map((part, index) => (index === 2 ? part.subarray(0, 1) : part)), position),
  }
  const folder = newFolder()
  mkdirSync(folder)
  for (const { run } of storageConformance(async () => new FolderStorage(folder, { calls, openPacks: 0 }), { prefix: 'packs/x' })) await run()
})
