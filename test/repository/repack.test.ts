import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes, toHex } from '../../src/bytes.ts'
import { DELTA_CODEC } from '../../src/codec/block-compression.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { decodeDeltaPayload } from '../../src/codec/delta-payload.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { indexedBlocks } from '../../src/repository/gc/pack-usage.ts'
import { BlockRepository, type CID, DAG_CBOR_CODE, RAW_CODE, verifyStorage } from '../../src/repository/index.ts'
import { BLOCK_HEADER_SIZE_BYTES } from '../../src/repository/pack-format.ts'
import { readStored } from '../../src/repository/read-block.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { edited, textBytes } from './edited-blocks.ts'

const options = { platform: nodePlatform }
const quick = { graceMs: 0 }

interface Stored {
  readonly storage: MemoryStorage
  readonly blocks: readonly Uint8Array[]
  readonly cids: readonly CID[]
}

/** A commit for each block. With `chained`, each is offered the one before it as a base, as snapshots do. */
async function stored(blocks: readonly Uint8Array[], { chained = false } = {}): Promise<Stored> {
  const storage = new MemoryStorage()
  const repository = await BlockRepository.create(storage, options)
  const cids: CID[] = []
  for (const block of blocks) {
    await repository.withSession(async (session) => {
      const before = cids.slice(-1)
      cids.push(await session.put(RAW_CODE, block, chained ? { bases: () => Promise.resolve(before), onMatch: () => undefined } : undefined))
      await session.commit({ action: 'test', refs: [{ name: 'all', target: await session.put(DAG_CBOR_CODE, encodeCbor(cids)) }] })
    })
  }
  return { storage, blocks, cids }
}

async function assertWhole({ storage, blocks, cids }: Stored): Promise<BlockRepository> {
  const repository = await BlockRepository.open(storage, options)
  for (const [index, cid] of cids.entries()) expect(equalBytes(await repository.get(cid), blocks[index] as Uint8Array)).toBe(true)
  const { problems, damaged } = await verifyStorage(repository)
  expect([problems, damaged.size]).toEqual([[], 0])
  return repository
}

/** How many deltas have to be undone to read the deepest block; fails if two lead to each other. */
async function longestChain(repository: BlockRepository): Promise<number> {
  const bases = new Map<string, readonly string[]>()
  for await (const { digest, location } of indexedBlocks(repository.indexes)) {
    if (location.codec !== DELTA_CODEC) continue
    const stored = await readStored(repository.storage, location)
    bases.set(toHex(digest), decodeDeltaPayload(stored.subarray(BLOCK_HEADER_SIZE_BYTES), location.size).bases.map(toHex))
  }
  const depthOf = (name: string, above: readonly string[]): number => {
    if (above.includes(name)) throw new Error('A delta leads back to itself')
    return 1 + Math.max(-1, ...(bases.get(name) ?? []).map((base) => depthOf(base, [...above, name])))
  }
  return Math.max(0, ...[...bases.keys()].map((name) => depthOf(name, [])))
}

/** Versions of a block, each edited in a few places more. */
function versions(count: number, size = 100_000, edits = 8): Uint8Array[] {
  const blocks = [textBytes(size, 1)]
  for (let number = 1; number < count; number++) blocks.push(edited(blocks[number - 1] as Uint8Array, edits, number * 100))
  return blocks
}

