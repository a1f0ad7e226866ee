import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { type CID, DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { StorageError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, verifyStorage } from '../../src/repository/index.ts'
import { type Fault, FaultyStorage, type StorageCall } from '../../src/storage/faulty-storage.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }
const blocks = Array.from({ length: 12 }, (_, index) => randomBytes(700, index))

/** Two commits of six blocks each, over several packs; tells what had been committed when it stopped. */
async function write(storage: Storage, committed: CID[]): Promise<void> {
  const repository = await BlockRepository.open(storage, options)
  const session = await repository.session({ packSizeBytes: 2000 })
  for (const half of [0, 1]) {
    const cids: CID[] = []
    for (const block of blocks.slice(half * 6, half * 6 + 6)) cids.push(await session.put(RAW_CODE, block))
    const target = await session.put(DAG_CBOR_CODE, encodeCbor(cids))
    await session.commit({ action: 'test', refs: [{ name: `half-${half}`, expected: null, target }] })
    committed.push(target)
  }
  await session.close()
}

async function assertSound(storage: Storage, committed: readonly CID[]): Promise<void> {
  const repository = await BlockRepository.open(storage, options)
  for (const [half, target] of committed.entries()) {
    expect((await repository.getRef(`half-${half}`))?.equals(target)).toBe(true)
  }
  for (const half of [0, 1]) {
    const target = await repository.getRef(`half-${half}`)
    if (target === undefined) continue
    await repository.get(target)
    for (const block of blocks.slice(half * 6, half * 6 + 6)) {
      await using session = await repository.session()
      const cid = await session.put(RAW_CODE, block)
      expect(session.added.blocks).toBe(0)
      expect(equalBytes(await repository.get(cid), block)).toBe(true)
    }
  }
  const report = await verifyStorage(repository)
  expect(report.problems).toEqual([])
  expect(report.damaged.size).toBe(0)
}

/** Finishes what a crash interrupted. */
async function writeOn(storage: Storage): Promise<void> {
  const repository = await BlockRepository.open(storage, options)
  await using session = await repository.session({ packSizeBytes: 2000 })
  for (const half of [0, 1]) {
    const cids: CID[] = []
    for (const block of blocks.slice(half * 6, half * 6 + 6)) cids.push(await session.put(RAW_CODE, block))
    const target = await session.put(DAG_CBOR_CODE, encodeCbor(cids))
    await session.commit({ action: 'test', refs: [{ name: `half-${half}`, target }] })
  }
}

async function countCalls(): Promise<number> {
  const inner = new MemoryStorage()
  await BlockRepository.create(inner, options)
  const counting = new FaultyStorage(inner, () => undefined)
  await write(counting, [])
  return counting.calls
}

describe('a crash', () => {
  const kinds = ['before', 'during', 'after'] as const
  it.each(kinds)('at any step (%s the effect) leaves the last commit readable, and the work can be done again', async (kind) => {
    const calls = await countCalls()
    expect(calls).toBeGreaterThan(20)
    let failed = 0
    for (let step = 0; step < calls; step++) {
      const inner = new MemoryStorage()
      await BlockRepository.create(inner, options)
      // A process that is gone makes no more calls: everything from the step on fails.
      const dying = new FaultyStorage(inner, (call: StorageCall): Fault | undefined => {
        if (call.index < step) return undefined
        const error = new StorageError('the process is gone')
        if (call.index > step) return { type: 'before', error }
        if (kind === 'during' && call.operation !== 'put' && call.operation !== 'list') return { type: 'before', error }
        return { type: kind, error }
      })
      const committed: CID[] = []
      try {
        await write(dying, committed)
      } catch {
        failed++
      }
      await assertSound(inner, committed)
      await writeOn(inner)
      const target = await (await BlockRepository.open(inner, options)).getRef('half-1')
      expect(target).toBeDefined()
      if (target !== undefined) await assertSound(inner, committed)
    }
    // What fails after the record is made, such as removing the lease, does not fail the commit.
    expect(failed).toBeGreaterThan(calls - 6)
  }, 120_000)

  it('of one call alone is reported, harms nothing, and a second try succeeds', async () => {
    const calls = await countCalls()
    for (let step = 0; step < calls; step++) {
      const inner = new MemoryStorage()
      await BlockRepository.create(inner, options)
      const committed: CID[] = []
      const flaky = new FaultyStorage(inner, ({ index }) => (index === step ? { type: 'before', error: new StorageError('passing fault') } : undefined))
      await write(flaky, committed).catch((error: unknown) => expect(error).toMatchObject({ code: 'STORAGE_FAILED' }))
      await assertSound(inner, committed)
      await writeOn(inner)
      await assertSound(inner, [])
    }
  })
})
