import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { nodeFileCalls, type FileCalls } from '../../src/node/file-calls.ts'
import { FolderStorage } from '../../src/node/folder-storage.ts'
import { hostId } from '../../src/node/maker.ts'
import { tempName } from '../../src/node/temp-files.ts'
import { storageConformance } from '../../src/storage/conformance.ts'

const base = mkdtempSync(join(tmpdir(), 'varve-folder-'))
let folders = 0
const newFolder = (): string => join(base, `${folders++}`)
afterAll(() => rmSync(base, { recursive: true, force: true }))

async function keys(storage: FolderStorage, prefix = ''): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of storage.list(prefix)) found.push(key)
  return found.sort()
}

// Exclusive creation between processes is tested with the built package, in test/cli: Node 20 cannot run the sources in a process of their
// own. Several storages in one process meet in the same `link` of the system, and share nothing else.
describe('a folder', () => {
  const shared = newFolder()
  mkdirSync(shared)
  for (const { name, run } of storageConformance(async () => new FolderStorage(shared), { shared: true })) test(name, run)
  // Below packs/, files stay open between reads.
  describe('of packs', () => {
    for (const { name, run } of storageConformance(async () => new FolderStorage(shared, { openPacks: 2 }), { shared: true, prefix: 'packs/c' })) test(name, run)
  })

  test('has no temporary files after all of that', () => {
    expect(readdirSync(join(shared, 'tmp'))).toEqual([])
  })
})

