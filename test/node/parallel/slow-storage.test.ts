import * as fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { FolderStorage } from '../../../src/node/folder-storage.ts'
import type { LendingBody, ObjectBody, Storage } from '../../../src/storage/interface.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { MadeFolders } from '../made-folders.ts'
import { noise, repositoryWith, SEGMENT, writeTree } from './thread-trial.ts'

const made = new MadeFolders()
afterAll(() => made.remove())

/** Content whose every chunk is another one, and takes almost no space, but for one chunk's worth in each segment that does not compress. */
function mostlyEmpty(segments: number): Uint8Array {
  const bytes = new Uint8Array(segments * SEGMENT)
  const numbers = new Uint32Array(bytes.buffer)
  for (let index = 0; index < numbers.length; index += 64) numbers[index] = index
  for (let segment = 0; segment < segments; segment++) bytes.set(noise(40_000, segment), segment * SEGMENT + SEGMENT / 2)
  return bytes
}

function withPut(inner: Storage, put: Storage['put']): Storage {
  return {
    location: inner.location,
    put,
    get: (...args) => inner.get(...args),
    stat: (...args) => inner.stat(...args),
    list: (...args) => inner.list(...args),
    delete: (...args) => inner.delete(...args),
    close: () => inner.close(),
  }
}

const isData = (body: ObjectBody): body is LendingBody => 'written' in body

/** What a storage does with a pack's body, which it gets while it fills. Returns all of it. */
const takers: Readonly<Record<string, (body: LendingBody) => Promise<Uint8Array>>> = {
  'slow, and tells late what is written': async (body) => {
    body.written(0)
    const parts: Uint8Array[] = []
    let [size, held] = [0, [] as Uint8Array[]]
    for await (const part of body) {
      held.push(part)
      size += part.length
      if (held.reduce((sum, { length }) => sum + length, 0) < 2 * 1024 * 1024) continue
      await sleep(5)
      parts.push(...held.map((each) => new Uint8Array(each)))
      held = []
      body.written(size)
    }
    parts.push(...held.map((each) => new Uint8Array(each)))
    return Buffer.concat(parts)
  },
  'slow, and says nothing of what is written': async (body) => {
    const parts: Uint8Array[] = []
    for await (const part of body) {
      await sleep(2)
      parts.push(new Uint8Array(part))
    }
    return Buffer.concat(parts)
  },
}

const FILES = new Map([['a', noise(6 * SEGMENT + 5, 1)], ['b', noise(SEGMENT, 2)], ...Array.from({ length: 600 }, (_, index) => [`s/${index}`, noise(9000, index + 3)] as const)])
const folder = made.make()
writeTree(folder, FILES)

test('content of which next to nothing is left compressed does not keep all memory waiting for a pack to begin', async () => {
  const sparse = made.make()
  writeTree(sparse, new Map([['file', mostlyEmpty(8)]]))
  const { bytes, storedBytes } = await (await repositoryWith(1)).snapshot(sparse, { ref: 'data' })
  expect(bytes).toBe(8 * SEGMENT)
  // What this is about: less than a pack is begun to be written at.
  expect(storedBytes).toBeLessThan(1024 * 1024)
}, 30_000)

describe('memory that threads share', () => {
  test.each(Object.entries(takers))('stays within its bound with a storage that is %s, and holds what is stored', async (_, take) => {
    const { Memory } = WebAssembly
    let slabs = 0
    WebAssembly.Memory = class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        super(descriptor)
        if (descriptor.shared === true) slabs++
      }
    }
    try {
      const inner = new MemoryStorage()
      const repository = await repositoryWith(1, withPut(inner, async (key, body, options) => inner.put(key, isData(body) ? await take(body) : body, options)))
      await repository.snapshot(folder, { ref: 'data', compression: 'none' })
      expect(slabs).toBeGreaterThan(1)
      expect(slabs).toBeLessThanOrEqual(7)
      expect(await repository.verify()).toMatchObject({ ok: true })
    } finally {
      WebAssembly.Memory = Memory
    }
  }, 30_000)

  test('is not written to while a pack borrows it', async () => {
    const inner = new MemoryStorage()
    // What was handed out must be the same just before it is said to be written.
    const take = async (body: LendingBody): Promise<Uint8Array> => {
      body.written(0)
      const parts: { part: Uint8Array; copy: Uint8Array }[] = []
      let size = 0
      let done = 0
      for await (const part of body) {
        parts.push({ part, copy: new Uint8Array(part) })
        size += part.length
        await sleep(1)
        while (parts.length > done && parts.slice(done).reduce((sum, { copy }) => sum + copy.length, 0) > 3 * 1024 * 1024) {
          const { part: now, copy } = parts[done++] as { part: Uint8Array; copy: Uint8Array }
          expect(Buffer.from(now).equals(copy)).toBe(true)
          body.written(parts.slice(0, done).reduce((sum, each) => sum + each.copy.length, 0))
        }
      }
      body.written(size)
      return Buffer.concat(parts.map(({ copy }) => copy))
    }
    const repository = await repositoryWith(2, withPut(inner, async (key, body, options) => inner.put(key, isData(body) ? await take(body) : body, options)))
    await repository.snapshot(folder, { ref: 'data' })
    expect(await repository.verify()).toMatchObject({ ok: true })
  }, 30_000)
})

describe('a storage that fails', () => {
  test.each([['at the first part', 0], ['in the middle of a pack', 4_000_000], ['at the end of a pack', Infinity]])('%s makes the snapshot fail with its error, and nothing is left of it', async (_, after) => {
    const path = join(made.base, `failing-${after}`)
    const error = new Error('the disk is on fire')
    const inner = new FolderStorage(path)
    const handles = (): number => fs.readdirSync('/proc/self/fd').length
    const tasks = (): number => fs.readdirSync('/proc/self/task').length
    const storage = withPut(inner, (key, body, options) => {
      if (!isData(body)) return inner.put(key, body, options)
      const failing: LendingBody = {
        written: (bytes) => body.written(bytes),
        async *[Symbol.asyncIterator]() {
          let size = 0
          for await (const part of body) {
            if (size >= after) throw error
            size += part.length
            yield part
          }
          throw error
        },
      }
      return inner.put(key, failing, options)
    })
    const repository = await repositoryWith(2, storage)
    const before = [handles(), tasks()] as const
    const seen = await repository.snapshot(folder, { ref: 'data', compression: 'none' }).then(() => undefined, (thrown: unknown) => thrown)

    expect(seen).toBe(error)
    await sleep(20)
    expect(handles()).toBeLessThanOrEqual(before[0])
    // Threads of Node's own pool may come; those that read would be two more with several of their own each.
    expect(tasks()).toBeLessThanOrEqual(before[1] + 1)
    const left = fs.readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => /\.pack$|tmp/.test(name) && fs.statSync(join(path, name)).isFile())
    expect(left).toEqual([])
    // The next attempt stores all.
    const again = await repositoryWith(2, inner, true)
    expect((await again.snapshot(folder, { ref: 'data' })).files).toBe(FILES.size)
    expect(await again.verify()).toMatchObject({ ok: true })
    await again.close()
  }, 30_000)
})
