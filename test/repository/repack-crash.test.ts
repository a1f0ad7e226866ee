import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { StorageError, VarveError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type CID, DAG_CBOR_CODE, RAW_CODE, verifyStorage } from '../../src/repository/index.ts'
import { type Fault, FaultyStorage, type StorageCall } from '../../src/storage/faulty-storage.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { edited, textBytes } from './edited-blocks.ts'

const options = { platform: nodePlatform }
const blocks = [textBytes(18_000, 1)]
for (let number = 1; number < 3; number++) blocks.push(edited(blocks[number - 1] as Uint8Array, 3, number * 100))

/** Versions of a block, each a delta against the one before and in a pack of its own, and garbage. */
async function grown(): Promise<{ storage: MemoryStorage; cids: readonly CID[] }> {
  const storage = new MemoryStorage()
  const repository = await BlockRepository.create(storage, options)
  const cids: CID[] = []
  for (const [number, block] of blocks.entries()) {
    await repository.withSession(async (session) => {
      const before = cids.slice(-1)
      cids.push(await session.put(RAW_CODE, block, { bases: () => Promise.resolve(before), onMatch: () => undefined }))
      await session.put(RAW_CODE, textBytes(900, 50 + number))
      await session.commit({ action: 'test', refs: [{ name: 'kept', target: await session.put(DAG_CBOR_CODE, encodeCbor([...cids].reverse())) }] })
    })
  }
  return { storage, cids }
}

async function assertWhole(storage: MemoryStorage, cids: readonly CID[]): Promise<void> {
  const repository = await BlockRepository.open(storage, options)
  for (const [index, cid] of cids.entries()) expect(equalBytes(await repository.get(cid), blocks[index] as Uint8Array)).toBe(true)
  const { problems, damaged } = await verifyStorage(repository)
  expect([problems, damaged.size]).toEqual([[], 0])
}

async function repack(storage: FaultyStorage | MemoryStorage): Promise<void> {
  // So little may reading cost that no chain of them all will do: some are stored by themselves.
  await (await BlockRepository.open(storage, options)).repack({ graceMs: 0, isGone: () => true, maxReadCost: 2.3 })
}

async function assertTidied(storage: MemoryStorage, cids: readonly CID[]): Promise<void> {
  await repack(storage)
  await assertWhole(storage, cids)
  const { indexes, root } = await BlockRepository.open(storage, options)
  const keys: string[] = []
  for await (const { key } of storage.list('')) keys.push(key)
  const count = (prefix: string): number => keys.filter((key) => key.startsWith(prefix)).length
  expect([count('packs/'), count('index/'), count('sessions/')]).toEqual([[...indexes.packs].length, root.indexes.length, 0])
  // Two, and one more if a record was needed to give a dead session up.
  expect(count('packs/')).toBeLessThanOrEqual(3)
}

async function callsOfRepack(): Promise<number> {
  const { storage } = await grown()
  const counting = new FaultyStorage(storage, () => undefined)
  await repack(counting)
  return counting.calls
}

describe('a repack', () => {
  it.each(['during', 'after'] as const)('that dies at any storage call (%s its effect) loses nothing, and the next one finishes its work', async (kind) => {
    const calls = await callsOfRepack()
    expect(calls).toBeGreaterThan(40)
    let failed = 0
    for (let step = 0; step < calls; step++) {
      const { storage, cids } = await grown()
      const dying = new FaultyStorage(storage, (call: StorageCall): Fault | undefined => {
        if (call.index < step) return undefined
        const error = new StorageError('the process is gone')
        const isPartial = kind === 'during' && (call.operation === 'put' || call.operation === 'list')
        return { type: call.index > step ? 'before' : kind === 'during' && !isPartial ? 'before' : kind, error }
      })
      await repack(dying).catch((error: unknown) => {
        expect(error).toBeInstanceOf(VarveError)
        failed++
      })
      await assertWhole(storage, cids)
      await assertTidied(storage, cids)
    }
    expect(failed).toBeGreaterThan(calls / 2)
  }, 60_000)

  it('in which any one storage call fails loses nothing', async () => {
    const calls = await callsOfRepack()
    for (let step = 0; step < calls; step++) {
      const { storage, cids } = await grown()
      await repack(new FaultyStorage(storage, ({ index }) => (index === step ? { type: 'after', error: new StorageError('connection lost') } : undefined))).catch((error: unknown) => expect(error).toBeInstanceOf(VarveError))
      await assertWhole(storage, cids)
      await assertTidied(storage, cids)
    }
  }, 60_000)
})
