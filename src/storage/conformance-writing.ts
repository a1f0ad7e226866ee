import { concatBytes } from '../bytes.ts'
import { VarveError } from '../errors.ts'
import { broken, expectAbsent, expectBytes, expectCode, expectPresent, failureOf, patternBytes, sizesBelow, type Promised } from './conformance-trial.ts'
import { Lending, refilled } from './conformance-bodies.ts'
import { isDiskFull } from './disk-full.ts'
import type { ObjectBody, Storage } from './interface.ts'

const CONCURRENT_PUTS = 16

async function* each(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const part of parts) {
    await Promise.resolve()
    yield part
  }
}

/** A large first part, so that an implementation which writes as it goes has written something by then. */
async function* failing(reason: Error): AsyncGenerator<Uint8Array, void, undefined> {
  yield patternBytes(1024 * 1024, 1)
  await Promise.resolve()
  yield patternBytes(100, 2)
  throw reason
}

/** Puts different bytes under one key all at once. Exactly one put may resolve, and its bytes are what is there. */
async function race(storages: readonly Storage[], key: string): Promise<void> {
  const bodies = storages.map((_, index) => patternBytes(1000 + index, index))
  const results = await Promise.allSettled(storages.map((storage, index) => storage.put(key, bodies[index] as Uint8Array)))
  const winners: number[] = []
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') winners.push(index)
    else if (!(result.reason instanceof VarveError) || result.reason.code !== 'ALREADY_EXISTS') {
      broken(`one of several puts of one key threw ${String(result.reason)} instead of ALREADY_EXISTS`, {}, result.reason)
    }
  }
  const [winner] = winners
  if (winners.length !== 1 || winner === undefined) return broken(`${winners.length} of ${storages.length} concurrent puts of one key resolved`)
  for (const storage of storages) await expectPresent(storage, key, bodies[winner] as Uint8Array, 'after a race')
}

