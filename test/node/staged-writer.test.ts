import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { concatBytes, equalBytes } from '../../src/bytes.ts'
import { type FileCalls, nodeFileCalls } from '../../src/node/file-calls.ts'
import { FolderStorage } from '../../src/node/folder-storage.ts'
import type { LendingBody } from '../../src/storage/interface.ts'
import { randomOf } from '../simulation/random.ts'
import { type Call, type Failure, systemFailure, watchedCalls } from './changed-calls.ts'

const base = mkdtempSync(join(tmpdir(), 'varve-staged-'))
let folders = 0
const newFolder = (): string => join(base, `${folders++}`)
afterAll(() => rmSync(base, { recursive: true, force: true }))

const MIB = 1024 * 1024
/** Three full stages, then whole units, then a part of one; no part begins where a stage does. */
const next = randomOf(1)
const PARTS = [64, MIB - 1000, MIB + 7, 300_001, 700_000, 48, 200_000].map((size) => new Uint8Array(size).map(() => next() * 256))
const WHOLE = concatBytes(PARTS)

/** Lends its parts, and overwrites each as soon as it is told that it was written. */
function lent(parts: readonly Uint8Array[] = PARTS): LendingBody & { readonly counts: number[] } {
  const counts: number[] = []
  const copies = parts.map((part) => new Uint8Array(part))
  let [freed, end] = [0, 0]
  return {
    counts,
    written(bytes) {
      counts.push(bytes)
      for (let part = copies[freed]; part !== undefined && end + part.length <= bytes; part = copies[++freed]) {
        end += part.length
        part.fill(0xee)
      }
    },
    async *[Symbol.asyncIterator]() {
      yield* copies
    },
  }
}

/** The calls, each with files to count, as if this system had direct writes, which take whole units at whole units alone. */
function directCalls(calls: FileCalls = nodeFileCalls): { calls: FileCalls; direct: { position: number; size: number }[]; open: () => number } {
  const direct: { position: number; size: number }[] = []
  const files = new Set<number>()
  const directFiles = new Set<number>()
  const opened = (file: number): number => {
    files.add(file)
    return file
  }
  return {
    direct,
    open: () => files.size,
    calls: {
      ...calls,
      create: (path) => opened(calls.create(path)),
      openDirect(path) {
        const file = calls.openDirect(path)
        if (file !== undefined) directFiles.add(opened(file))
        return file
      },
      write(file, parts, position) {
        const size = parts.reduce((sum, part) => sum + part.length, 0)
        if (directFiles.has(file)) direct.push({ position, size })
        return calls.write(file, parts, position)
      },
      close(file) {
        files.delete(file)
        directFiles.delete(file)
        calls.close(file)
      },
    },
  }
}

async function stored(calls: FileCalls, body: LendingBody = lent()): Promise<Uint8Array> {
  const storage = new FolderStorage(newFolder(), { calls })
  await storage.put('packs/ab/1', body)
  const found = await storage.get('packs/ab/1')
  await storage.close()
  expect(readdirSync(join(storage.location, 'tmp'))).toEqual([])
  return found
}

const isWhole = (bytes: Uint8Array): boolean => equalBytes(bytes, WHOLE)

