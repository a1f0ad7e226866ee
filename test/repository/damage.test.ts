import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { type CID, DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { VarveError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, verifyStorage } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }
const contents = [randomBytes(300, 1), utf8('compressible '.repeat(60)), randomBytes(50, 3)]

async function smallRepository(): Promise<{ objects: Map<string, Uint8Array>; cids: CID[] }> {
  const storage = new MemoryStorage()
  const repository = await BlockRepository.create(storage, options)
  const session = await repository.session()
  const cids: CID[] = []
  for (const content of contents) cids.push(await session.put(RAW_CODE, content))
  const target = await session.put(DAG_CBOR_CODE, encodeCbor(cids))
  await session.commit({ action: 'test', refs: [{ name: 'main', target }] })
  await session.close()
  const objects = new Map<string, Uint8Array>()
  for await (const { key } of storage.list('')) objects.set(key, await storage.get(key))
  return { objects, cids }
}

async function storageWith(objects: ReadonlyMap<string, Uint8Array>): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  for (const [key, bytes] of objects) await storage.put(key, bytes)
  return storage
}

/** What is noticed when everything is read. Fails if a wrong byte is handed out. */
async function notice(storage: MemoryStorage, cids: readonly CID[]): Promise<'noticed' | 'unnoticed'> {
  try {
    const repository = await BlockRepository.open(storage, options)
    for (const [index, cid] of cids.entries()) {
      const bytes = await repository.get(cid).catch((error: unknown) => {
        if (error instanceof VarveError && error.code !== 'NOT_FOUND') return undefined
        throw error
      })
      if (bytes !== undefined) expect(equalBytes(bytes, contents[index] as Uint8Array)).toBe(true)
    }
    const report = await verifyStorage(repository)
    return report.problems.length > 0 || report.damaged.size > 0 ? 'noticed' : 'unnoticed'
  } catch (error) {
    if (!(error instanceof VarveError) || error.code === 'NOT_FOUND') throw error
    return 'noticed'
  }
}

describe('damage', () => {
  it('of any single byte of any object is noticed, and never hands out a wrong byte', async () => {
    const { objects, cids } = await smallRepository()
    expect([...objects.keys()].filter((key) => key.startsWith('packs/')).length).toBe(2)
    for (const [key, bytes] of objects) {
      for (let at = 0; at < bytes.length; at++) {
        const altered = bytes.slice()
        altered[at] = (altered[at] as number) ^ (1 << (at % 8))
        const outcome = await notice(await storageWith(new Map(objects).set(key, altered)), cids)
        // The id in config.json is the one value that nothing depends on.
        if (outcome === 'unnoticed') expect(new TextDecoder().decode(altered)).toMatch(/"id": "[0-9a-f]{32}"/)
      }
    }
  }, 120_000)

  it('of an object that is cut short anywhere, or gone, is noticed', async () => {
    const { objects, cids } = await smallRepository()
    for (const [key, bytes] of objects) {
      if (key === 'config.json') continue
      for (let length = 0; length < bytes.length; length += 7) {
        expect(await notice(await storageWith(new Map(objects).set(key, bytes.slice(0, length))), cids), `${key} cut to ${length}`).toBe('noticed')
      }
      if (key.startsWith('log/')) continue
      const without = new Map(objects)
      without.delete(key)
      expect(await notice(await storageWith(without), cids), `${key} removed`).toBe('noticed')
    }
  })

  it('of one copy of a block is made up for by another', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const block = randomBytes(500, 5)
    // Two sessions that do not see each other store the same block.
    const sessions = [await repository.session(), await repository.session()]
    const cids = await Promise.all(sessions.map(async (session) => session.put(RAW_CODE, block)))
    for (const session of sessions) await session.commit({ action: 'test' })
    const [cid] = cids
    const places = await repository.indexes.find((cid as CID).multihash.digest)
    expect(places.length).toBe(2)
    for (const pack of new Set(places.map((place) => place.pack))) {
      const { packKey } = await import('../../src/repository/pack-format.ts')
      const key = packKey(pack.id)
      const intact = await storage.get(key)
      const altered = intact.slice()
      altered[100] = (altered[100] as number) ^ 1
      await storage.delete(key)
      await storage.put(key, altered)
      const reopened = await BlockRepository.open(storage, options)
      expect(equalBytes(await reopened.get(cid as CID), block)).toBe(true)
      const report = await verifyStorage(reopened)
      expect(report.damaged.size).toBe(0)
      expect(report.problems.length).toBe(1)
      await storage.delete(key)
      await storage.put(key, intact)
    }
  })
})
