import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/bytes.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { packKey } from '../../src/repository/pack-format.ts'
import { BlockRepository, type CID, type Session } from '../../src/repository/index.ts'
import { MAX_CHAIN } from '../../src/repository/delta-writer.ts'
import { storedLength } from '../../src/repository/read-block.ts'
import { MeddlingStorage } from './meddling-storage.ts'
import { randomBytes } from './random-bytes.ts'
import { pointTo } from './trees.ts'

const BLOCKS = 6
const SIZE_BYTES = 100_000

function editedAt(bytes: Uint8Array, version: number): Uint8Array {
  return concatBytes([bytes.subarray(0, 500 * version), randomBytes(40, version), bytes.subarray(500 * version)])
}

/** `MAX_CHAIN` versions of some blocks, each in a pack of its own. */
async function chains(): Promise<{ storage: MeddlingStorage; newest: CID[]; contents: Uint8Array[]; versions: CID[] }> {
  const storage = new MeddlingStorage()
  const repository = await BlockRepository.create(storage, { platform: nodePlatform })
  let contents = Array.from({ length: BLOCKS }, (_, block) => randomBytes(SIZE_BYTES, block))
  let newest: CID[] = []
  const versions: CID[] = []
  for (let version = 0; version <= MAX_CHAIN; version++) {
    if (version > 0) contents = contents.map((content, block) => editedAt(content, version + block))
    newest = await repository.withSession((session) => putVersion(session, contents, newest))
    versions.push(...newest.slice(0, 1))
  }
  return { storage, newest, contents, versions }
}

async function putVersion(session: Session, contents: readonly Uint8Array[], before: readonly CID[]): Promise<CID[]> {
  const cids: CID[] = []
  for (const [block, content] of contents.entries()) {
    const base = before[block]
    cids.push(await session.put(0x55, content, { bases: async () => (base === undefined ? [] : [base]), onMatch: () => undefined }))
  }
  await pointTo(session, 'data', cids)
  return cids
}

describe('a chain of deltas', () => {
  it('is read by one request for each pack that it leads through, and one for each block at its beginning', async () => {
    const { storage, newest, contents } = await chains()
    const repository = await BlockRepository.open(storage, { platform: nodePlatform })
    for (const cid of newest) await repository.indexes.find(cid.multihash.digest)
    storage.calls = []
    for (const [block, cid] of newest.entries()) expect(await repository.get(cid)).toEqual(contents[block])
    const requests = storage.calls.filter((call) => call.startsWith('get packs/')).length
    // Each block, its chain's beginning, and the deltas between, which are read together.
    expect(requests).toBeLessThanOrEqual(BLOCKS * 2 + MAX_CHAIN)
  })

  it('hands out bytes that whoever gets them may change', async () => {
    const { storage, newest, contents, versions } = await chains()
    const repository = await BlockRepository.open(storage, { platform: nodePlatform })
    for (const cid of [newest[0] as CID, versions[0] as CID, newest[0] as CID]) (await repository.get(cid)).fill(0)
    expect(await repository.get(newest[0] as CID)).toEqual(contents[0])
  })

  it('is read where a pack that it leads through is cut off behind what it needs', async () => {
    const { storage, newest, contents, versions } = await chains()
    const repository = await BlockRepository.open(storage, { platform: nodePlatform })
    const [location] = await repository.indexes.find((versions[5] as CID).multihash.digest)
    if (location === undefined) throw new Error('There is no such version')
    const key = packKey(location.pack.id)
    const bytes = await storage.get(key)
    await storage.delete(key)
    await storage.put(key, bytes.subarray(0, location.offset + storedLength(location)))
    expect(await repository.get(newest[0] as CID)).toEqual(contents[0])
    await expect(repository.get(newest[1] as CID)).rejects.toMatchObject({ code: 'CORRUPT_BLOCK' })
  })
})
