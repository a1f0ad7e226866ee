import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { DeltaEncoder } from '../../src/codec/delta-encode.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { encodeDelta } from '../../src/repository/delta-block.ts'
import { encodeBlock, type PackableBlock, packable } from '../../src/repository/encode-block.ts'
import { BlockRepository, type CID, DAG_CBOR_CODE, RAW_CODE, verifyStorage } from '../../src/repository/index.ts'
import { FaultyStorage } from '../../src/storage/faulty-storage.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { edited, textBytes } from './edited-blocks.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }
const hasher = nodePlatform.hasher('sha2-256')
const first = textBytes(20_000, 1)
const second = edited(first, 3, 9)
const [firstDigest, secondDigest] = [hasher.digest(first), hasher.digest(second)]

function delta(bytes: Uint8Array, digest: Uint8Array, base: Uint8Array, baseDigest: Uint8Array): PackableBlock {
  const made = encodeDelta(nodePlatform, new DeltaEncoder(), bytes, [{ digest: baseDigest, bytes: base }], 1, 'auto')
  if (made === undefined) throw new Error('No delta')
  return packable(hasher, digest, made)
}

const firstFromSecond = delta(first, firstDigest, second, secondDigest)
const secondFromFirst = delta(second, secondDigest, first, firstDigest)
const firstAlone = encodeBlock(nodePlatform, hasher, firstDigest, first, 'auto')

type Copy = readonly [digest: Uint8Array, size: number, block: PackableBlock]
const copies = {
  firstFromSecond: [firstDigest, first.length, firstFromSecond] as Copy,
  secondFromFirst: [secondDigest, second.length, secondFromFirst] as Copy,
  firstAlone: [firstDigest, first.length, firstAlone] as Copy,
}

/** A repository whose packs hold these copies; beside them garbage in packs that are to be rewritten, and what is worth a pack in those that are to be `kept`. */
async function repositoryOf(packs: readonly (readonly [isRewritten: boolean | 'kept', ...copies: Copy[]])[]): Promise<{ storage: MemoryStorage; cids: CID[] }> {
  const storage = new MemoryStorage()
  const repository = await BlockRepository.create(storage, options)
  const beside: CID[] = []
  for (const [number, [isRewritten, ...held]] of packs.entries()) {
    await repository.withSession(async (session) => {
      for (const [digest, size, block] of held) await session.putEncoded(RAW_CODE, digest, size, block)
      if (isRewritten === 'kept') for (let part = 0; part < 5; part++) beside.push(await session.put(RAW_CODE, randomBytes(1_000_000, 10 * number + part)))
      else if (isRewritten) await session.put(RAW_CODE, textBytes(60_000, 70 + number))
      await session.commit({ action: 'test' })
    })
  }
  const cids: CID[] = []
  await repository.withSession(async (session) => {
    cids.push(await session.put(RAW_CODE, first), await session.put(RAW_CODE, second))
    await session.commit({ action: 'test', refs: [{ name: 'both', target: await session.put(DAG_CBOR_CODE, encodeCbor([...cids, ...beside])) }] })
  })
  return { storage, cids }
}

async function assertReadable(storage: MemoryStorage, [a, b]: readonly CID[]): Promise<void> {
  for (const order of [[a, b], [b, a]]) {
    const repository = await BlockRepository.open(storage, options)
    for (const cid of order) expect(equalBytes(await repository.get(cid as CID), cid === a ? first : second)).toBe(true)
  }
  const { problems, damaged } = await verifyStorage(await BlockRepository.open(storage, options))
  expect([problems, damaged.size]).toEqual([[], 0])
}

const { firstFromSecond: a, secondFromFirst: b, firstAlone: whole } = copies
const LAYOUTS = [
  [[false, a], [true, b], [true, whole]],
  [[true, a], [true, b], [true, whole]],
  [[true, whole], [true, b], [true, a]],
  [[true, a], [false, b], [true, whole]],
  [[true, whole], [true, a, b]],
  [[false, a, b], [true, whole]],
  [[true, a, b], [false, whole]],
] as const

describe('two copies of a block, of which one leads back to the other,', () => {
  it('are told apart without going round', async () => {
    const { storage, cids } = await repositoryOf([[false, a], [false, b], [false, whole]])
    const counting = new FaultyStorage(storage, () => undefined)
    const repository = await BlockRepository.open(counting, options)
    const before = counting.calls
    for (const cid of cids) await repository.get(cid)
    expect(counting.calls - before).toBeLessThan(20)
  })
})

describe('two copies of a block, of which one leads back to the other', () => {
  it.each(LAYOUTS.map((layout, number) => [number, layout] as const))('are read, and outlive garbage collection and repack (%i)', async (_number, layout) => {
    const { storage, cids } = await repositoryOf(layout)
    await assertReadable(storage, cids)
    await (await BlockRepository.open(storage, options)).collectGarbage({ graceMs: 0 })
    await assertReadable(storage, cids)
    const again = await repositoryOf(layout)
    await (await BlockRepository.open(again.storage, options)).repack({ graceMs: 0 })
    await assertReadable(again.storage, again.cids)
  })

  it('do not keep garbage collection for ever, though each block has several that lead to each other', async () => {
    const { storage, cids } = await repositoryOf([['kept', a, b], ['kept', a, b], [true, whole]])
    // All ways together are some 2^64.
    const counting = new FaultyStorage(storage, ({ index }) => (index < 30_000 ? undefined : { type: 'before', error: new Error('It goes on for ever') }))
    const { packs } = await (await BlockRepository.open(counting, options)).collectGarbage({ graceMs: 0 })
    expect(packs.rewritten).toBe(1)
    expect(counting.calls).toBeGreaterThan(4096)
    await assertReadable(storage, cids)
  })
})
