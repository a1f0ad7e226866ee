import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { type CID, cidText, DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { decodeCbor, encodeCbor } from '../../src/codec/dag-cbor.ts'
import type { BlockSource } from '../../src/codec/interface.ts'
import { NotFoundError, StorageError, VarveError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type RepairOptions, type RepairReport, verifyStorage } from '../../src/repository/index.ts'
import { packKey } from '../../src/repository/pack-format.ts'
import { OverlayStorage } from '../../src/storage/overlay-storage.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'
import { assertSound, blob, commitTree, pointTo, putDelta, variant } from './trees.ts'

const options = { platform: nodePlatform }
const contents = [randomBytes(300, 1), utf8('compressible '.repeat(60)), randomBytes(50, 3)]

interface Sample {
  readonly storage: MemoryStorage
  readonly cids: readonly CID[]
  readonly target: CID
}

/** A ref to a node that links to a few chunks, with garbage beside them. */
async function sample(): Promise<Sample> {
  const storage = new MemoryStorage()
  const repository = await BlockRepository.create(storage, options)
  const cids: CID[] = []
  let target: CID | undefined
  await repository.withSession(async (session) => {
    for (const content of contents) cids.push(await session.put(RAW_CODE, content))
    target = await session.put(DAG_CBOR_CODE, encodeCbor(cids))
    await session.commit({ action: 'test', refs: [{ name: 'main', target }] })
  })
  if (target === undefined) throw new Error('nothing was written')
  return { storage, cids, target }
}

async function objectsOf(storage: MemoryStorage): Promise<Map<string, Uint8Array>> {
  const objects = new Map<string, Uint8Array>()
  for await (const { key } of storage.list('')) objects.set(key, await storage.get(key))
  return objects
}

async function storageWith(objects: ReadonlyMap<string, Uint8Array>): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  for (const [key, bytes] of objects) await storage.put(key, bytes)
  return storage
}

async function replace(storage: MemoryStorage, key: string, change: (bytes: Uint8Array) => Uint8Array | undefined): Promise<void> {
  const changed = change(await storage.get(key))
  await storage.delete(key)
  if (changed !== undefined) await storage.put(key, changed)
}

async function keys(storage: MemoryStorage, prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const { key } of storage.list(prefix)) found.push(key)
  return found
}

function flip(at: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const altered = bytes.slice()
    altered[at] = (altered[at] as number) ^ (1 << (at % 8))
    return altered
  }
}

async function repair(storage: MemoryStorage, how: RepairOptions = {}): Promise<RepairReport> {
  return (await BlockRepository.openDamaged(storage, options)).repair(how)
}

/** Every byte of the sample can be read, and the repository is as sound as one that was never damaged. */
async function assertWhole(storage: MemoryStorage, { cids, target }: Sample, ref = 'main'): Promise<void> {
  const repository = await BlockRepository.open(storage, options)
  expect((await repository.getRef(ref))?.equals(target)).toBe(true)
  await repository.get(target)
  for (const [index, cid] of cids.entries()) expect(equalBytes(await repository.get(cid), contents[index] as Uint8Array)).toBe(true)
  const { problems, damaged } = await verifyStorage(repository)
  expect([problems, [...damaged.values()]]).toEqual([[], []])
  expect(await keys(storage, 'sessions/')).toEqual([])
}

function sourceOf({ cids, target }: Sample): BlockSource {
  const all = new Map([...cids.map((cid, index) => [cidText(cid), contents[index] as Uint8Array] as const), [cidText(target), encodeCbor(cids)] as const])
  return {
    get: (cid) => {
      const bytes = all.get(cidText(cid))
      if (bytes === undefined) throw new NotFoundError('not here')
      return bytes.slice()
    },
  }
}

const isPack = (key: string): boolean => key.startsWith('packs/')

