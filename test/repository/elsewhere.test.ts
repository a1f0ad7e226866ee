import { expect, test } from 'vitest'
import { type CID, cidText, RAW_CODE } from '../../src/cid/cid.ts'
import type { NotFoundError } from '../../src/errors.ts'
import { type BlockRequest, BlockRepository, type BlocksElsewhere } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { utf8 } from '../../src/bytes.ts'

/** A repository that holds the blocks with even numbers, and a place that has those with odd ones, but for every fifth of all, which is nowhere. */
async function halves(count: number): Promise<{ repository: BlockRepository; cids: CID[]; batches: (readonly BlockRequest[])[]; asked: () => number; closed: () => boolean }> {
  const storage = new MemoryStorage()
  const writing = await BlockRepository.create(storage)
  const other = await BlockRepository.create(new MemoryStorage())
  const cids: CID[] = []
  for (const [at, repository] of Array.from({ length: count }, (_, at): [number, BlockRepository] => [at, at % 2 === 0 ? writing : other])) {
    await repository.withSession(async (session) => {
      cids.push(await session.put(RAW_CODE, utf8(`block ${at}`)))
      if (at % 5 !== 4) await session.commit({ action: 'test' })
    })
  }
  const batches: (readonly BlockRequest[])[] = []
  let [asked, closed] = [0, false]
  const place: BlocksElsewhere = {
    get: (cid) => other.get(cid),
    async readBatch(requests) {
      batches.push(requests)
      return Promise.all(requests.map(async ({ cid }) => other.get(cid).then((bytes) => ({ cid, bytes }), (error: NotFoundError) => ({ cid, error }))))
    },
    async close() {
      closed = true
    },
  }
  const repository = await BlockRepository.open(storage, { elsewhere: async () => (asked++, place) })
  return { repository, cids, batches, asked: () => asked, closed: () => closed }
}

test('blocks that are not here come from elsewhere, in order and many at a time; those that are nowhere are said in their place', async () => {
  const { repository, cids, batches, asked } = await halves(40)
  const order = [...cids.keys()].sort((a, b) => (a % 4) - (b % 4) || a - b)
  const texts: string[] = []
  for await (const result of repository.readMany(order.map((at) => ({ cid: cids[at] as CID })))) texts.push('error' in result ? `${result.error.code} ${cidText(result.cid)}` : new TextDecoder().decode(result.bytes))
  expect(texts).toEqual(order.map((at) => (at % 5 === 4 ? `NOT_FOUND ${cidText(cids[at] as CID)}` : `block ${at}`)))
  // Between odd ones of one kind lies nothing that is here.
  expect(batches.length).toBeLessThan(10)
  expect(asked()).toBe(1)
})

test('what is here is read without it, and who asks for that alone is told what is missing', async () => {
  const { repository, cids, asked, closed } = await halves(10)
  expect(new TextDecoder().decode(await repository.get(cids[2] as CID))).toBe('block 2')
  expect(asked()).toBe(0)
  await expect(repository.here.get(cids[1] as CID)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  for await (const result of repository.here.readMany([{ cid: cids[1] as CID }])) expect('error' in result).toBe(true)
  expect(await repository.has(cids[1] as CID)).toBe(false)
  expect(asked()).toBe(0)
  expect(new TextDecoder().decode(await repository.get(cids[1] as CID))).toBe('block 1')
  await expect(repository.get(cids[9] as CID)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await repository.close()
  expect(closed()).toBe(true)
})
