import { describe, expect, it } from 'vitest'
import { cidFromDigest } from '../../src/cid/cid.ts'
import { DELTA_CODEC } from '../../src/codec/block-compression.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { packKey } from '../../src/repository/pack-format.ts'
import { BlockRepository, type CID, RAW_CODE } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { MeddlingStorage } from './meddling-storage.ts'
import { assertSound, blob, commitTree, pointTo, putDelta, removeRef, variant } from './trees.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }
const now = { graceMs: 0 }
const versions: Uint8Array[] = [blob(1)]
for (let version = 1; version < 5; version++) versions.push(variant(versions[version - 1] as Uint8Array, version))
const content = (version: number): Uint8Array => versions[version] as Uint8Array
/** So much beside a delta that its pack is not worth rewriting for it. */
const large = randomBytes(300_000, 77)

async function locationOf(repository: BlockRepository, cid: CID): Promise<{ codec: number; key: string; offset: number }> {
  const [location] = await repository.indexes.find(cid.multihash.digest)
  if (location === undefined) throw new Error(`${String(cid)} is nowhere`)
  return { codec: location.codec, key: packKey(location.pack.id), offset: location.offset }
}

describe('garbage collection of deltas', () => {
  it('leaves no delta without its base, even if nothing leads to it: the same bytes may be stored again', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const first = await commitTree(repository, 'first', [content(0)])
    const second = await repository.withSession(async (session) => {
      const leaf = await putDelta(session, content(1), first.leaves[0] as CID)
      await session.put(RAW_CODE, large)
      await pointTo(session, 'second', [leaf])
      await pointTo(session, 'large', [await session.put(RAW_CODE, large)])
      return leaf
    })
    expect((await locationOf(repository, second)).codec).toBe(DELTA_CODEC)
    for (const name of ['first', 'second']) await removeRef(repository, name)
    await repository.collectGarbage(now)
    await assertSound(storage)
    const again = await commitTree(repository, 'again', [content(1)])
    expect(await (await assertSound(storage)).get(again.leaves[0] as CID)).toEqual(content(1))
  })

  it('lets a session commit whose delta is made from a delta that was dropped with what it is made from', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const first = await commitTree(repository, 'first', [content(0)])
    const second = await repository.withSession(async (session) => {
      const leaf = await putDelta(session, content(1), first.leaves[0] as CID)
      await pointTo(session, 'second', [leaf])
      return leaf
    })
    const writer = await (await BlockRepository.open(storage, options)).session()
    const third = await putDelta(writer, content(2), second)
    for (const name of ['first', 'second']) await removeRef(repository, name)
    await repository.collectGarbage(now)
    await pointTo(writer, 'third', [third])
    await writer.close()
    const reopened = await assertSound(storage)
    expect((await locationOf(reopened, third)).codec).toBe(DELTA_CODEC)
    expect(await reopened.get(third)).toEqual(content(2))
    await reopened.collectGarbage(now)
    expect(await (await assertSound(storage)).get(third)).toEqual(content(2))
  })

  it('takes sound blocks out of a pack that has damage in it, before what they are made from goes', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const first = await commitTree(repository, 'first', [content(0)])
    const [damaged, delta] = await repository.withSession(async (session) => {
      const leaves = [await session.put(RAW_CODE, blob(50)), await putDelta(session, content(1), first.leaves[0] as CID)] as const
      await pointTo(session, 'second', leaves)
      return leaves
    })
    const { key, offset } = await locationOf(repository, damaged)
    const bytes = await storage.get(key)
    bytes[offset + 60] = (bytes[offset + 60] as number) ^ 1
    await storage.delete(key)
    await storage.put(key, bytes)
    await removeRef(repository, 'first')
    expect((await repository.collectGarbage(now)).damagedPacks).toEqual([key])
    const reopened = await BlockRepository.open(storage, options)
    await expect(reopened.get(damaged)).rejects.toMatchObject({ code: 'CORRUPT_BLOCK' })
    expect(await reopened.get(delta)).toEqual(content(1))
  })

  it('reads what a delta is made from once, however often other writers come first', async () => {
    const storage = new MeddlingStorage()
    const repository = await BlockRepository.create(storage, options)
    let leaf = (await commitTree(repository, 'data', [content(0)])).leaves[0] as CID
    for (let version = 1; version < 3; version++) {
      leaf = await repository.withSession(async (session) => {
        const next = await putDelta(session, content(version), leaf)
        await pointTo(session, `v${version}`, [next])
        return next
      })
    }
    await commitTree(repository, 'gone', [large])
    await removeRef(repository, 'gone')
    const other = await BlockRepository.open(storage, options)
    const deltas = await Promise.all([1, 2].map(async (version) => (await locationOf(repository, cidOf(content(version)))).key))
    for (let race = 0; race < 3; race++) storage.before('put', 'log/', () => commitTree(other, `race${race}`, [blob(100 + race)]))
    storage.calls = []
    expect((await repository.collectGarbage(now)).packs.removed).toBe(1)
    expect(storage.isDone).toBe(true)
    for (const key of deltas) expect(storage.calls.filter((call) => call === `get ${key}`)).toHaveLength(1)
    await assertSound(storage)
  })
})

function cidOf(bytes: Uint8Array): CID {
  const hasher = nodePlatform.hasher('sha2-256')
  return cidFromDigest(hasher, RAW_CODE, hasher.digest(bytes))
}