describe('a body that lends its parts', () => {
  test.runIf(process.platform === 'linux')('is written past the cache in whole units, but for its end', async () => {
    const { calls, direct, open } = directCalls()
    const body = lent()
    expect(isWhole(await stored(calls, body))).toBe(true)
    expect(direct.map(({ position }) => position)).toEqual([0, MIB, 2 * MIB, 3 * MIB])
    for (const { size } of direct) expect(size % 4096).toBe(0)
    expect(WHOLE.length - direct.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(4096)
    expect(body.counts).toEqual([0, ...PARTS.map((_, index) => concatBytes(PARTS.slice(0, index + 1)).length)])
    expect(open()).toBe(0)
  })

  test('that is small is written as others are', async () => {
    const { calls, direct, open } = directCalls()
    const parts = PARTS.slice(0, 1)
    expect(await stored(calls, lent(parts))).toEqual(parts[0])
    expect(direct).toEqual([])
    expect(open()).toBe(0)
  })

  const systems: Readonly<Record<string, Partial<FileCalls>>> = {
    'has no direct writes': { openDirect: () => undefined },
    'refuses to open for them': { openDirect: () => { throw systemFailure('EINVAL') } },
  }
  test.each(Object.entries(systems))('is whole where the system %s', async (_, changed) => {
    expect(isWhole(await stored({ ...nodeFileCalls, ...changed }))).toBe(true)
  })

  test('is whole where the system opens for direct writes and refuses them', async () => {
    const direct = new Set<number>()
    let refused = 0
    const calls: FileCalls = {
      ...nodeFileCalls,
      openDirect(path) {
        const file = nodeFileCalls.open(path)
        direct.add(file)
        return file
      },
      write(file, parts, position) {
        if (direct.has(file)) refused++
        return direct.has(file) ? Promise.reject(systemFailure('EINVAL')) : nodeFileCalls.write(file, parts, position)
      },
    }
    expect(isWhole(await stored(calls))).toBe(true)
    // Two may be under way when the first is refused.
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThanOrEqual(2)
  })

  test.each([1, 4096, 700_001])('is whole if every write takes %i bytes fewer than asked', async (missing) => {
    const calls: FileCalls = { ...nodeFileCalls, write: (file, parts, position) => nodeFileCalls.write(file, [shortened(concatBytes(parts), missing)], position) }
    expect(isWhole(await stored(calls))).toBe(true)
  })

  test('is whole however many are written at the same time', async () => {
    const { calls, open } = directCalls()
    const storage = new FolderStorage(newFolder(), { calls })
    await Promise.all(Array.from({ length: 8 }, (_, index) => storage.put(`packs/ab/${index}`, lent())))
    for (let index = 0; index < 8; index++) expect(isWhole(await storage.get(`packs/ab/${index}`))).toBe(true)
    await storage.close()
    expect(open()).toBe(0)
  })

  const failing: Readonly<Record<string, (index: number) => (call: Call) => Failure>> = {
    'fails before it has an effect': (index) => (call) => (call.index === index ? { before: systemFailure('EIO') } : undefined),
    'takes effect and then fails': (index) => (call) => (call.index === index ? { after: systemFailure('EIO') } : undefined),
    'and all that follow fail': (index) => (call) => (call.index >= index ? { before: systemFailure('EIO') } : undefined),
  }
  test.each(Object.entries(failing))('is absent or whole whichever call %s', async (_, plan) => {
    let count = 0
    await stored(watchedCalls(() => void count++))
    expect(count).toBeGreaterThan(15)
    for (let index = 0; index < count; index++) {
      const folder = newFolder()
      let failed: Call | undefined
      let armed = true
      const watched = watchedCalls((call) => {
        const failure = armed ? plan(index)(call) : undefined
        if (failure !== undefined) failed ??= call
        return failure
      })
      const { calls, open } = directCalls(watched)
      const storage = new FolderStorage(folder, { calls })
      const outcome = await storage.put('packs/ab/1', lent()).then(() => 'stored', (error: unknown) => error)
      armed = false
      const at = `call ${index}: ${failed?.name}`
      const found = await new FolderStorage(folder).get('packs/ab/1').then((bytes) => (isWhole(bytes) ? 'whole' : 'other'), () => 'absent')
      if (outcome === 'stored') expect(found, at).toBe('whole')
      else expect(outcome, at).toMatchObject({ code: 'STORAGE_FAILED', data: { reason: 'EIO' } })
      expect(found, at).not.toBe('other')
      // No write that failed is passed over.
      if (failed?.name === 'write') expect(outcome, at).not.toBe('stored')
      expect(open(), at).toBe(0)
      await storage.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('of which a later part fails leaves nothing, and nothing under way', async () => {
    const error = new Error('no more')
    const { calls, open } = directCalls()
    let writing = 0
    const storage = new FolderStorage(newFolder(), { calls: { ...calls, write: async (file, parts, position) => {
      writing++
      try {
        return await calls.write(file, parts, position)
      } finally {
        writing--
      }
    }, close(file) {
      expect(writing).toBe(0)
      calls.close(file)
    } } })
    const body: LendingBody = {
      written: () => undefined,
      async *[Symbol.asyncIterator]() {
        yield WHOLE
        throw error
      },
    }
    await expect(storage.put('packs/ab/1', body)).rejects.toBe(error)
    expect(readdirSync(join(storage.location, 'tmp'))).toEqual([])
    expect(open()).toBe(0)
  })
})

function shortened(bytes: Uint8Array, missing: number): Uint8Array {
  return bytes.length > missing ? bytes.subarray(0, bytes.length - missing) : bytes
}
