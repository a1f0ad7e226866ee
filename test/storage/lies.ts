import { concatBytes } from '../../src/bytes.ts'
import { AlreadyExistsError, NotFoundError } from '../../src/errors.ts'
import type { ObjectEntry, Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'

/** What a liar does differently from the sound storage below it. Called once for each connection. */
export type Lie = (sound: MemoryStorage) => Partial<Storage>

/** Connections to one storage in memory, each with some of its methods replaced by wrong ones. */
export function lying(lie: Lie, sound: MemoryStorage = new MemoryStorage()): () => Promise<Storage> {
  return async () => ({
    location: 'a storage that lies',
    put: (...args) => sound.put(...args),
    get: (...args) => sound.get(...args),
    stat: (...args) => sound.stat(...args),
    list: (...args) => sound.list(...args),
    delete: (...args) => sound.delete(...args),
    close: async () => undefined,
    ...lie(sound),
  })
}

async function whole(body: Parameters<Storage['put']>[1]): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of body instanceof Uint8Array ? [body] : body) parts.push(part.slice())
  return concatBytes(parts)
}

async function entriesOf(sound: MemoryStorage, prefix: string): Promise<ObjectEntry[]> {
  const entries: ObjectEntry[] = []
  for await (const entry of sound.list(prefix)) entries.push(entry)
  return entries
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

/** What `get`, `stat` and `list` saw first is what they say from then on. */
function remembering(sound: MemoryStorage): Partial<Storage> {
  const bytes = new Map<string, Uint8Array>()
  return {
    async get(key, options) {
      const name = `${key} ${options?.range?.start} ${options?.range?.end}`
      const known = bytes.get(name) ?? (await sound.get(key, options))
      bytes.set(name, known)
      return known.slice()
    },
  }
}

/**
 * Lies that real storages tell, each with the promise that it breaks. There is at least one for each promise, so that each is known to be
 * able to fail. `alone`: nothing else may find it, since that is what the promise is there for.
 */
export const LIES: readonly { readonly lie: string; readonly tell: Lie; readonly breaks: string; readonly alone?: true }[] = [
  {
    lie: 'ignores that an object must be new',
    tell: (sound) => ({
      async put(key, body, options) {
        await sound.delete(key)
        await sound.put(key, body, options)
      },
    }),
    breaks: 'creating an object that exists fails (ALREADY_EXISTS) and leaves the object as it is',
  },
  {
    lie: 'gathers parts without copying them',
    tell: (sound) => ({
      async put(key, body, options) {
        const parts: Uint8Array[] = []
        for await (const part of body instanceof Uint8Array ? [body] : body) parts.push(part)
        await sound.put(key, parts, options)
      },
    }),
    breaks: 'a part is stored as it was handed out, though its memory is used again as soon as that is allowed',
  },
  {
    lie: 'promises to tell what is written, and does not',
    tell: (sound) => ({
      async put(key, body, options) {
        if ('written' in body && typeof body.written === 'function') body.written(0)
        await sound.put(key, body, options)
      },
    }),
    breaks: 'a part is stored as it was handed out, though its memory is used again as soon as that is allowed',
  },
  {
    lie: 'says that an object exists, and replaces it all the same',
    tell: (sound) => ({
      async put(key, body, options) {
        const taken = (await sound.stat(key)) !== undefined
        await sound.delete(key)
        await sound.put(key, body, options)
        if (taken) throw new AlreadyExistsError('taken')
      },
    }),
    breaks: 'creating an object that exists fails (ALREADY_EXISTS) and leaves the object as it is',
  },
  {
    lie: 'looks whether an object exists and then writes',
    tell: (sound) => ({
      async put(key, body, options) {
        options?.signal?.throwIfAborted()
        const bytes = await whole(body)
        options?.signal?.throwIfAborted()
        if ((await sound.stat(key)) !== undefined) throw new AlreadyExistsError('taken')
        await pause()
        await sound.delete(key)
        await sound.put(key, bytes)
      },
    }),
    breaks: 'creating an object that exists fails also when 16 try at once: exactly one succeeds',
  },
  {
    lie: 'keeps objects apart by connection until they are stored, and the last one wins',
    tell: (sound) => {
      const mine = new Set<string>()
      return {
        async put(key, body, options) {
          options?.signal?.throwIfAborted()
          if (mine.has(key)) throw new AlreadyExistsError('taken')
          mine.add(key)
          try {
            const bytes = await whole(body)
            options?.signal?.throwIfAborted()
            if ((await sound.stat(key)) !== undefined) throw new AlreadyExistsError('taken')
            await pause()
            await sound.delete(key)
            await sound.put(key, bytes)
          } finally {
            mine.delete(key)
          }
        },
      }
    },
    breaks: 'when several connections create one object at once, exactly one succeeds',
    alone: true,
  },
  {
    lie: 'shows only what this connection has written itself',
    tell: () => {
      const own = new MemoryStorage()
      return { put: (...args) => own.put(...args), get: (...args) => own.get(...args), stat: (...args) => own.stat(...args), list: (...args) => own.list(...args), delete: (...args) => own.delete(...args) }
    },
    breaks: 'what one storage puts or deletes, another on the same objects sees at once',
  },
  { lie: 'takes an object and forgets it', tell: () => ({ put: async (_key, body) => void (await whole(body)) }), breaks: 'an object of 4096 bytes reads back whole' },
  {
    lie: 'forgets objects that are empty',
    tell: (sound) => ({ stat: async (key, options) => ((await sound.stat(key, options))?.size === 0 ? undefined : sound.stat(key)) }),
    breaks: 'an object of 0 bytes reads back whole',
  },
  {
    lie: 'returns no more than 1 MiB of an object',
    tell: (sound) => ({ get: async (key, options) => (await sound.get(key, options)).slice(0, 1024 * 1024) }),
    breaks: 'an object of 5242880 bytes reads back whole',
  },
  { lie: 'returns short reads', tell: (sound) => ({ get: async (key, options) => (await sound.get(key, options)).slice(0, -1) }), breaks: 'an object of 1 byte reads back whole' },
  {
    lie: 'returns the whole object for a range',
    tell: (sound) => ({ get: (key, options) => sound.get(key, options?.signal === undefined ? {} : { signal: options.signal }) }),
    breaks: 'a range is cut to what is there',
  },
  {
    lie: 'fails for a range that reaches past the end',
    tell: (sound) => ({
      async get(key, options) {
        if ((options?.range?.end ?? 0) > ((await sound.stat(key))?.size ?? Infinity) && Number.isSafeInteger(options?.range?.start)) throw new Error('416 Range Not Satisfiable')
        return sound.get(key, options)
      },
    }),
    breaks: 'a range is cut to what is there',
  },
  {
    lie: 'counts the end of a range in',
    tell: (sound) => ({ get: (key, options) => sound.get(key, options?.range === undefined ? options : { ...options, range: { start: options.range.start, end: options.range.end + 1 } }) }),
    breaks: 'a range is cut to what is there',
  },
  {
    lie: 'mixes up ranges that are read at once',
    tell: (sound) => {
      let last: { start: number; end: number } | undefined
      return {
        async get(key, options) {
          if (options?.range === undefined) return sound.get(key, options)
          last = options.range
          await Promise.resolve()
          return sound.get(key, { ...options, range: last })
        },
      }
    },
    breaks: 'many ranges of one object can be read at once',
    alone: true,
  },
  {
    lie: 'hands out its own memory',
    tell: (sound) => {
      const seen = new Map<string, Uint8Array>()
      return {
        async get(key, options) {
          const bytes = await sound.get(key, options)
          const name = `${key} ${options?.range?.start} ${options?.range?.end}`
          if (seen.get(name)?.length !== bytes.length) seen.set(name, bytes)
          return seen.get(name) ?? bytes
        },
      }
    },
    breaks: 'bytes that get returned are the caller\'s own',
  },
  { lie: 'serves stale reads', tell: remembering, breaks: 'a deleted object is absent, deleting it again is no error, and its key is free' },
  {
    lie: 'serves stale reads of ranges alone',
    tell: (sound) => {
      const stale = remembering(sound)
      return { get: (key, options) => (options?.range === undefined ? sound.get(key, options) : (stale.get?.(key, options) ?? sound.get(key))) }
    },
    breaks: 'a deleted object is absent, deleting it again is no error, and its key is free',
    alone: true,
  },
  {
    lie: 'remembers that an object was absent',
    tell: (sound) => {
      const absent = new Set<string>()
      return {
        async get(key, options) {
          if (absent.has(key)) throw new NotFoundError('absent')
          return sound.get(key, options).catch((error: unknown) => {
            absent.add(key)
            throw error
          })
        },
      }
    },
    breaks: 'an object is absent while it is being put',
  },
  {
    lie: 'lists what was there a moment ago',
    tell: (sound) => {
      let before: readonly ObjectEntry[] = []
      return {
        async *list(prefix, options) {
          options?.signal?.throwIfAborted()
          const shown = before.filter(({ key }) => key.startsWith(prefix))
          before = await entriesOf(sound, '')
          yield* shown
        },
      }
    },
    breaks: 'an object of 4096 bytes reads back whole',
  },
  {
    lie: 'reports absence as an empty object',
    tell: (sound) => ({ get: (key, options) => sound.get(key, options).catch((error: unknown) => (error instanceof NotFoundError ? new Uint8Array(0) : Promise.reject(error as Error))) }),
    breaks: 'an object that is absent is reported as absent (NOT_FOUND by get, undefined by stat) and not listed',
  },
  {
    lie: 'takes a folder of objects for an object',
    tell: (sound) => ({ stat: async (key, options) => (await sound.stat(key, options)) ?? ((await entriesOf(sound, `${key}/`)).length > 0 ? { size: 0 } : undefined) }),
    breaks: 'an object that is absent is reported as absent (NOT_FOUND by get, undefined by stat) and not listed',
    alone: true,
  },
  {
    lie: 'lists no more than 1,000 objects',
    tell: (sound) => ({
      async *list(prefix, options) {
        options?.signal?.throwIfAborted()
        yield* (await entriesOf(sound, prefix)).slice(0, 1000)
      },
    }),
    breaks: 'a listing of more than 1,000 objects is whole',
    alone: true,
  },
  {
    lie: 'lists a second page from the start again',
    tell: (sound) => ({
      async *list(prefix, options) {
        options?.signal?.throwIfAborted()
        const entries = await entriesOf(sound, prefix)
        yield* entries.slice(0, 1000)
        yield* entries.length > 1000 ? entries.slice(0, entries.length - 1000) : []
      },
    }),
    breaks: 'a listing of more than 1,000 objects is whole',
    alone: true,
  },
  {
    lie: 'takes a prefix for text',
    tell: (sound) => ({
      async *list(prefix, options) {
        if (prefix !== '' && !prefix.endsWith('/')) yield* sound.list(prefix, options)
        options?.signal?.throwIfAborted()
        for (const entry of await entriesOf(sound, '')) if (entry.key.startsWith(prefix.slice(0, -1))) yield entry
      },
    }),
    breaks: 'list shows every object below a prefix once, with its size, and nothing else',
  },
  {
    lie: 'lists one level only',
    tell: (sound) => ({
      async *list(prefix, options) {
        for await (const entry of sound.list(prefix, options)) if (!entry.key.slice(prefix.length).includes('/')) yield entry
      },
    }),
    breaks: 'list shows every object below a prefix once, with its size, and nothing else',
  },
  {
    lie: 'lists sizes of what was sent, not of what is there',
    tell: (sound) => ({
      async *list(prefix, options) {
        for await (const { key, size } of sound.list(prefix, options)) yield { key, size: size + 33 }
      },
    }),
    breaks: 'list shows every object below a prefix once, with its size, and nothing else',
  },
  {
    lie: 'goes on with the last listing, wherever that was left',
    tell: (sound) => {
      const left = new Map<string, ObjectEntry[]>()
      return {
        async *list(prefix, options) {
          options?.signal?.throwIfAborted()
          const entries = left.get(prefix) ?? (await entriesOf(sound, prefix))
          left.set(prefix, entries)
          for (let entry = entries.shift(); entry !== undefined; entry = entries.shift()) yield entry
          left.delete(prefix)
        },
      }
    },
    breaks: 'a listing can be left early',
    alone: true,
  },
  {
    lie: 'does not look at keys',
    tell: (sound) => ({ stat: (key, options) => (/^[a-z0-9/._-]+$/.test(key) && !key.includes('..') ? sound.stat(key, options) : Promise.resolve(undefined)) }),
    breaks: 'keys, prefixes and ranges that break the rules are refused (INVALID_ARGUMENT)',
    alone: true,
  },
  {
    lie: 'does not look at the signal of a read',
    tell: (sound) => ({ get: (key, options) => sound.get(key, options?.range === undefined ? {} : { range: options.range }) }),
    breaks: 'a signal that is aborted already stops every kind of reading with its reason',
    alone: true,
  },
  {
    lie: 'does not look at the signal of a put',
    tell: (sound) => ({ put: (key, body) => sound.put(key, body) }),
    breaks: 'a signal that is aborted before or during a put stops it with its reason and leaves the object absent',
    alone: true,
  },
  {
    lie: 'takes no bodies but whole ones',
    tell: (sound) => ({ put: async (key, body, options) => sound.put(key, body instanceof Uint8Array ? body : Array.isArray(body) ? (body[0] ?? new Uint8Array(0)) : body, options) }),
    breaks: 'a body may come whole, as an iterable or as an async iterable of parts',
  },
  {
    lie: 'stores bytes after it has said that they are stored',
    tell: (sound) => {
      const waiting = new Map<string, Uint8Array>()
      const late = async (key: string): Promise<Uint8Array> => waiting.get(key)?.slice() ?? (await sound.get(key))
      return {
        async put(key, body, options) {
          await sound.put(key, body, options)
          if (body instanceof Uint8Array && key.endsWith('/memory')) waiting.set(key, body)
        },
        get: (key, options) => (options === undefined ? late(key) : sound.get(key, options)),
      }
    },
    breaks: 'stored bytes do not change with the memory they came from',
    alone: true,
  },
  {
    lie: 'refuses one of several puts in a folder',
    tell: (sound) => {
      let under = 0
      return {
        async put(key, body, options) {
          if (under >= 16 && key.includes('/side/')) throw new AlreadyExistsError('busy')
          under++
          await pause()
          await sound.put(key, body, options).finally(() => under--)
        },
      }
    },
    breaks: 'creating different objects at once succeeds for all of them',
    alone: true,
  },
  {
    lie: 'keeps what came before a body failed',
    tell: (sound) => ({
      async put(key, body, options) {
        options?.signal?.throwIfAborted()
        const parts: Uint8Array[] = []
        try {
          for await (const part of body instanceof Uint8Array ? [body] : body) {
            options?.signal?.throwIfAborted()
            parts.push(part.slice())
          }
        } finally {
          await sound.put(key, parts)
        }
      },
    }),
    breaks: 'a body that fails midway leaves the object absent, and its error surfaces',
  },
  {
    lie: 'shows an object by another name while it is being written',
    tell: (sound) => ({
      async put(key, body, options) {
        if (body instanceof Uint8Array) return sound.put(key, body, options)
        const temp = `${key}.part`
        await sound.put(temp, new Uint8Array(1))
        try {
          await sound.put(key, body, options)
        } finally {
          await sound.delete(temp)
        }
      },
    }),
    breaks: 'an object is absent while it is being put',
    alone: true,
  },
  {
    lie: 'shows the first half of an object while it is being written',
    tell: (sound) => ({
      async put(key, body, options) {
        if (!(body instanceof Uint8Array) || !key.includes('/beside/')) return sound.put(key, body, options)
        await sound.put(key, body.subarray(0, body.length >> 1), options)
        await pause()
        await sound.delete(key)
        await sound.put(key, body)
      },
    }),
    breaks: 'who reads an object while it is being created sees nothing or all of it',
    alone: true,
  },
  {
    lie: 'forgets deletes',
    tell: (sound) => ({ delete: (key, options) => sound.stat(key, options).then(() => undefined) }),
    breaks: 'a deleted object is absent, deleting it again is no error, and its key is free',
  },
  {
    lie: 'lists what is deleted',
    tell: (sound) => {
      const gone = new Map<string, number>()
      return {
        async delete(key, options) {
          gone.set(key, (await sound.stat(key))?.size ?? 0)
          await sound.delete(key, options)
        },
        async *list(prefix, options) {
          yield* sound.list(prefix, options)
          for (const [key, size] of gone) if (key.startsWith(prefix) && (await sound.stat(key)) === undefined) yield { key, size }
        },
      }
    },
    breaks: 'a deleted object is absent, deleting it again is no error, and its key is free',
  },
  {
    lie: 'deletes all that begins with a key',
    tell: (sound) => ({
      async delete(key, options) {
        await sound.delete(key, options)
        for (const entry of await entriesOf(sound, `${key}/`)) await sound.delete(entry.key)
      },
    }),
    breaks: 'deleting one object leaves its neighbours',
    alone: true,
  },
  {
    lie: 'cuts long names',
    tell: (sound) => {
      const cut = (key: string): string => key.split('/').map((name) => name.slice(0, 31)).join('/')
      return {
        put: (key, body, options) => sound.put(key.length > 60 ? cut(key) : key, body, options),
        get: (key, options) => sound.get(key.length > 60 ? cut(key) : key, options),
        stat: (key, options) => sound.stat(key.length > 60 ? cut(key) : key, options),
        delete: (key, options) => sound.delete(key.length > 60 ? cut(key) : key, options),
      }
    },
    breaks: 'keys as long as those of a repository, which differ only at their ends, are different objects',
    alone: true,
  },
  {
    lie: 'turns CR LF into LF',
    tell: (sound) => ({
      async get(key, options) {
        const bytes = await sound.get(key, options)
        return bytes.length < 100 ? bytes.filter((byte, index) => byte !== 13 || bytes[index + 1] !== 10) : bytes
      },
    }),
    breaks: 'bytes come back as they were stored, whatever they are',
    alone: true,
  },
  { lie: 'swallows what goes wrong', tell: (sound) => ({ put: (key, body, options) => sound.put(key, body, options).catch(() => undefined) }), breaks: 'creating an object that exists fails (ALREADY_EXISTS) and leaves the object as it is' },
  {
    lie: 'reports absence as an error of its own',
    tell: (sound) => ({ get: (key, options) => sound.get(key, options).catch((error: unknown) => { throw error instanceof NotFoundError ? new Error('no such file') : error }) }),
    breaks: 'an object that is absent is reported as absent (NOT_FOUND by get, undefined by stat) and not listed',
  },
  {
    lie: 'fails to delete what is absent',
    tell: (sound) => ({
      async delete(key, options) {
        await sound.get(key)
        await sound.delete(key, options)
      },
    }),
    breaks: 'a deleted object is absent, deleting it again is no error, and its key is free',
  },
]
