import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { RAW_CODE } from '../../src/cid/cid.ts'
import { portablePlatform } from '../../src/cid/portable-platform.ts'
import { packable } from '../../src/repository/encode-block.ts'
import { packKey } from '../../src/repository/pack-format.ts'
import { PackStore } from '../../src/repository/pack-store.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { randomBytes } from './random-bytes.ts'

const hasher = portablePlatform.hasher('sha2-256')
const MIB = 1024 * 1024
const blocks = [1, 2, 3, 4, 5].map((seed) => randomBytes(MIB, seed))
const digests = blocks.map((bytes) => hasher.digest(bytes))

async function filled(storage: MemoryStorage): Promise<PackStore> {
  const store = new PackStore(storage, portablePlatform, hasher, { targetSize: 2 * MIB })
  for (const [index, payload] of blocks.entries()) {
    const digest = digests[index] as Uint8Array
    await store.add(RAW_CODE, digest, payload.length, packable(hasher, digest, { codec: 0, payload }))
  }
  return store
}

async function stored(storage: MemoryStorage, store: PackStore, index: number): Promise<Uint8Array> {
  const { location } = (await store.locate(digests[index] as Uint8Array)) as NonNullable<Awaited<ReturnType<PackStore['locate']>>>
  const { pack, offset, storedSize } = location
  return (await storage.get(packKey(pack.id), { range: { start: offset, end: offset + 48 + storedSize } })).subarray(48)
}

describe('the packs of a session', () => {
  it('can be read from while another one is open and partly written', async () => {
    const storage = new MemoryStorage()
    const store = await filled(storage)
    // The fifth block is in a pack that has begun to be written and waits for more.
    expect(equalBytes(await stored(storage, store, 0), blocks[0] as Uint8Array)).toBe(true)
    expect(equalBytes(await stored(storage, store, 4), blocks[4] as Uint8Array)).toBe(true)
    await store.flush()
    expect(store.packCount).toBe(3)
  })

  it('that are open when it ends are not stored', async () => {
    const storage = new MemoryStorage()
    const store = await filled(storage)
    await store.abandon()
    const keys: string[] = []
    for await (const { key } of storage.list('packs/')) keys.push(key)
    expect(keys).toHaveLength(2)
  })
})
