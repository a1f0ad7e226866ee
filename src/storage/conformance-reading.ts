import { broken, expectAbsent, expectBytes, expectCode, expectPresent, failureOf, patternBytes, sizesBelow, type Promised, type Trial } from './conformance-trial.ts'
import type { ByteRange } from './interface.ts'
import { isWithoutListing } from './no-listing.ts'

/** Each is refused by every method; the last are characters that one system or another gives a meaning. */
const INVALID_KEYS = ['', '/', '/a', 'a/', 'a//b', '.', '..', './a', 'a/.', 'a/../b', '../a', 'A', 'a b', 'ä', 'a\\b', 'a:b', 'a%2fb', 'a\0b', 'a\n']

const INVALID_RANGES: readonly ByteRange[] = [{ start: -1, end: 2 }, { start: 3, end: 2 }, { start: 0.5, end: 2 }, { start: 0, end: Number.NaN }]

async function roundTrip({ storage, place }: Trial, size: number): Promise<void> {
  const bytes = patternBytes(size, size)
  const key = await place(`${size}`, bytes)
  await expectPresent(storage, key, bytes, 'after put')
}

/** What holds for every storage, those that cannot be written to included. */
export const READING: readonly Promised[] = [
  ...[0, 1, 4096, 5 * 1024 * 1024].map(
    (size): Promised => ({
      name: `an object of ${size} ${size === 1 ? 'byte' : 'bytes'} reads back whole`,
      harm: 'Data that was stored could not be read again.',
      on: 'all',
      check: (trial) => roundTrip(trial, size),
    }),
  ),
  {
    name: 'an object that is absent is reported as absent (NOT_FOUND by get, undefined by stat) and not listed',
    harm: 'Lost data could pass for data that was never there, and a writer could take a number for used that is free.',
    on: 'all',
    async check({ storage, key, place }) {
      await expectAbsent(storage, key('absent'), 'before anything is stored')
      await place('folder/object', patternBytes(10, 1))
      await expectAbsent(storage, key('folder/other'), 'beside another object')
      await expectAbsent(storage, key('folder'), 'though keys begin with it')
      await expectAbsent(storage, key('folder/object/below'), 'though it would be below an object')
      await expectCode(() => storage.get(key('absent'), { range: { start: 0, end: 0 } }), 'NOT_FOUND', 'get of an empty range of an absent object')
    },
  },
  {
    name: 'a range is cut to what is there',
    harm: 'Every block is read as a range of a pack: reads would fail, or give the bytes of another block.',
    on: 'all',
    async check({ storage, place }) {
      const bytes = patternBytes(3 * 1024 * 1024, 7)
      const key = await place('ranges', bytes)
      const size = bytes.length
      const ends: readonly (readonly [number, number])[] = [
        [0, size],
        [0, 1],
        [1, 2],
        [1000, 5000],
        [1, size - 1],
        [size - 1, size],
        [0, 0],
        [77, 77],
        [size, size],
        [size - 5, size + 5],
        [size, size + 100],
        [size + 100, size + 200],
        [0, Number.MAX_SAFE_INTEGER],
      ]
      // Too small for some of them.
      const into = new Uint8Array(1024 * 1024)
      for (const [start, end] of ends) {
        expectBytes(await storage.get(key, { range: { start, end } }), bytes.subarray(start, end), `range ${start} to ${end} of ${size}`)
        expectBytes(await storage.get(key, { range: { start, end }, into: into.fill(0xaa) }), bytes.subarray(start, end), `range ${start} to ${end} of ${size}, read into memory that there is`)
      }
      const empty = await place('empty', new Uint8Array(0))
      expectBytes(await storage.get(empty, { range: { start: 0, end: 10 } }), new Uint8Array(0), 'a range of an empty object')
    },
  },
  {
    name: 'many ranges of one object can be read at once',
    harm: 'A checkout, which reads many blocks at once, would get the bytes of other blocks.',
    on: 'all',
    async check({ storage, place }) {
      const bytes = patternBytes(200_000, 8)
      const key = await place('at-once', bytes)
      const starts = Array.from({ length: 50 }, (_, index) => index * 3999)
      const parts = await Promise.all(starts.map((start) => storage.get(key, { range: { start, end: start + 4096 } })))
      for (const [index, start] of starts.entries()) expectBytes(parts[index] as Uint8Array, bytes.subarray(start, start + 4096), `range from ${start}`)
    },
  },
  {
    name: 'bytes that get returned are the caller\'s own',
    harm: 'What one reader does to its bytes would damage those of another.',
    on: 'all',
    async check({ storage, place }) {
      const bytes = patternBytes(1000, 9)
      const key = await place('own', bytes)
      const range = { start: 10, end: 20 }
      const [whole, part] = [await storage.get(key), await storage.get(key, { range })]
      whole.fill(0)
      part.fill(0)
      expectBytes(await storage.get(key), bytes, 'an object whose copy was changed')
      expectBytes(await storage.get(key, { range }), bytes.subarray(10, 20), 'a range whose copy was changed')
    },
  },
  {
    name: 'list shows every object below a prefix once, with its size, and nothing else',
    harm: 'Garbage collection would overlook leases and packs: it could delete what a writer still needs, or never free space.',
    on: 'all',
    lists: true,
    async check({ storage, key, place }) {
      const expected = new Map<string, number>()
      for (let index = 0; index < 60; index++) {
        const size = index % 7
        expected.set(await place(`log/${index % 3 === 0 ? '' : `${index % 5}/deep/`}n${index}`, patternBytes(size, index)), size)
      }
      const neighbours = [await place('logs/x', patternBytes(3, 1)), await place('log.x', patternBytes(3, 2)), await place('lo/g', patternBytes(3, 3))]
      const same = (actual: Map<string, number>, wanted: Map<string, number>, prefix: string): void => {
        for (const [name, size] of wanted) if (actual.get(name) !== size) broken(`list("${prefix}") says ${actual.get(name) ?? 'absent'} for "${name}" of ${size} bytes`)
        if (actual.size !== wanted.size) broken(`list("${prefix}") shows ${actual.size} objects instead of ${wanted.size}`)
      }
      const log = `${key('log')}/`
      same(await sizesBelow(storage, log), expected, log)
      const deep = `${key('log/1')}/`
      same(await sizesBelow(storage, deep), new Map([...expected].filter(([name]) => name.startsWith(deep))), deep)
      const nothing = `${key('nothing')}/`
      same(await sizesBelow(storage, nothing), new Map(), nothing)
      const belowObject = `${key('log.x')}/`
      same(await sizesBelow(storage, belowObject), new Map(), belowObject)
      const all = await sizesBelow(storage, '')
      for (const name of [...expected.keys(), ...neighbours]) if (!all.has(name)) broken(`list("") does not show "${name}"`)
    },
  },
  {
    name: 'a listing can be left early',
    harm: 'Looking whether anything is there would break the listings that follow.',
    on: 'all',
    lists: true,
    async check({ storage, key, place }) {
      for (const name of ['a', 'b', 'c']) await place(`left/${name}`, new Uint8Array(1))
      const seen: string[] = []
      for await (const entry of storage.list(`${key('left')}/`)) {
        seen.push(entry.key)
        break
      }
      if (seen.length !== 1) broken(`list showed ${seen.length} objects to a loop that ends after the first`)
      if ((await sizesBelow(storage, `${key('left')}/`)).size !== 3) broken('list shows fewer objects after a listing was left early')
    },
  },
  {
    name: 'keys, prefixes and ranges that break the rules are refused (INVALID_ARGUMENT)',
    harm: 'A wrong key could reach objects outside of the repository.',
    on: 'all',
    async check({ storage, place }) {
      for (const key of INVALID_KEYS) {
        await expectCode(() => storage.get(key), 'INVALID_ARGUMENT', `get of key ${JSON.stringify(key)}`)
        await expectCode(() => storage.stat(key), 'INVALID_ARGUMENT', `stat of key ${JSON.stringify(key)}`)
        await expectCode(() => storage.put(key, new Uint8Array(1)), 'INVALID_ARGUMENT', `put of key ${JSON.stringify(key)}`)
        await expectCode(() => storage.delete(key), 'INVALID_ARGUMENT', `delete of key ${JSON.stringify(key)}`)
      }
      for (const prefix of ['log', '/', '/a/', 'a//', '../', 'a/../', 'A/', 'a\\']) {
        await expectCode(() => sizesBelow(storage, prefix), 'INVALID_ARGUMENT', `list of prefix ${JSON.stringify(prefix)}`)
      }
      const key = await place('valid', patternBytes(10, 1))
      for (const range of INVALID_RANGES) {
        await expectCode(() => storage.get(key, { range }), 'INVALID_ARGUMENT', `get of range ${range.start} to ${range.end}`)
      }
    },
  },
  {
    name: 'a signal that is aborted already stops every kind of reading with its reason',
    harm: 'Interrupted work would go on in the background.',
    on: 'all',
    async check({ storage, key, place }) {
      const name = await place('signal/object', patternBytes(10, 1))
      const reason = new Error('stopped on purpose')
      const signal = AbortSignal.abort(reason)
      const list = async (): Promise<void> => {
        for await (const entry of storage.list(`${key('signal')}/`, { signal })) void entry
      }
      const calls = { get: () => storage.get(name, { signal }), stat: () => storage.stat(name, { signal }), list }
      for (const [what, call] of Object.entries(calls)) {
        if ((await failureOf(call, `${what} with an aborted signal`)) !== reason) broken(`${what} does not throw the reason of its signal`)
      }
    },
  },
  {
    name: 'a storage that cannot list says so, and never shows an empty listing',
    harm: 'A repository would be opened as it was long ago, or taken for an empty one.',
    on: 'unlisted',
    async check({ storage, key, place }) {
      await place('unlisted/object', patternBytes(10, 1))
      const error = await failureOf(() => sizesBelow(storage, `${key('unlisted')}/`), 'list on a storage that cannot list')
      if (!isWithoutListing(error)) broken(`list threw ${String(error)} instead of an error that says that it cannot list`, {}, error)
    },
  },
  {
    name: 'a read-only storage refuses to write and never reports success',
    harm: 'Work would be reported as stored that is nowhere.',
    on: 'read-only',
    async check({ storage, key, place }) {
      const bytes = patternBytes(10, 1)
      const name = await place('kept', bytes)
      await expectCode(() => storage.put(key('new'), new Uint8Array(1)), 'INVALID_ARGUMENT', 'put on a read-only storage')
      await expectCode(() => storage.delete(name), 'INVALID_ARGUMENT', 'delete on a read-only storage')
      await expectCode(() => storage.delete(key('absent')), 'INVALID_ARGUMENT', 'delete of an absent object on a read-only storage')
      await expectPresent(storage, name, bytes, 'after a refused delete')
      await expectAbsent(storage, key('new'), 'after a refused put')
    },
  },
]