/** What holds for every storage that can be written to. */
export const WRITING: readonly Promised[] = [
  {
    name: 'a body may come whole, as an iterable or as an async iterable of parts',
    harm: 'Packs, which are written in parts, would be stored wrong.',
    on: 'writable',
    async check({ storage, key }) {
      const parts = [0, 1, 48, 70_000, 0, 3_000_000, 5, 1_500_000].map((size, index) => patternBytes(size, index))
      const whole = concatBytes(parts)
      const bodies: Readonly<Record<string, () => ObjectBody>> = {
        array: () => parts,
        view: () => concatBytes([new Uint8Array(3), whole]).subarray(3),
        iterable: () => parts.values(),
        'async-iterable': () => each(parts),
        'many-parts': () => Array.from({ length: 3000 }, (_, index) => whole.subarray(index * 10, index * 10 + 10)),
      }
      for (const [name, body] of Object.entries(bodies)) {
        await storage.put(key(name), body())
        await expectPresent(storage, key(name), name === 'many-parts' ? whole.subarray(0, 30_000) : whole, `after put of a body as ${name}`)
      }
      for (const [name, body] of Object.entries<ObjectBody>({ none: [], 'async-none': each([]), 'empty-parts': [new Uint8Array(0), new Uint8Array(0)] })) {
        await storage.put(key(name), body)
        await expectPresent(storage, key(name), new Uint8Array(0), `after put of a body as ${name}`)
      }
    },
  },
  {
    name: 'a part is stored as it was handed out, though its memory is used again as soon as that is allowed',
    harm: 'Packs would hold the bytes of other blocks: threads write to the memory that packs were stored from.',
    on: 'writable',
    async check({ storage, key }) {
      const parts = [48, 70_000, 1, 300_000, 1_000_000, 48, 1_000_000, 20_000, 3_000_000, 5].map((size, index) => patternBytes(size, index))
      const small = Array.from({ length: 3000 }, (_, index) => patternBytes(300, index))
      for (const [name, pieces] of Object.entries({ parts, small })) {
        await storage.put(key(`refilled/${name}`), refilled(pieces))
        await expectPresent(storage, key(`refilled/${name}`), concatBytes(pieces), 'after put of a body that makes its parts in one memory')
        await storage.put(key(`lent/${name}`), new Lending(pieces))
        await expectPresent(storage, key(`lent/${name}`), concatBytes(pieces), 'after put of a body that lends its parts')
      }
    },
  },
  {
    name: 'stored bytes do not change with the memory they came from',
    harm: 'Packs would change while the next one is being filled.',
    on: 'writable',
    async check({ storage, key }) {
      const bytes = patternBytes(1000, 1)
      const body = bytes.slice()
      await storage.put(key('memory'), body)
      body.fill(0)
      await expectPresent(storage, key('memory'), bytes, 'after its source was changed')
    },
  },
  {
    name: 'creating an object that exists fails (ALREADY_EXISTS) and leaves the object as it is',
    harm: 'Two writers could commit the same number of the log, and the later one would erase the snapshots of the earlier.',
    on: 'writable',
    async check({ storage, key }) {
      const bytes = patternBytes(1000, 1)
      await storage.put(key('taken'), bytes)
      for (const again of [patternBytes(1000, 2), bytes, new Uint8Array(0), [patternBytes(5, 3)], each([patternBytes(5, 4)])]) {
        await expectCode(() => storage.put(key('taken'), again), 'ALREADY_EXISTS', 'a second put of a key')
        await expectPresent(storage, key('taken'), bytes, 'after a second put')
      }
      await storage.put(key('taken-empty'), new Uint8Array(0))
      await expectCode(() => storage.put(key('taken-empty'), bytes), 'ALREADY_EXISTS', 'a second put of the key of an empty object')
    },
  },
  {
    name: `creating an object that exists fails also when ${CONCURRENT_PUTS} try at once: exactly one succeeds`,
    harm: 'Two writers that commit at the same moment would both be told that they succeeded, and one would lose its snapshots.',
    on: 'writable',
    async check({ storage, key }) {
      for (const round of ['one', 'two', 'three']) await race(Array.from({ length: CONCURRENT_PUTS }, () => storage), key(`race/${round}`))
    },
  },
  {
    name: 'creating different objects at once succeeds for all of them',
    harm: 'Snapshots, which store several packs at once, would fail.',
    on: 'writable',
    async check({ storage, key }) {
      const bodies = Array.from({ length: 24 }, (_, index) => patternBytes(index * 100, index))
      await Promise.all(bodies.map((body, index) => storage.put(key(`side/by/${index % 4}/side/${index}`), body)))
      for (const [index, body] of bodies.entries()) await expectPresent(storage, key(`side/by/${index % 4}/side/${index}`), body, 'after concurrent puts')
    },
  },
  {
    name: 'a body that fails midway leaves the object absent, and its error surfaces',
    harm: 'A snapshot that fails would leave half of a pack under a name that counts as whole.',
    on: 'writable',
    async check({ storage, key }) {
      // A storage that cannot put at all is no proof of anything.
      await storage.put(key('sound'), patternBytes(10, 1))
      const error = new Error('the body failed')
      const thrown = await failureOf(() => storage.put(key('failed'), failing(error)), 'put of a body that fails')
      if (isDiskFull(thrown)) throw thrown
      let seen: unknown = thrown
      while (seen instanceof Error && seen !== error) seen = seen.cause
      if (seen !== error) broken('the error of a body is neither thrown nor the cause of what is thrown')
      await expectAbsent(storage, key('failed'), 'after its body failed')
      const bytes = patternBytes(10, 3)
      await storage.put(key('failed'), bytes)
      await expectPresent(storage, key('failed'), bytes, 'after a second attempt')
    },
  },
  {
    name: 'a signal that is aborted before or during a put stops it with its reason and leaves the object absent',
    harm: 'An interrupted snapshot would leave half of a pack under a name that counts as whole.',
    on: 'writable',
    async check({ storage, key }) {
      // A storage that cannot put at all is no proof of anything.
      await storage.put(key('sound'), patternBytes(10, 1))
      const reason = new Error('stopped on purpose')
      const before = await failureOf(() => storage.put(key('aborted'), patternBytes(10, 1), { signal: AbortSignal.abort(reason) }), 'put with an aborted signal')
      if (before !== reason) broken('put does not throw the reason of a signal that was aborted before')
      await expectAbsent(storage, key('aborted'), 'after a put with an aborted signal')

      const controller = new AbortController()
      async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
        yield patternBytes(1024 * 1024, 1)
        controller.abort(reason)
        yield patternBytes(1024 * 1024, 2)
      }
      const during = await failureOf(() => storage.put(key('aborted'), body(), { signal: controller.signal }), 'put whose signal is aborted midway')
      if (isDiskFull(during)) throw during
      if (during !== reason) broken('put does not throw the reason of a signal that was aborted midway')
      await expectAbsent(storage, key('aborted'), 'after a put that was aborted midway')
      await storage.put(key('aborted'), patternBytes(10, 3))
      await expectPresent(storage, key('aborted'), patternBytes(10, 3), 'after a second attempt')
    },
  },
  {
    name: 'an object is absent while it is being put',
    harm: 'A reader could see half of a root record or a pack and take it for damage.',
    on: 'writable',
    async check({ storage, key }) {
      async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
        yield patternBytes(2 * 1024 * 1024, 1)
        await expectAbsent(storage, key('midway/object'), 'while it is being put')
        for (const [name] of await sizesBelow(storage, `${key('midway')}/`)) broken(`list shows "${name}" while another object is being put`)
        yield patternBytes(100, 2)
      }
      await storage.put(key('midway/object'), body())
      await expectPresent(storage, key('midway/object'), concatBytes([patternBytes(2 * 1024 * 1024, 1), patternBytes(100, 2)]), 'after put')
    },
  },
  {
    name: 'a deleted object is absent, deleting it again is no error, and its key is free',
    harm: 'Garbage collection would free nothing, or its readers would be served what is gone.',
    on: 'writable',
    async check({ storage, key }) {
      for (const name of ['packs/00/deleted.pack', 'deleted']) {
        await storage.put(key(name), patternBytes(5000, 1))
        await storage.get(key(name), { range: { start: 0, end: 10 } })
        await storage.delete(key(name))
        await expectAbsent(storage, key(name), 'after delete')
        await expectCode(() => storage.get(key(name), { range: { start: 0, end: 10 } }), 'NOT_FOUND', 'get of a range that was read before delete')
        await storage.delete(key(name))
        await storage.put(key(name), patternBytes(6000, 2))
        await expectPresent(storage, key(name), patternBytes(6000, 2), 'after delete and put')
        expectBytes(await storage.get(key(name), { range: { start: 0, end: 10 } }), patternBytes(10, 2), 'a range after delete and put')
      }
      await storage.delete(key('never/there'))
      const aborted = new Error('stopped on purpose')
      const stopped = await failureOf(() => storage.delete(key('deleted'), { signal: AbortSignal.abort(aborted) }), 'delete with an aborted signal')
      if (stopped !== aborted) broken('delete does not throw the reason of its signal')
      await expectPresent(storage, key('deleted'), patternBytes(6000, 2), 'after a delete with an aborted signal')
    },
  },
  {
    name: 'deleting one object leaves its neighbours',
    harm: 'Garbage collection would delete live data.',
    on: 'writable',
    async check({ storage, key }) {
      for (const name of ['a/b', 'a/bc', 'a/c/d']) await storage.put(key(name), patternBytes(10, 1))
      await storage.delete(key('a/b'))
      await storage.delete(key('a'))
      await storage.delete(key('a/c'))
      for (const name of ['a/bc', 'a/c/d']) await expectPresent(storage, key(name), patternBytes(10, 1), 'after its neighbours were deleted')
    },
  },
  {
    name: 'what one storage puts or deletes, another on the same objects sees at once',
    harm: 'A writer would not see the commits of another and would build on an old state; a reader would miss what is there.',
    on: 'shared',
    async check({ storage, key, openAnother }) {
      const other = await openAnother()
      for (const name of ['packs/00/shared.pack', 'shared']) {
        await expectAbsent(other, key(name), 'before another storage puts it')
        await storage.put(key(name), patternBytes(5000, 1))
        await expectPresent(other, key(name), patternBytes(5000, 1), 'after another storage put it')
        await expectCode(() => other.put(key(name), new Uint8Array(1)), 'ALREADY_EXISTS', 'put of a key that another storage took')
        await storage.delete(key(name))
        await expectAbsent(other, key(name), 'after another storage deleted it')
        await storage.put(key(name), patternBytes(6000, 2))
        await expectPresent(other, key(name), patternBytes(6000, 2), 'after another storage put it anew')
      }
    },
  },
  {
    name: 'when several connections create one object at once, exactly one succeeds',
    harm: 'Two machines that commit at the same moment would both be told that they succeeded, and one would lose its snapshots.',
    on: 'shared',
    async check({ storage, key, openAnother }) {
      const storages = [storage, await openAnother(), await openAnother(), await openAnother()]
      for (const round of ['one', 'two', 'three']) await race([...storages, ...storages], key(`race/${round}`))
    },
  },
]
