import { describe, expect, test } from 'vitest'
import { AlreadyExistsError } from '../../src/errors.ts'
import { storageConformance, type ConformanceOptions } from '../../src/storage/conformance.ts'
import { FaultyStorage } from '../../src/storage/faulty-storage.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { ReadOnlyStorage } from '../../src/storage/read-only-storage.ts'

function conforms(name: string, open: () => Promise<Storage>, options?: ConformanceOptions): void {
  describe(name, () => {
    for (const { name, run } of storageConformance(open, options)) test(name, run)
  })
}

const memory = new MemoryStorage()
const filled = new MemoryStorage()
conforms('memory', async () => new MemoryStorage())
conforms('memory that several share', async () => memory, { shared: true })
conforms('faulty without faults', async () => new FaultyStorage(new MemoryStorage(), () => undefined))
conforms('read-only', async () => new ReadOnlyStorage(filled), { fill: (key, bytes) => filled.put(key, bytes) })

/** A storage in memory with some of its methods replaced by wrong ones. */
function broken(change: (sound: MemoryStorage) => Partial<Storage>): () => Promise<Storage> {
  return async () => {
    const sound = new MemoryStorage()
    return {
      location: 'broken',
      put: (...args) => sound.put(...args),
      get: (...args) => sound.get(...args),
      stat: (...args) => sound.stat(...args),
      list: (...args) => sound.list(...args),
      delete: (...args) => sound.delete(...args),
      close: () => sound.close(),
      ...change(sound),
    }
  }
}

async function failures(open: () => Promise<Storage>, options?: ConformanceOptions): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of storageConformance(open, options)) await run().catch(() => failed.push(name))
  return failed
}