describe('repack', () => {
  it('finds what blocks have in common wherever they are, and does nothing the second time', async () => {
    const others = Array.from({ length: 4 }, (_, index) => textBytes(60_000, 50 + index))
    const cut = versions(6)
    const all = await stored(cut.flatMap((block, index) => [block.slice(index * 9000), others[index % 4] as Uint8Array]))
    const report = await (await BlockRepository.open(all.storage, options)).repack(quick)
    expect(report.recoded.blocks).toBe(5)
    expect(report.bytes.after).toBeLessThan(report.bytes.before * 0.6)
    expect(report.packs.before).toBeGreaterThan(15)
    expect(report.packs.after).toBe(2)
    const repository = await assertWhole(all)
    const { number } = repository.root
    const again = await repository.repack(quick)
    expect([again.recoded.blocks, again.removed.blocks, again.bytes.after]).toEqual([0, 0, report.bytes.after])
    expect(repository.root.number).toBe(number)
  })

  it('cuts chains that have grown too long to be read well', async () => {
    const all = await stored(versions(20), { chained: true })
    expect(await longestChain(await BlockRepository.open(all.storage, options))).toBe(16)
    await (await BlockRepository.open(all.storage, options)).repack({ ...quick, maxReadCost: 2 })
    const repository = await assertWhole(all)
    expect(await longestChain(repository)).toBeLessThanOrEqual(5)
    await repository.repack({ ...quick, maxReadCost: 1 })
    expect(await longestChain(await assertWhole(all))).toBe(0)
  })

  it('says in a dry run what it would do, and changes nothing', async () => {
    const all = await stored(versions(5))
    const repository = await BlockRepository.open(all.storage, options)
    const { number } = repository.root
    const planned = await repository.repack({ dryRun: true })
    expect(repository.root.number).toBe(number)
    const done = await repository.repack(quick)
    expect([planned.recoded, planned.examined, planned.packs]).toEqual([done.recoded, done.examined, done.packs])
    expect(Math.abs(planned.bytes.after - done.bytes.after)).toBeLessThan(2000)
  })

  it('gathers the packs of many small commits and drops what nothing needs', async () => {
    const all = await stored(Array.from({ length: 40 }, (_, index) => textBytes(300, index)))
    const repository = await BlockRepository.open(all.storage, options)
    await repository.withSession(async (session) => {
      await session.put(RAW_CODE, textBytes(5000, 99))
      await session.commit({ action: 'test' })
    })
    const { packs, removed } = await repository.repack(quick)
    expect(packs.before).toBeGreaterThan(80)
    expect(packs.after).toBe(2)
    expect(removed.blocks).toBeGreaterThan(39)
    await assertWhole(all)
  })

  it('compresses anew with max', async () => {
    const all = await stored(Array.from({ length: 5 }, (_, index) => textBytes(50_000, index)))
    const repository = await BlockRepository.open(all.storage, options)
    const { recoded, bytes } = await repository.repack({ ...quick, compression: 'max' })
    expect(recoded.blocks).toBeGreaterThanOrEqual(5)
    expect(bytes.after).toBeLessThan(bytes.before * 0.98)
    await assertWhole(all)
    expect((await repository.repack({ ...quick, compression: 'max' })).recoded.blocks).toBe(0)
    await expect(repository.repack({ maxReadCost: 0.5 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('leaves a repository with damage in it as it is', async () => {
    const all = await stored(versions(4))
    for await (const { key, size } of all.storage.list('packs/')) {
      if (size < 10_000) continue
      const bytes = await all.storage.get(key)
      bytes[5000] = (bytes[5000] as number) ^ 1
      await all.storage.delete(key)
      await all.storage.put(key, bytes)
      break
    }
    const repository = await BlockRepository.open(all.storage, options)
    const { number } = repository.root
    await expect(repository.repack(quick)).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', message: expect.stringContaining('Nothing was changed') as string })
    await repository.refresh()
    expect(repository.root.number).toBe(number)
  })

  it('stops when it is told to', async () => {
    const all = await stored(versions(4))
    const stop = new AbortController()
    const repository = await BlockRepository.open(all.storage, options)
    const reason = new Error('enough')
    await expect(repository.repack({ ...quick, signal: stop.signal, onProgress: () => stop.abort(reason) })).rejects.toBe(reason)
    await assertWhole(all)
  })

  it('gives every block of random histories back, in chains that are bounded', async () => {
    const step = fc.record({ from: fc.nat(), edits: fc.nat({ max: 30 }), seed: fc.nat({ max: 1_000_000 }), tail: fc.nat({ max: 30_000 }) })
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), fc.boolean(), fc.constantFrom(2, 3, 8), async (steps, chained, maxReadCost) => {
      const blocks = [textBytes(40_000, 3)]
      for (const { from, edits, seed, tail } of steps) {
        const base = blocks[from % blocks.length] as Uint8Array
        blocks.push(edited(new Uint8Array([...base.subarray(tail % base.length), ...textBytes(tail, seed)]), edits, seed))
      }
      const all = await stored(blocks, { chained })
      await (await BlockRepository.open(all.storage, options)).repack({ ...quick, maxReadCost })
      const repository = await assertWhole(all)
      expect(await longestChain(repository)).toBeLessThanOrEqual(16)
      expect((await repository.repack({ ...quick, maxReadCost })).recoded.blocks).toBe(0)
    }), { numRuns: 12, seed: 7 })
  }, 60_000)
})
