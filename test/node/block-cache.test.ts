import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CID, cidFromDigest, DAG_CBOR_CODE, RAW_CODE } from '../../src/cid/cid.ts'
import { BlockCache } from '../../src/node/block-cache/block-cache.ts'
import { DEFAULT_CACHE_LIMIT_BYTES } from '../../src/node/block-cache/cache-folder.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { noise } from '../remote/two-colleagues.ts'

const hasher = nodePlatform.hasher('sha2-256')
let folder = ''
const opened: BlockCache[] = []

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'varve-cache-')), 'blocks')
})
afterEach(async () => {
  for (const cache of opened.splice(0)) await cache.close()
  rmSync(join(folder, '..'), { recursive: true, force: true })
})

function open(): BlockCache {
  const cache = new BlockCache(folder, nodePlatform, hasher)
  opened.push(cache)
  return cache
}

function block(seed: number, size = 100_000): { cid: CID; bytes: Uint8Array } {
  const bytes = noise(size, seed)
  return { cid: cidFromDigest(hasher, seed % 2 === 0 ? RAW_CODE : DAG_CBOR_CODE, hasher.digest(bytes)), bytes }
}

function packs(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.pack')).map((name) => join(folder, name))
}

test('what was put is there, before it is written and after, for others too, and until it is cleared', async () => {
  const cache = open()
  for (const seed of [0, 1, 2]) await cache.put(block(seed).cid, block(seed).bytes)
  expect(Buffer.from((await cache.get(block(1).cid)) ?? []).equals(block(1).bytes)).toBe(true)
  expect(await cache.get(block(9).cid)).toBeUndefined()
  await cache.flush()
  expect(packs()).toHaveLength(2)
  const other = open()
  for (const seed of [0, 1, 2]) expect(Buffer.from((await other.get(block(seed).cid)) ?? []).equals(block(seed).bytes)).toBe(true)
  expect(await other.status()).toMatchObject({ folder, packs: 2, blocks: 3, limitBytes: DEFAULT_CACHE_LIMIT_BYTES })
  await other.clear()
  expect(packs()).toEqual([])
  expect(await other.get(block(0).cid)).toBeUndefined()
  await other.put(block(0).cid, block(0).bytes)
  expect(Buffer.from((await other.get(block(0).cid)) ?? []).equals(block(0).bytes)).toBe(true)
})

test('a block that is not what its name says is absent, wherever its pack is damaged, and can be put again', async () => {
  const cache = open()
  const { cid, bytes } = block(2)
  await cache.put(cid, bytes)
  await cache.flush()
  await cache.close()
  const [path = ''] = packs()
  const size = statSync(path).size
  for (const at of [0, 9, 20, 40, 1000, size - 100, size - 60, size - 1]) {
    const sound = readFileSync(path)
    writeFileSync(path, Buffer.concat([sound.subarray(0, at), Uint8Array.of((sound[at] ?? 0) ^ 0xa5), sound.subarray(at + 1)]))
    const damaged = open()
    const found = await damaged.get(cid)
    expect(found === undefined || Buffer.from(found).equals(bytes), `byte ${at}`).toBe(true)
    if (at === 1000) expect(found).toBeUndefined()
    await damaged.put(cid, bytes)
    expect(Buffer.from((await damaged.get(cid)) ?? []).equals(bytes)).toBe(true)
    await damaged.close()
    await damaged.clear()
    writeFileSync(path, sound)
  }
  truncateSync(path, size >> 1)
  expect(await open().get(cid)).toBeUndefined()
  rmSync(path)
  writeFileSync(join(folder, `${'0'.repeat(32)}.pack`), 'no pack')
  expect(await open().get(cid)).toBeUndefined()
})

test('a folder that goes while it is in use, or cannot be made, is no error', async () => {
  const cache = open()
  const { cid, bytes } = block(4)
  await cache.put(cid, bytes)
  await cache.flush()
  rmSync(folder, { recursive: true })
  await cache.put(block(6).cid, block(6).bytes)
  await cache.flush()
  expect(Buffer.from((await cache.get(block(6).cid)) ?? []).equals(block(6).bytes)).toBe(true)
  rmSync(folder, { recursive: true })
  writeFileSync(folder, 'a file')
  await cache.put(block(8).cid, block(8).bytes)
  await cache.flush()
  expect(await open().get(cid)).toBeUndefined()
})

test('it keeps to its bound, and what was used last stays', async () => {
  const cache = open()
  for (let seed = 0; seed < 12; seed += 2) {
    await cache.put(block(seed).cid, block(seed).bytes)
    await cache.flush()
  }
  // As if each had been written an hour after the one before, and the first was read now.
  for (const path of packs()) {
    const other = open()
    for (let seed = 0; seed < 12; seed += 2) if ((await other.get(block(seed).cid)) !== undefined) utimesSync(path, 1, 1)
  }
  const reader = open()
  expect(Buffer.from((await reader.get(block(0).cid)) ?? []).equals(block(0).bytes)).toBe(true)
  await cache.limit(250_000)
  expect((await cache.status()).bytes).toBeLessThanOrEqual(250_000)
  expect(packs()).toHaveLength(2)
  expect(Buffer.from((await open().get(block(0).cid)) ?? []).equals(block(0).bytes)).toBe(true)
  const more = open()
  expect(more.limitBytes).toBe(250_000)
  for (let seed = 20; seed < 40; seed += 2) await more.put(block(seed).cid, block(seed).bytes)
  await more.flush()
  expect((await more.status()).bytes).toBeLessThanOrEqual(250_000)
  expect(await cache.get(block(2).cid)).toBeUndefined()
})

test('many small packs become few, and lose nothing', async () => {
  const cache = open()
  for (let seed = 0; seed < 60; seed++) {
    await cache.put(block(seed, 1000).cid, block(seed, 1000).bytes)
    await cache.flush()
  }
  expect(packs().length).toBeLessThan(50)
  for (const reader of [cache, open()]) for (let seed = 0; seed < 60; seed++) expect(Buffer.from((await reader.get(block(seed, 1000).cid)) ?? []).equals(block(seed, 1000).bytes)).toBe(true)
})
