import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { StorageError, VarveError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type CID, DAG_CBOR_CODE, RAW_CODE, verifyStorage } from '../../src/repository/index.ts'
import { type Fault, FaultyStorage, type StorageCall } from '../../src/storage/faulty-storage.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }
const kept = Array.from({ length: 6 }, (_, index) => randomBytes(900, index))
const garbage = Array.from({ length: 6 }, (_, index) => randomBytes(900, 100 + index))

/** A repository with what a ref leads to, garbage in the same packs and in packs of its own, and the packs of a session that died. */
async function untidy(): Promise<{ storage: MemoryStorage; leaves: readonly CID[] }> {
  const storage = new MemoryStorage()
  const repository = await BlockRepository.create(storage, options)
  const leaves: CID[] = []
  await repository.withSession(async (session) => {
    for (const [index, block] of kept.entries()) {
      leaves.push(await session.put(RAW_CODE, block))
      await session.put(RAW_CODE, garbage[index] as Uint8Array)
    }
    await session.commit({ action: 'test', refs: [{ name: 'kept', target: await session.put(DAG_CBOR_CODE, encodeCbor(leaves)) }] })
  }, { packSizeBytes: 4000 })
  await repository.withSession(async (session) => {
    await session.put(RAW_CODE, randomBytes(900, 300))
    await session.commit({ action: 'test' })
  })
  await repository.withSession(async (session) => void (await session.put(RAW_CODE, randomBytes(900, 400))), { packSizeBytes: 1 })
  return { storage, leaves }
}

async function assertWhole(storage: MemoryStorage, leaves: readonly CID[]): Promise<void> {
  const repository = await BlockRepository.open(storage, options)
  for (const [index, cid] of leaves.entries()) expect(equalBytes(await repository.get(cid), kept[index] as Uint8Array)).toBe(true)
  expect(await repository.getRef('kept')).toBeDefined()
  const { problems, damaged } = await verifyStorage(repository)
  expect([problems, damaged.size]).toEqual([[], 0])
}

async function collect(storage: FaultyStorage | MemoryStorage): Promise<void> {
  await (await BlockRepository.open(storage, options)).collectGarbage({ graceMs: 0, isGone: () => true })
}

/** After what went wrong, a collection that goes well leaves nothing behind. */
async function assertTidied(storage: MemoryStorage, leaves: readonly CID[]): Promise<void> {
  await collect(storage)
  await assertWhole(storage, leaves)
  const { indexes, root } = await BlockRepository.open(storage, options)
  const count = async (prefix: string): Promise<number> => {
    let objects = 0
    for await (const object of storage.list(prefix)) if (object.size >= 0) objects++
    return objects
  }
  expect([await count('packs/'), await count('index/'), await count('sessions/')]).toEqual([[...indexes.packs].length, root.indexes.length, 0])
}

async function callsOfCollection(): Promise<number> {
  const { storage } = await untidy()
  const counting = new FaultyStorage(storage, () => undefined)
  await collect(counting)
  return counting.calls
}

describe('garbage collection', () => {
  it.each(['before', 'during', 'after'] as const)('that dies at any storage call (%s its effect) loses nothing, and the next one finishes its work', async (kind) => {
    const calls = await callsOfCollection()
    expect(calls).toBeGreaterThan(30)
    let failed = 0
    for (let step = 0; step < calls; step++) {
      const { storage, leaves } = await untidy()
      const dying = new FaultyStorage(storage, (call: StorageCall): Fault | undefined => {
        if (call.index < step) return undefined
        const error = new StorageError('the process is gone')
        const isPartial = kind === 'during' && (call.operation === 'put' || call.operation === 'list')
        return { type: call.index > step ? 'before' : kind === 'during' && !isPartial ? 'before' : kind, error }
      })
      await collect(dying).catch((error: unknown) => {
        expect(error).toBeInstanceOf(VarveError)
        failed++
      })
      await assertWhole(storage, leaves)
      await assertTidied(storage, leaves)
    }
    expect(failed).toBeGreaterThan(calls / 2)
  })

  it('in which any one storage call fails loses nothing', async () => {
    const calls = await callsOfCollection()
    for (let step = 0; step < calls; step++) {
      const { storage, leaves } = await untidy()
      await collect(new FaultyStorage(storage, ({ index }) => (index === step ? { type: 'after', error: new StorageError('connection lost') } : undefined))).catch((error: unknown) => expect(error).toBeInstanceOf(VarveError))
      await assertWhole(storage, leaves)
      await assertTidied(storage, leaves)
    }
  })
})
