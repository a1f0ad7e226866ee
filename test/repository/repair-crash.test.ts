import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { NotFoundError, StorageError, VarveError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository, type CID, DAG_CBOR_CODE, RAW_CODE, type RepairReport, verifyStorage } from '../../src/repository/index.ts'
import { type Fault, FaultyStorage, type StorageCall } from '../../src/storage/faulty-storage.ts'
import type { Storage } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const options = { platform: nodePlatform }
const contents = Array.from({ length: 6 }, (_, index) => randomBytes(900, index))

interface Broken {
  readonly storage: MemoryStorage
  readonly cids: readonly CID[]
}

/** Three commits, then: a torn pack, a flipped byte in another, an index file that is gone and a newest root record that is damaged. */
async function broken(): Promise<Broken> {
  const storage = new MemoryStorage()
  const repository = await BlockRepository.create(storage, options)
  const cids: CID[] = []
  for (let half = 0; half < 3; half++) {
    await repository.withSession(async (session) => {
      const pair: CID[] = []
      for (const content of contents.slice(half * 2, half * 2 + 2)) pair.push(await session.put(RAW_CODE, content))
      cids.push(...pair)
      await session.commit({ action: 'test', refs: [{ name: `half-${half}`, target: await session.put(DAG_CBOR_CODE, encodeCbor(pair)) }] })
    })
  }
  const alter = async (key: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> => {
    const bytes = change(await storage.get(key))
    await storage.delete(key)
    await storage.put(key, bytes)
  }
  const data = [...repository.indexes.packs].filter(({ kind }) => kind === 'data')
  const { packKey } = await import('../../src/repository/pack-format.ts')
  const { indexKey } = await import('../../src/repository/index-format.ts')
  await alter(packKey((data[0] as { id: Uint8Array }).id), (bytes) => bytes.slice(0, 1200))
  await alter(packKey((data[1] as { id: Uint8Array }).id), (bytes) => bytes.with(100, (bytes[100] as number) ^ 1))
  await storage.delete(indexKey((repository.root.indexes[0] as { id: Uint8Array }).id))
  await alter('log/000000000003', (bytes) => bytes.with(9, (bytes[9] as number) ^ 1))
  return { storage, cids }
}

async function repair(storage: Storage, cids: readonly CID[]): Promise<RepairReport> {
  const from = {
    get: (cid: CID): Uint8Array => {
      const index = cids.findIndex((other) => other.equals(cid))
      if (index < 0) throw new NotFoundError('not here')
      return contents[index] as Uint8Array
    },
  }
  const repository = await BlockRepository.openDamaged(storage, options)
  return repository.repair({
    from,
    recover: async ({ nodes }) => {
      for await (const { cid, bytes } of nodes()) if (equalBytes(bytes, encodeCbor(cids.slice(4)))) return [{ name: 'recovered/1', target: cid }]
      return []
    },
  })
}

/** After what went wrong, a repair that goes well makes all whole and leaves nothing behind but what is in quarantine. */
async function assertMended({ storage, cids }: Broken): Promise<void> {
  const report = await repair(storage, cids)
  expect([report.lost, report.lostOperations]).toEqual([[], []])
  const repository = await BlockRepository.open(storage, options)
  for (const name of ['half-0', 'half-1', 'recovered/1']) await repository.get((await repository.getRef(name)) ?? (cids[0] as CID))
  for (const [index, cid] of cids.entries()) expect(equalBytes(await repository.get(cid), contents[index] as Uint8Array)).toBe(true)
  const { problems, damaged } = await verifyStorage(repository)
  expect([problems, damaged.size]).toEqual([[], 0])
  await repository.collectGarbage({ graceMs: 0, isGone: () => true })
  const again = await BlockRepository.open(storage, options)
  for (const cid of cids) await again.get(cid)
  const count = async (prefix: string): Promise<number> => {
    let objects = 0
    for await (const object of storage.list(prefix)) if (object.size >= 0) objects++
    return objects
  }
  expect([await count('packs/'), await count('index/'), await count('sessions/')]).toEqual([[...again.indexes.packs].length, again.root.indexes.length, 0])
}

/** The state is the damaged one of before, which cannot be opened, or the repaired one. */
async function assertBeforeOrAfter({ storage, cids }: Broken): Promise<'before' | 'after'> {
  let repository: BlockRepository
  try {
    repository = await BlockRepository.open(storage, options)
  } catch (error) {
    expect(error).toMatchObject({ code: 'CORRUPT_OBJECT' })
    return 'before'
  }
  for (const cid of cids) await repository.get(cid)
  expect(await repository.getRef('recovered/1')).toBeDefined()
  return 'after'
}

/** The calls that a repair makes, in order. */
async function callsOfRepair(): Promise<readonly StorageCall[]> {
  const { storage, cids } = await broken()
  const calls: StorageCall[] = []
  await repair(new FaultyStorage(storage, (call) => void calls.push(call)), cids)
  return calls
}

/** Calls of which a kind of fault says something new: a read has no effect that it could die after, or halfway. */
const CONCERNED: Readonly<Record<string, readonly StorageCall['operation'][]>> = {
  before: ['put', 'get', 'stat', 'list', 'delete'], during: ['put', 'list'], after: ['put', 'delete'], truncate: ['get', 'list'], alter: ['get'],
}

describe('a repair', () => {
  it.each(['before', 'during', 'after'] as const)('that dies at any storage call (%s its effect) leaves the state of before or the repaired one, and the next one finishes the work', async (kind) => {
    const calls = await callsOfRepair()
    expect(calls.length).toBeGreaterThan(60)
    // To die before a read is to die before the next call but one, mostly.
    const steps = calls.filter(({ operation, index }) => CONCERNED[kind]?.includes(operation) && (operation === 'put' || operation === 'delete' || index % 4 === 0)).map(({ index }) => index)
    const outcomes = { before: 0, after: 0 }
    for (const step of steps) {
      const made = await broken()
      const dying = new FaultyStorage(made.storage, (call: StorageCall): Fault | undefined => {
        if (call.index < step) return undefined
        const error = new StorageError('the process is gone')
        return { type: call.index > step ? 'before' : kind, error }
      })
      await repair(dying, made.cids).catch((error: unknown) => expect(error).toBeInstanceOf(VarveError))
      outcomes[await assertBeforeOrAfter(made)]++
      await assertMended(made)
    }
    expect(outcomes.before).toBeGreaterThan(steps.length / 4)
    expect(outcomes.after).toBeGreaterThan(0)
  }, 60_000)

  it.each(['after', 'truncate', 'alter'] as const)('in which any one storage call meets a passing fault (%s) gives nothing up, and the next one mends the rest', async (type) => {
    const fault: Fault = type === 'after' ? { type, error: new StorageError('connection lost') } : type === 'truncate' ? { type, length: 1 } : { type, at: 40 }
    const steps = (await callsOfRepair()).filter(({ operation }) => CONCERNED[type]?.includes(operation)).map(({ index }) => index)
    expect(steps.length).toBeGreaterThan(5)
    for (const step of steps) {
      const made = await broken()
      // What is the same call in every repair need not be the same kind of call.
      const passing = new FaultyStorage(made.storage, ({ index, operation }) => (index === step && CONCERNED[type]?.includes(operation) === true ? fault : undefined))
      await repair(passing, made.cids).catch((error: unknown) => expect(error).toBeInstanceOf(VarveError))
      await repair(made.storage, made.cids)
      await assertReadable(made, step)
    }
  }, 60_000)
})

/** What was read wrong may have been given up for lost and found again, under whatever name. No byte that was committed is gone. */
async function assertReadable({ storage, cids }: Broken, step: number): Promise<void> {
  const repository = await BlockRepository.open(storage, options)
  for (const [index, cid] of cids.entries()) expect(equalBytes(await repository.get(cid), contents[index] as Uint8Array), `call ${step}`).toBe(true)
  const names: string[] = []
  for await (const { name } of repository.refs()) names.push(name)
  expect(names, `call ${step}`).toContain('recovered/1')
}
