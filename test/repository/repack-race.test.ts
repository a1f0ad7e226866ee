import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type CID, DAG_CBOR_CODE, RAW_CODE, verifyStorage } from '../../src/repository/index.ts'
import { FaultyStorage } from '../../src/storage/faulty-storage.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { edited, textBytes } from './edited-blocks.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }
const large = textBytes(600_000, 1)
const like = edited(large, 5, 9)
const MEBIBYTE = 1024 * 1024

/** A ref to a large pack with a block in it, and another ref, in packs of its own, to a block that is best made from that one. */
async function alike(): Promise<{ storage: MemoryStorage; cid: CID }> {
  const storage = new MemoryStorage()
  const repository = await BlockRepository.create(storage, options)
  const add = (name: string, blocks: readonly Uint8Array[]): Promise<CID> => repository.withSession(async (session) => {
    const links: CID[] = []
    for (const block of blocks) links.push(await session.put(RAW_CODE, block))
    await session.commit({ action: 'test', refs: [{ name, target: await session.put(DAG_CBOR_CODE, encodeCbor(links)) }] })
    return links[0] as CID
  })
  await add('a', [large, ...Array.from({ length: 6 }, (_, seed) => randomBytes(MEBIBYTE, seed))])
  const cid = await add('b', [like])
  await add('c', [textBytes(2000, 5)])
  return { storage, cid }
}

async function removeLarge(storage: MemoryStorage): Promise<BlockRepository> {
  const repository = await BlockRepository.open(storage, options)
  await repository.withSession((session) => session.commit({ action: 'test', refs: [{ name: 'a', target: null }] }))
  return repository
}

async function repackWith(storage: MemoryStorage, between: () => Promise<void>): Promise<number> {
  let isDone = false
  const watched = new FaultyStorage(storage, () => undefined)
  const put = watched.put.bind(watched)
  // What it moved is durable, and the record is not made yet.
  watched.put = async (key, body, rest) => {
    if (key.startsWith('index/') && !isDone) {
      isDone = true
      await between()
    }
    return put(key, body, rest)
  }
  const repository = await BlockRepository.open(watched, options)
  const first = await repository.getRef('a')
  const { recoded } = await repository.repack({ graceMs: 0, order: () => Promise.resolve(first === undefined ? [] : [first]) })
  expect(isDone).toBe(true)
  return recoded.blocks
}

async function assertThere(storage: MemoryStorage, cid: CID): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const repository = await BlockRepository.open(storage, options)
    expect(equalBytes(await repository.get(cid), like)).toBe(true)
    const { problems, damaged } = await verifyStorage(repository)
    expect([problems, damaged.size]).toEqual([[], 0])
    await repository.collectGarbage({ graceMs: 0, isGone: () => true })
  }
}

describe('while a repack is about to commit', () => {
  it('what it made a delta against may lose its ref', async () => {
    const { storage, cid } = await alike()
    expect(await repackWith(storage, async () => void (await removeLarge(storage)))).toBe(1)
    await assertThere(storage, cid)
  })

  it('what it made a delta against may be collected: it looks at everything again', async () => {
    const { storage, cid } = await alike()
    const recoded = await repackWith(storage, async () => {
      const repository = await removeLarge(storage)
      expect((await repository.collectGarbage({ graceMs: 0 })).removed.blocks).toBeGreaterThan(6)
    })
    expect(recoded).toBe(0)
    await assertThere(storage, cid)
  })
})
