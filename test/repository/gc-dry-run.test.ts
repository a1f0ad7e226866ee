import { describe, expect, it } from 'vitest'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type CID, type GcReport, RAW_CODE } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'
import { assertSound, blob, commitTree, pointTo, putDelta, removeRef, variant } from './trees.ts'

const options = { platform: nodePlatform }
const large = randomBytes(300_000, 77)

async function packBytes(storage: MemoryStorage): Promise<{ blocks: number; keys: string[] }> {
  const keys: string[] = []
  let blocks = 0
  for await (const { key, size } of storage.list('packs/')) {
    keys.push(key)
    blocks += size
  }
  return { blocks, keys: keys.toSorted() }
}

/** Asks what would be done, then does it. */
async function foretoldAndDone(repository: BlockRepository, storage: MemoryStorage): Promise<GcReport> {
  const before = await packBytes(storage)
  const foretold = await repository.collectGarbage({ dryRun: true })
  expect(foretold.dryRun).toBe(true)
  expect(await packBytes(storage)).toEqual(before)
  const done = await repository.collectGarbage({ graceMs: 0 })
  expect(done).toEqual({ ...foretold, dryRun: false })
  // Packs have headers and trailers beside their blocks: little, where few were written.
  const freed = before.blocks - (await packBytes(storage)).blocks
  expect(Math.abs(freed - done.freedBytes)).toBeLessThan(2000)
  await assertSound(storage)
  return done
}

describe('a dry run of garbage collection foretells', () => {
  it('what packs bring that no index names', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    await commitTree(repository, 'kept', [blob(1)])
    await storage.put(`packs/ab/ab${'0'.repeat(30)}.pack`, new Uint8Array(5000))
    expect((await foretoldAndDone(repository, storage)).freedBytes).toBe(5000)
  })

  it('what deltas take that must stand by themselves, and the blocks that go with them', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const first = await commitTree(repository, 'first', [blob(1), new Uint8Array(0)])
    await repository.withSession(async (session) => {
      const delta = await putDelta(session, variant(blob(1), 1), first.leaves[0] as CID)
      await pointTo(session, 'second', [delta, await session.put(RAW_CODE, new Uint8Array(0)), await session.put(RAW_CODE, blob(2))])
      // Beside what is needed, so that only the delta makes the pack go.
      await pointTo(session, 'large', [await session.put(RAW_CODE, large)])
    })
    await removeRef(repository, 'first')
    const { removed, packs, freedBytes } = await foretoldAndDone(repository, storage)
    expect([removed.blocks > 0, packs.rewritten > 0, freedBytes < 20_000]).toEqual([true, true, true])
  })

  it('that packs stay for writers at work', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    await commitTree(repository, 'gone', [large])
    await commitTree(repository, 'kept', [blob(3)])
    await storage.put(`packs/ab/ab${'0'.repeat(30)}.pack`, new Uint8Array(5000))
    const writer = await (await BlockRepository.open(storage, options)).session()
    await removeRef(repository, 'gone')
    const { deferredPacks, freedBytes } = await foretoldAndDone(repository, storage)
    expect([deferredPacks > 1, freedBytes < 0]).toEqual([true, true])
    await writer.close()
    expect((await foretoldAndDone(repository, storage)).freedBytes).toBeGreaterThan(large.length + 5000)
  })

  it('that many small packs become one, and nothing where nothing is to be done', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    for (let seed = 0; seed < 12; seed++) await commitTree(repository, `small${seed}`, [blob(seed)])
    expect((await foretoldAndDone(repository, storage)).packs.rewritten).toBeGreaterThan(10)
    expect((await foretoldAndDone(repository, storage)).packs.rewritten).toBe(0)
  })

  it('that of two copies of a block one is moved', async () => {
    const storage = new MemoryStorage()
    const repository = await BlockRepository.create(storage, options)
    const writers = [await (await BlockRepository.open(storage, options)).session(), await (await BlockRepository.open(storage, options)).session()]
    const leaves: CID[] = []
    for (const writer of writers) leaves.push(await writer.put(RAW_CODE, blob(20)))
    for (const [number, writer] of writers.entries()) await pointTo(writer, `writer${number}`, leaves.slice(number, number + 1))
    for (const writer of writers) await writer.close()
    for (let seed = 0; seed < 10; seed++) await commitTree(repository, `small${seed}`, [blob(seed)])
    expect((await foretoldAndDone(repository, storage)).freedBytes).toBeGreaterThan(20_000)
  })

  it('what goes with snapshots that are evicted', async () => {
    const storage = new MemoryStorage()
    const blocks = await BlockRepository.create(storage, options)
    const repository = new Repository(blocks)
    for (let version = 0; version < 5; version++) {
      const content = variant(randomBytes(200_000, 5), version)
      await repository.snapshot([{ path: 'a', content }, { path: `b${version}`, content: blob(version) }], { ref: 'data', message: `version ${version}` })
    }
    const foretold = await repository.collectGarbage({ keepLast: 1, dryRun: true })
    const done = await repository.collectGarbage({ keepLast: 1, graceMs: 0 })
    // What each ref keeps is told as it is stored at the time.
    const refs = foretold.refs.map((ref) => ({ ...ref, exclusiveBytes: expect.any(Number) as number }))
    expect(done).toEqual({ ...foretold, dryRun: false, refs })
    expect([done.evicted.length, done.freedBytes > 0]).toEqual([4, true])
    await assertSound(storage)
  })
})