describe('repair', () => {
  it('leaves a sound repository as it is, and so does a rehearsal one that is damaged', async () => {
    const made = await sample()
    const before = await objectsOf(made.storage)
    expect(await repair(made.storage)).toMatchObject({ number: null, indexRebuilt: false, lost: [], damaged: [] })
    expect(await objectsOf(made.storage)).toEqual(before)
    const [pack] = (await keys(made.storage, 'packs/')).sort()
    await replace(made.storage, pack ?? '', flip(100))
    const damaged = await objectsOf(made.storage)
    const rehearsal = (await BlockRepository.openDamaged(made.storage, options)).rehearsal()
    expect(await rehearsal.repair({ from: sourceOf(made), probeOnly: true })).toMatchObject({ number: 2, indexRebuilt: true })
    expect(await objectsOf(made.storage)).toEqual(damaged)
  })

  it('rebuilds the index wherever one byte of it is altered, and if it is cut or gone', async () => {
    const made = await sample()
    const objects = await objectsOf(made.storage)
    const [index] = await keys(made.storage, 'index/')
    const bytes = objects.get(index ?? '') as Uint8Array
    const cases = [undefined, ...[0, 40, bytes.length - 1].map((length) => bytes.slice(0, length)), ...Array.from(bytes, (_, at) => flip(at)(bytes)).filter((_, at) => at % 9 === 0)]
    for (const altered of cases) {
      const storage = await storageWith(objects)
      await replace(storage, index ?? '', () => altered)
      const report = await repair(storage)
      expect(report).toMatchObject({ indexRebuilt: true, damaged: [], lost: [], packs: { torn: [], missing: [] } })
      await assertWhole(storage, made)
    }
  }, 60_000)

  it('of any single byte of any pack gives back all but the block it was in, and all of it with another repository', async () => {
    const made = await sample()
    const objects = await objectsOf(made.storage)
    for (const [key, bytes] of objects) {
      if (!isPack(key)) continue
      for (let at = 0; at < bytes.length; at += at < 80 || at > bytes.length - 70 ? 7 : 23) {
        const storage = await storageWith(objects)
        await replace(storage, key, flip(at))
        const alone = await repair(storage)
        expect(alone.damaged.length).toBeLessThanOrEqual(1)
        const report = await repair(storage, { from: sourceOf(made) })
        if (alone.lost.length > 0) expect(report).toMatchObject({ lost: [], fetched: { blocks: alone.lost.length } })
        else expect(report.number).toBeNull()
        // With the tree of refs goes the only name there was; the entry of the log was replaced at once.
        if (!alone.refsGivenUp) await assertWhole(storage, made)
      }
    }
  }, 120_000)

  it('of a pack that is cut anywhere saves the blocks before the cut, and keeps what is left of it', async () => {
    const made = await sample()
    const objects = await objectsOf(made.storage)
    const packs = [...objects].filter(([key]) => isPack(key))
    for (const [key, bytes] of packs) {
      for (let length = 0; length < bytes.length; length += 29) {
        const storage = await storageWith(objects)
        await replace(storage, key, () => bytes.slice(0, length))
        const report = await repair(storage)
        expect(report.packs.torn).toEqual([key])
        expect(await storage.get(`quarantine/${key}`)).toEqual(bytes.slice(0, length))
        const repository = await BlockRepository.open(storage, options)
        // Blocks stand one after the other: a header of 48 bytes and what it says.
        let end = 16
        for (const [index, cid] of made.cids.entries()) {
          if (key !== packs.find(([, data]) => data[9] === 0)?.[0]) break
          end += 48 + new DataView(bytes.buffer, bytes.byteOffset + end).getUint32(4, true)
          expect(await repository.has(cid), `${length} bytes are left, block ${index} ends at ${end}`).toBe(end <= length)
        }
        if (report.lost.length === 0 && !report.refsGivenUp) await assertWhole(storage, made)
      }
    }
  })

  it('of a pack that is gone names what is lost, and takes it from elsewhere', async () => {
    const made = await sample()
    for (const key of await keys(made.storage, 'packs/')) {
      const storage = await storageWith(await objectsOf(made.storage))
      await storage.delete(key)
      const report = await repair(storage)
      expect(report.packs.missing).toEqual([key])
      expect(report.lost.length > 0 || report.refsGivenUp).toBe(true)
    }
    const [data] = [...(await objectsOf(made.storage))].find(([key, bytes]) => isPack(key) && bytes[9] === 0) ?? []
    await made.storage.delete(data ?? '')
    const lost = await repair(made.storage)
    expect(lost.lost.map(({ cid }) => cidText(cid)).sort()).toEqual(made.cids.map(cidText).sort())
    expect(await repair(made.storage, { from: sourceOf(made) })).toMatchObject({ lost: [], fetched: { blocks: 3 } })
    await assertWhole(made.storage, made)
  })

  it('lets go of a damaged block, so that the same bytes are stored anew when they come again', async () => {
    const made = await sample()
    const [data] = [...(await objectsOf(made.storage))].find(([key, bytes]) => isPack(key) && bytes[9] === 0) ?? []
    await replace(made.storage, data ?? '', flip(100))
    const putAgain = async (): Promise<number> => {
      const repository = await BlockRepository.open(made.storage, options)
      return repository.withSession(async (session) => {
        await session.put(RAW_CODE, contents[0] as Uint8Array)
        await session.commit({ action: 'test' })
        return session.added.contentBytes
      })
    }
    // The index names the damaged copy: nothing is stored, and nothing is healed.
    expect(await putAgain()).toBe(0)
    expect((await verifyStorage(await BlockRepository.open(made.storage, options))).damaged.size).toBe(1)
    const report = await repair(made.storage)
    expect(report).toMatchObject({ indexRebuilt: true, damaged: [{ reason: expect.stringContaining('hash') as string }], lost: [{}] })
    expect(await putAgain()).toBe(300)
    await assertWhole(made.storage, made)
    expect(await repair(made.storage)).toMatchObject({ number: null, lost: [] })
    const collected = await (await BlockRepository.open(made.storage, options)).collectGarbage({ graceMs: 0 })
    expect(collected.damagedPacks).toEqual([])
    await assertWhole(made.storage, made)
  })

  it('takes a delta in again as soon as what it is made from comes back, in the same repair', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const [first, second] = [blob(1), variant(blob(1), 2)]
    const { leaves: [base] } = await commitTree(repository, 'main', [first])
    if (base === undefined) throw new Error('nothing was written')
    const delta = await repository.withSession(async (session) => {
      const cid = await putDelta(session, second, base)
      await pointTo(session, 'main', [base, cid])
      return cid
    })
    const [place] = await repository.indexes.find(base.multihash.digest)
    const [small] = await repository.indexes.find(delta.multihash.digest)
    if (place === undefined || small === undefined) throw new Error('nothing is indexed')
    expect(small.codec).toBe(4)
    await replace(storage, packKey(place.pack.id), flip(place.offset + 48 + (place.storedSize >> 1)))
    expect((await repair(storage)).lost).toHaveLength(2)
    // The other place has the base alone.
    const from: BlockSource = {
      get: (cid) => {
        if (!cid.equals(base)) throw new NotFoundError('not here')
        return first
      },
    }
    expect(await repair(storage, { from })).toMatchObject({ fetched: { blocks: 1 }, lost: [] })
    expect(equalBytes(await (await assertSound(storage)).get(delta), second)).toBe(true)
    expect(await repair(storage, { from })).toMatchObject({ number: null })
  })

  it('never stores what a hostile or failing place serves', async () => {
    const made = await sample()
    const [data] = [...(await objectsOf(made.storage))].find(([key, bytes]) => isPack(key) && bytes[9] === 0) ?? []
    await replace(made.storage, data ?? '', flip(100))
    await repair(made.storage)
    const before = (await keys(made.storage, 'packs/')).length
    for (const wrong of [randomBytes(300, 77), new Uint8Array(0), new Uint8Array(3_000_000), (contents[0] as Uint8Array).slice(1)]) {
      const report = await repair(made.storage, { from: { get: () => wrong } })
      expect(report).toMatchObject({ number: null, fetched: { blocks: 0 }, lost: [{}] })
    }
    await expect(repair(made.storage, { from: { get: () => Promise.reject(new StorageError('the network is down')) } })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await keys(made.storage, 'packs/')).toHaveLength(before)
    expect(await repair(made.storage, { from: sourceOf(made) })).toMatchObject({ lost: [], fetched: { blocks: 1, bytes: 300 } })
    await assertWhole(made.storage, made)
  })

  it('takes up the record before one that cannot be read, and keeps what only that one named', async () => {
    const made = await sample()
    const repository = await BlockRepository.open(made.storage, options)
    const later = await repository.withSession(async (session) => {
      const target = await session.put(DAG_CBOR_CODE, encodeCbor([await session.put(RAW_CODE, randomBytes(400, 9))]))
      await session.commit({ action: 'test', refs: [{ name: 'main', target }] })
      return target
    })
    for (const harm of [flip(20), () => new Uint8Array(0)]) {
      const storage = await storageWith(await objectsOf(made.storage))
      const damagedBytes = harm(await storage.get('log/000000000002'))
      await replace(storage, 'log/000000000002', () => damagedBytes)
      await expect(BlockRepository.open(storage, options)).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
      const offered: string[] = []
      const report = await repair(storage, {
        recover: async ({ refs, nodes }) => {
          expect(refs.map(({ name }) => name)).toEqual(['main'])
          for await (const { cid } of nodes()) offered.push(cidText(cid))
          return [{ name: 'recovered/1', target: later }]
        },
      })
      expect(report).toMatchObject({ number: 3, refsGivenUp: true, log: { takenUp: 1, givenUp: [2] }, lost: [] })
      expect(offered).toContain(cidText(later))
      await assertWhole(storage, made)
      const after = await BlockRepository.open(storage, options)
      expect((await after.getRef('recovered/1'))?.equals(later)).toBe(true)
      await after.get(later)
      expect((await last(after)).action).toBe('repair')
      expect(await repair(storage)).toMatchObject({ number: null, log: { givenUp: [], unreadable: [] } })
      await after.collectGarbage({ graceMs: 0 })
      expect(await (await BlockRepository.open(storage, options)).get(later)).toBeDefined()
    }
  })

  it('closes gaps in the log, so that nobody takes an old record for the newest', async () => {
    const made = await sample()
    for (let number = 0; number < 6; number++) await (await BlockRepository.open(made.storage, options)).withSession((session) => session.commit({ action: `commit ${number}` }))
    const objects = await objectsOf(made.storage)
    for (let missing = 1; missing <= 7; missing++) {
      const storage = await storageWith(objects)
      await storage.delete(`log/00000000000${missing}`)
      const report = await repair(storage)
      // The newest one leaves no trace of itself.
      expect(report.number).toBe(missing === 7 ? null : 8)
      await assertWhole(storage, made)
      await storage.delete('hints/8')
      expect((await BlockRepository.open(storage, options)).root.number).toBe(missing === 7 ? 6 : missing === 1 ? 0 : 8)
    }
  })

  it('begins a log anew where all of it is gone, under numbers that were not used', async () => {
    const made = await sample()
    await made.storage.put('hints/64', new Uint8Array(0))
    for (const key of [...(await keys(made.storage, 'log/')), ...(await keys(made.storage, 'index/'))]) await made.storage.delete(key)
    const report = await repair(made.storage, { recover: async () => [{ name: 'found', target: made.target }] })
    expect(report).toMatchObject({ number: 65, refsGivenUp: true, log: { takenUp: 0 }, recovered: [{ name: 'found' }], lost: [] })
    await assertWhole(made.storage, made, 'found')
  })

  it('goes back to older refs where the newest tree of them is damaged', async () => {
    const made = await sample()
    const repository = await BlockRepository.open(made.storage, options)
    await repository.withSession((session) => session.commit({ action: 'test', refs: [{ name: 'second', target: made.target }] }))
    const digest = repository.root.refs?.multihash.digest ?? new Uint8Array(0)
    const [location] = await repository.indexes.find(digest)
    if (location === undefined) throw new Error('there is no tree of refs')
    await replace(made.storage, packKey(location.pack.id), flip(location.offset + 60))
    const report = await repair(made.storage)
    expect(report).toMatchObject({ refsGivenUp: true, lost: [] })
    await assertWhole(made.storage, made)
    expect(await (await BlockRepository.open(made.storage, options)).getRef('second')).toBeUndefined()
  })

  it('puts an entry in the place of every operation that is lost, so that garbage collection works again', async () => {
    const made = await sample()
    const repository = await BlockRepository.open(made.storage, options)
    for (let number = 1; number < 70; number++) await repository.withSession((session) => session.commit({ action: `commit ${number}` }))
    const { tree, tail } = repository.root.operations
    const damageBlock = async (storage: MemoryStorage, cid: CID): Promise<void> => {
      const [location] = await repository.indexes.find(cid.multihash.digest)
      await replace(storage, packKey(location?.pack.id ?? new Uint8Array(0)), flip((location?.offset ?? 0) + 60))
    }
    const listNode = decodeCbor(await repository.get(tree ?? made.target)) as [number, [CID, number][]]
    const cases: readonly [readonly CID[], readonly number[]][] = [
      [[tail[1] as CID], [65]], [[(listNode[1][3] as [CID, number])[0], tail[0] as CID], [3, 64]], [[tree ?? made.target], Array.from({ length: 64 }, (_, number) => number)],
    ]
    for (const [blocks, numbers] of cases) {
      const storage = await storageWith(await objectsOf(made.storage))
      for (const cid of blocks) await damageBlock(storage, cid)
      await expect((await BlockRepository.open(storage, options)).collectGarbage({ graceMs: 0 })).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' })
      expect(await repair(storage)).toMatchObject({ lostOperations: numbers, lost: [] })
      await assertWhole(storage, made)
      const mended = await BlockRepository.open(storage, options)
      const actions: string[] = []
      for await (const { action } of mended.operations()) actions.push(action)
      expect(actions).toEqual(Array.from({ length: 71 }, (_, number) => (numbers.includes(number) ? 'lost' : number === 70 ? 'repair' : number === 0 ? 'test' : `commit ${number}`)))
      await mended.collectGarbage({ graceMs: 0 })
      await assertWhole(storage, made)
    }
  })

  it('refuses a session that relied on a block which was let go, and not one that did not', async () => {
    const made = await sample()
    const [data] = [...(await objectsOf(made.storage))].find(([key, bytes]) => isPack(key) && bytes[9] === 0) ?? []
    await replace(made.storage, data ?? '', flip(100))
    const repository = await BlockRepository.open(made.storage, options)
    const [relying, other] = [await repository.session(), await repository.session()]
    const bad = await relying.put(DAG_CBOR_CODE, encodeCbor([await relying.put(RAW_CODE, contents[0] as Uint8Array)]))
    const good = await other.put(DAG_CBOR_CODE, encodeCbor([await other.put(RAW_CODE, contents[1] as Uint8Array)]))
    await repair(made.storage)
    await expect(relying.commit({ action: 'test', refs: [{ name: 'bad', target: bad }] })).rejects.toMatchObject({ code: 'SESSION_REVOKED', message: expect.stringContaining('damaged') as string })
    await other.commit({ action: 'test', refs: [{ name: 'good', target: good }] })
    await Promise.all([relying.close(), other.close()])
    const again = await BlockRepository.open(made.storage, options)
    await again.withSession(async (session) => {
      const target = await session.put(DAG_CBOR_CODE, encodeCbor([await session.put(RAW_CODE, contents[0] as Uint8Array)]))
      await session.commit({ action: 'test', refs: [{ name: 'bad', target }] })
    })
    await assertWhole(made.storage, made)
  })

  it('commits on top of others that commit meanwhile, and loses nothing of theirs', async () => {
    const made = await sample()
    const [index] = await keys(made.storage, 'index/')
    const [data] = [...(await objectsOf(made.storage))].find(([key, bytes]) => isPack(key) && bytes[9] === 0) ?? []
    await replace(made.storage, data ?? '', flip(100))
    expect(index).toBeDefined()
    let meanwhile = 0
    const other = await BlockRepository.open(made.storage, options)
    const report = await repair(made.storage, {
      from: {
        get: async (cid) => {
          // A commit in the middle of each of the first looks.
          if (meanwhile++ < 3) await other.withSession(async (session) => {
            const target = await session.put(DAG_CBOR_CODE, encodeCbor([await session.put(RAW_CODE, randomBytes(200, 50 + meanwhile))]))
            await session.commit({ action: 'test', refs: [{ name: `other-${meanwhile}`, target }] })
          })
          return sourceOf(made).get(cid)
        },
      },
    })
    expect(meanwhile).toBeGreaterThan(0)
    expect(report).toMatchObject({ lost: [], number: 2 + meanwhile })
    await assertWhole(made.storage, made)
    const repository = await BlockRepository.open(made.storage, options)
    for (let number = 1; number <= meanwhile; number++) await repository.get((await repository.getRef(`other-${number}`)) ?? made.target)
  })

  it('keeps what it fetched for a commit that comes too late, and commits it with the next', async () => {
    const made = await sample()
    const [data] = [...(await objectsOf(made.storage))].find(([key, bytes]) => isPack(key) && bytes[9] === 0) ?? []
    await replace(made.storage, data ?? '', flip(100))
    await repair(made.storage)
    // The index is as it should be now: the fetched block is all there is to commit.
    const other = await BlockRepository.open(made.storage, options)
    let fetches = 0
    const from: BlockSource = {
      get: async (cid) => {
        if (fetches++ === 0) await other.withSession((session) => session.commit({ action: 'meanwhile' }))
        return sourceOf(made).get(cid)
      },
    }
    expect(await repair(made.storage, { from })).toMatchObject({ number: 4, lost: [], fetched: { blocks: 1 } })
    expect(fetches).toBe(1)
    await assertWhole(made.storage, made)
  })

  it('stops at a signal and changes nothing', async () => {
    const made = await sample()
    const [data] = (await keys(made.storage, 'packs/')).sort()
    await replace(made.storage, data ?? '', flip(100))
    const before = await objectsOf(made.storage)
    const controller = new AbortController()
    await expect(repair(made.storage, { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) })).rejects.toThrow('enough')
    expect(await objectsOf(made.storage)).toEqual(before)
  })
})

describe('a storage over another', () => {
  it('hides what it deletes, shows what it puts, and leaves the one beneath as it is', async () => {
    const beneath = new MemoryStorage()
    await beneath.put('a', utf8('a'))
    const overlay = new OverlayStorage(beneath)
    await expect(overlay.put('a', utf8('b'))).rejects.toBeInstanceOf(VarveError)
    await overlay.delete('a')
    await expect(overlay.get('a')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await overlay.put('a', utf8('b'))
    await overlay.put('c', utf8('c'))
    const listed: string[] = []
    for await (const { key } of overlay.list('')) listed.push(key)
    expect(listed.sort()).toEqual(['a', 'c'])
    expect([await overlay.get('a'), await beneath.get('a')]).toEqual([utf8('b'), utf8('a')])
  })
})

async function last(repository: BlockRepository): Promise<{ readonly action: string }> {
  let found: { readonly action: string } = { action: '' }
  for await (const operation of repository.operations()) found = operation
  return found
}