describe('the files', () => {
  test('are named like their keys and hold nothing but the bytes', async () => {
    const folder = newFolder()
    await new FolderStorage(folder).put('packs/ab/1.pack', [Uint8Array.of(1, 2), Uint8Array.of(3)])
    expect([...readFileSync(join(folder, 'packs/ab/1.pack'))]).toEqual([1, 2, 3])
    expect(statSync(join(folder, 'packs/ab/1.pack')).nlink).toBe(1)
  })

  test('are found under a relative path even when the process moves on', async () => {
    const folder = newFolder()
    expect(new FolderStorage('somewhere/../repository').location).toBe(join(process.cwd(), 'repository'))
    expect(new FolderStorage(`${folder}/`).location).toBe(folder)
  })

  test('hold what a producer gave that fills one buffer again and again', async () => {
    const storage = new FolderStorage(newFolder())
    for (const size of [10, 70_000]) {
      const buffer = new Uint8Array(size)
      await storage.put(`k${size}`, (function* () {
        for (const value of [1, 2, 3]) yield buffer.fill(value)
      })())
      const bytes = await storage.get(`k${size}`)
      expect([bytes[0], bytes[size], bytes[2 * size], bytes[3 * size - 1]]).toEqual([1, 2, 3, 3])
    }
  })

  test('that other programs made are not objects unless their names are keys', async () => {
    const folder = newFolder()
    const storage = new FolderStorage(folder)
    await storage.put('a', new Uint8Array(1))
    mkdirSync(join(folder, 'cache'))
    mkdirSync(join(folder, 'Folder'))
    for (const name of ['cache/index', 'tmp/left', 'README', '.DS_Store', 'Folder/a']) writeFileSync(join(folder, name), 'x')
    expect(await keys(storage)).toEqual(['a'])
  })

  test.skipIf(process.platform === 'win32')('may be reached through symbolic links', async () => {
    const folder = newFolder()
    const elsewhere = newFolder()
    mkdirSync(folder)
    mkdirSync(join(elsewhere, 'ab'), { recursive: true })
    symlinkSync(elsewhere, join(folder, 'packs'))
    symlinkSync('nowhere', join(folder, 'dangling'))
    const storage = new FolderStorage(folder)
    await storage.put('packs/ab/1.pack', Uint8Array.of(1))
    expect(await keys(storage)).toEqual(['packs/ab/1.pack'])
    expect(await storage.stat('packs/ab/1.pack')).toEqual({ size: 1 })
  })

  test('cannot stand in tmp/ or cache/', async () => {
    const storage = new FolderStorage(newFolder())
    for (const key of ['tmp', 'tmp/a', 'cache', 'cache/a/b']) {
      await expect(storage.put(key, new Uint8Array(1))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', data: { key } })
      await expect(storage.get(key)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await expect(keys(storage, `${key}/`)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    await storage.put('a/tmp', new Uint8Array(1))
    await storage.put('tmpfs', new Uint8Array(1))
    expect(await keys(storage)).toEqual(['a/tmp', 'tmpfs'])
  })
})

describe('a folder where an object would be', () => {
  test('is no object, is not deleted, and is named when an object should take its place', async () => {
    const folder = newFolder()
    const storage = new FolderStorage(folder)
    await storage.put('packs/a/b', new Uint8Array(1))
    for (const key of ['packs/a', 'packs']) {
      await expect(storage.get(key)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await expect(storage.get(key, { range: { start: 0, end: 0 } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(await storage.stat(key)).toBeUndefined()
      await storage.delete(key)
      await expect(storage.put(key, new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { key, operation: 'put', reason: 'EISDIR' } })
    }
    expect(await keys(storage)).toEqual(['packs/a/b'])
  })

  test('may not be an object', async () => {
    const storage = new FolderStorage(newFolder())
    await storage.put('a', new Uint8Array(1))
    await expect(storage.put('a/b', new Uint8Array(1))).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { key: 'a/b', operation: 'put', reason: 'ENOTDIR' } })
    expect(await keys(storage, 'a/')).toEqual([])
  })
})

describe('a missing folder', () => {
  test('is created by put, with those above it', async () => {
    const folder = join(newFolder(), 'deep', 'down')
    await new FolderStorage(folder).put('a', Uint8Array.of(1))
    expect(await keys(new FolderStorage(folder))).toEqual(['a'])
  })

  test('is not an empty repository', async () => {
    const folder = newFolder()
    const storage = new FolderStorage(folder)
    for (const prefix of ['', 'log/']) await expect(keys(storage, prefix)).rejects.toMatchObject({ code: 'NOT_FOUND', data: { location: folder } })
    await expect(storage.get('a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await storage.delete('a')
    expect(existsSync(folder)).toBe(false)
  })

  test('is created again if it goes away while the storage is open', async () => {
    const folder = newFolder()
    const storage = new FolderStorage(folder)
    await storage.put('log/1', Uint8Array.of(1))
    rmSync(folder, { recursive: true })
    await expect(storage.put('log/2', Uint8Array.of(2))).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { reason: 'ENOENT' } })
    await storage.put('log/2', Uint8Array.of(2))
    expect(await keys(storage)).toEqual(['log/2'])
  })
})

describe('temporary files', () => {
  test('of dead processes of this host are removed by the first put, and no others', async () => {
    const folder = newFolder()
    mkdirSync(join(folder, 'tmp'), { recursive: true })
    const { pid: dead } = spawnSync(process.execPath, ['-e', '0'])
    const random = '0123456789abcdef'
    const host = hostId()
    const kept = [`${host}-${process.pid}-${random}`, `${host}-${process.ppid}-${random}`, `ffffffffffff-${dead}-${random}`, `${host}-${dead}-short`, 'other']
    for (const name of [...kept, `${host}-${dead}-${random}`, `${host}-${dead}-fedcba9876543210`]) writeFileSync(join(folder, 'tmp', name), 'x')
    const storage = new FolderStorage(folder)
    await Promise.all([storage.put('a', new Uint8Array(1)), storage.put('b', new Uint8Array(1))])
    expect(readdirSync(join(folder, 'tmp')).sort()).toEqual(kept.sort())

    writeFileSync(join(folder, 'tmp', `${host}-${dead}-${random}`), 'x')
    await storage.put('c', new Uint8Array(1))
    expect(readdirSync(join(folder, 'tmp'))).toHaveLength(kept.length + 1)
  })

  test('say which host and process made them', () => {
    expect(tempName(hostId())).toMatch(new RegExp(`^${hostId()}-${process.pid}-[0-9a-f]{16}$`))
    expect(tempName(hostId())).not.toBe(tempName(hostId()))
  })
})

describe('open files', () => {
  function counting(): { opened: () => number; open: () => number; calls: FileCalls } {
    let [opened, closed] = [0, 0]
    const counted = (open: (path: string) => number) => (path: string): number => {
      const file = open(path)
      opened++
      return file
    }
    const close = (file: number): void => {
      closed++
      nodeFileCalls.close(file)
    }
    const calls: FileCalls = { ...nodeFileCalls, open: counted(nodeFileCalls.open), create: counted(nodeFileCalls.create), close }
    return { opened: () => opened, open: () => opened - closed, calls }
  }

  test('are one for many ranges of a pack, and none after close', async () => {
    const count = counting()
    const storage = new FolderStorage(newFolder(), { calls: count.calls })
    await storage.put('packs/00/a.pack', new Uint8Array(10_000))
    const before = count.opened()
    for (let start = 0; start < 9000; start += 10) await storage.get('packs/00/a.pack', { range: { start, end: start + 10 } })
    expect(count.opened() - before).toBe(1)
    expect(count.open()).toBe(1)
    await storage.close()
    expect(count.open()).toBe(0)
  })

  test('are not kept for anything but packs, nor for what is absent', async () => {
    const count = counting()
    const storage = new FolderStorage(newFolder(), { calls: count.calls })
    await storage.put('log/1', new Uint8Array(10))
    await storage.get('log/1')
    await storage.get('packs/00/absent.pack').catch(() => undefined)
    await storage.get('log').catch(() => undefined)
    expect(count.open()).toBe(0)
  })

  test('are at most as many as asked for', async () => {
    const count = counting()
    const storage = new FolderStorage(newFolder(), { calls: count.calls, openPacks: 3 })
    for (let id = 0; id < 10; id++) {
      await storage.put(`packs/00/${id}.pack`, Uint8Array.of(id))
      expect(await storage.get(`packs/00/${id}.pack`)).toEqual(Uint8Array.of(id))
      expect(count.open()).toBe(Math.min(id + 1, 3))
    }
    const before = count.opened()
    for (const id of [7, 8, 9, 7, 8, 9]) await storage.get(`packs/00/${id}.pack`)
    expect(count.opened()).toBe(before)
    await storage.get('packs/00/0.pack')
    await storage.get('packs/00/8.pack')
    expect(count.opened()).toBe(before + 1)
    const none = new FolderStorage(storage.location, { calls: count.calls, openPacks: 0 })
    await none.get('packs/00/0.pack')
    expect(count.open()).toBe(3)
  })

  test('are not closed, and their numbers not given to others, while they are read', async () => {
    const count = counting()
    const storage = new FolderStorage(newFolder(), { openPacks: 1, calls: count.calls })
    const ids = [1, 2, 3]
    for (const id of ids) await storage.put(`packs/00/${id}.pack`, new Uint8Array(2 * 1024 * 1024).fill(id))
    // Two readers share each file before the next one takes its place.
    const reads = [1, 1, 2, 2, 3, 3, 1, 1, 2, 2].map(async (id) => {
      const bytes = await storage.get(`packs/00/${id}.pack`)
      return bytes.every((byte) => byte === id)
    })
    await storage.close()
    expect(await Promise.all(reads)).toEqual(reads.map(() => true))
    expect(count.open()).toBe(0)
  })

  test('show it when a pack is cut short behind their back', async () => {
    const storage = new FolderStorage(newFolder())
    await storage.put('packs/00/a.pack', new Uint8Array(100))
    expect(await storage.get('packs/00/a.pack')).toHaveLength(100)
    truncateSync(join(storage.location, 'packs/00/a.pack'), 40)
    expect(await storage.get('packs/00/a.pack')).toHaveLength(40)
    expect(await storage.get('packs/00/a.pack', { range: { start: 30, end: 60 } })).toHaveLength(10)
  })
})

test('nothing can be called after close', async () => {
  const storage = new FolderStorage(newFolder())
  await storage.put('a', new Uint8Array(1))
  await storage.close()
  for (const call of [() => storage.put('b', new Uint8Array(1)), () => storage.get('a'), () => storage.stat('a'), () => storage.delete('a'), () => keys(storage)]) {
    await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
})

test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('a folder without permission is said to be one', async () => {
  const folder = newFolder()
  const storage = new FolderStorage(folder)
  await storage.put('log/1', new Uint8Array(1))
  chmodSync(join(folder, 'log'), 0o000)
  try {
    for (const call of [() => storage.put('log/2', new Uint8Array(1)), () => storage.get('log/1'), () => storage.stat('log/1'), () => keys(storage), () => keys(storage, 'log/')]) {
      await expect(call()).rejects.toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringContaining('no permission (EACCES)') as string })
    }
  } finally {
    chmodSync(join(folder, 'log'), 0o700)
  }
})