describe('the suite', () => {
  test('leaves nothing behind in a storage that holds other objects', async () => {
    const storage = new MemoryStorage()
    await storage.put('other/object', new Uint8Array(3))
    expect(await failures(async () => storage, { shared: true })).toEqual([])
    const left: string[] = []
    for await (const { key } of storage.list('')) left.push(key)
    expect(left).toEqual(['other/object'])
  })

  test('closes every storage that it opens', async () => {
    let open = 0
    const counted = broken((sound) => ({
      async close() {
        open--
        await sound.close()
      },
    }))
    await failures(
      async () => {
        open++
        return counted()
      },
      { shared: true },
    )
    expect(open).toBe(0)
  })

  test.each<[string, (sound: MemoryStorage) => Partial<Storage>, RegExp]>([
    [
      'a put that replaces',
      (sound) => ({
        async put(key, body, options) {
          await sound.delete(key)
          await sound.put(key, body, options)
        },
      }),
      /second put/,
    ],
    [
      'a put that looks first and writes later',
      (sound) => ({
        async put(key, body, options) {
          if ((await sound.stat(key)) !== undefined) throw new AlreadyExistsError(`"${key}" is taken`)
          const parts: Uint8Array[] = []
          for await (const part of body instanceof Uint8Array ? [body] : body) parts.push(part)
          await sound.delete(key)
          await sound.put(key, parts, options).catch(() => undefined)
        },
      }),
      /exactly one resolves/,
    ],
    [
      'a put that keeps the part of a body which came before a failure',
      (sound) => ({
        async put(key, body, options) {
          const parts: Uint8Array[] = []
          try {
            for await (const part of body instanceof Uint8Array ? [body] : body) parts.push(part)
          } finally {
            await sound.put(key, parts, options)
          }
        },
      }),
      /fails midway/,
    ],
    [
      'a put that gathers parts without copying them',
      (sound) => ({
        async put(key, body, options) {
          const parts: Uint8Array[] = []
          for await (const part of body instanceof Uint8Array ? [body] : body) parts.push(part)
          await sound.put(key, parts, options)
        },
      }),
      /as it was handed out/,
    ],
    [
      'a put that promises to tell what is written and does not',
      (sound) => ({
        async put(key, body, options) {
          if ('written' in body && typeof body.written === 'function') body.written(0)
          await sound.put(key, body, options)
        },
      }),
      /as it was handed out/,
    ],
    ['a put that ignores its signal', (sound) => ({ put: (key, body) => sound.put(key, body) }), /signal/],
    ['a put that swallows errors', (sound) => ({ put: (key, body, options) => sound.put(key, body, options).catch(() => undefined) }), /ALREADY_EXISTS/],
    ['a get without ranges', (sound) => ({ get: (key, options) => sound.get(key, options?.signal === undefined ? {} : { signal: options.signal }) }), /range/],
    [
      'a get that returns one array again and again',
      (sound) => {
        const seen = new Map<string, Uint8Array>()
        return {
          async get(key, options) {
            const name = `${key} ${options?.range?.start} ${options?.range?.end}`
            const bytes = seen.get(name) ?? (await sound.get(key, options))
            seen.set(name, bytes)
            return bytes
          },
        }
      },
      /caller's own/,
    ],
    ['a get that reports absence as empty', (sound) => ({ get: (key, options) => sound.get(key, options).catch(() => new Uint8Array(0)) }), /NOT_FOUND/],
    [
      'a get that reports absence as another error',
      (sound) => ({ get: (key, options) => sound.get(key, options).catch(() => { throw new Error('no such file') }) }),
      /NOT_FOUND/,
    ],
    ['a stat that is always right but for empty objects', (sound) => ({ stat: async (key) => ((await sound.stat(key))?.size === 0 ? undefined : sound.stat(key)) }), /0 bytes/],
    [
      'a list that takes a prefix as text',
      (sound) => ({
        async *list(prefix) {
          if (prefix !== '' && !prefix.endsWith('/')) yield* sound.list(prefix)
          for await (const entry of sound.list('')) if (entry.key.startsWith(prefix.slice(0, -1))) yield entry
        },
      }),
      /list shows every object/,
    ],
    [
      'a list that stops after 50',
      (sound) => ({
        async *list(prefix, options) {
          let count = 0
          for await (const entry of sound.list(prefix, options)) if (count++ < 50) yield entry
        },
      }),
      /list shows every object/,
    ],
    [
      'a delete that fails for what is absent',
      (sound) => ({
        async delete(key, options) {
          await sound.get(key)
          await sound.delete(key, options)
        },
      }),
      /again is no error/,
    ],
    ['a delete that does nothing', (sound) => ({ delete: (key, options) => sound.stat(key, options).then(() => undefined) }), /deleted object is absent/],
    [
      'a delete that takes what is below',
      (sound) => ({
        async delete(key, options) {
          await sound.delete(key, options)
          for await (const entry of sound.list(`${key}/`)) await sound.delete(entry.key)
        },
      }),
      /leaves its neighbours/,
    ],
    ['keys that are not checked', (sound) => ({ stat: (key) => (key.includes('..') ? Promise.resolve(undefined) : sound.stat(key)) }), /INVALID_ARGUMENT/],
  ])('finds %s', async (_, change, expected) => {
    expect((await failures(broken(change))).join('\n')).toMatch(expected)
  })

  test('finds objects that do not become visible elsewhere', async () => {
    expect((await failures(async () => new MemoryStorage(), { shared: true })).join('\n')).toMatch(/another on the same objects sees at once/)
  })

  test('finds a read-only storage that reports success', async () => {
    const inner = new MemoryStorage()
    const open = async (): Promise<Storage> => inner
    expect(await failures(open, { fill: (key, bytes) => inner.put(key, bytes) })).toContain('a read-only storage refuses to write and never reports success')
  })

  test('reports what broke, not that cleaning up failed after it', async () => {
    const open = broken(() => ({
      stat: async () => ({ size: 4711 }),
      delete: () => Promise.reject(new Error('cannot delete')),
    }))
    const [first] = storageConformance(open)
    await expect(first?.run()).rejects.toThrow('4711 instead of 0 bytes')
  })
})
