import { expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { VarveError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from './in-memory.ts'

/** Every so many bytes are flipped; 1 tries all, which takes three times as long. */
const STRIDE = Number(process.env['VARVE_DAMAGE_STRIDE'] ?? 3)

const FILES: readonly (readonly [revision: string, path: string, content: string])[] = [
  ['data~1', 'a', 'first file'], ['data~1', 'b/c', 'second file, '.repeat(30)],
  ['data', 'a', 'first file'], ['data', 'b/c', 'second file, '.repeat(30)], ['data', 'd', 'third file'],
]

async function sample(): Promise<Map<string, Uint8Array>> {
  const storage = new MemoryStorage()
  const repository = await create(storage)
  for (const revision of ['data~1', 'data']) {
    await repository.snapshot(FILES.flatMap(([of, path, content]) => (of === revision ? [{ path, content }] : [])), { ref: 'data' })
  }
  const objects = new Map<string, Uint8Array>()
  for await (const { key } of storage.list('')) objects.set(key, await storage.get(key))
  return objects
}

async function storageWith(objects: ReadonlyMap<string, Uint8Array>): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  for (const [key, bytes] of objects) await storage.put(key, bytes)
  return storage
}

it('whichever byte of a pack is flipped, verify reports it, and names every file that cannot be read any more', async () => {
  const objects = await sample()
  const packs = [...objects.keys()].filter((key) => key.startsWith('packs/'))
  expect(packs.length).toBeGreaterThan(2)
  let [byPath, byRevision] = [0, 0]
  for (const [number, key] of packs.entries()) {
    const bytes = objects.get(key) as Uint8Array
    for (let at = number % STRIDE; at < bytes.length; at += STRIDE) {
      const storage = await storageWith(new Map(objects).set(key, bytes.with(at, (bytes[at] as number) ^ (1 << at % 8))))
      const repository = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
      const { ok, damaged, problems } = await repository.verify()
      expect(ok, `${key}, byte ${at}`).toBe(false)
      const named = new Set(damaged.flatMap(({ paths }) => paths))
      for (const [revision, path, content] of FILES) {
        const read = await repository.read(revision, path).catch((error: unknown) => {
          if (!(error instanceof VarveError)) throw error
          return undefined
        })
        if (read !== undefined) expect(equalBytes(read, utf8(content)), `${key}, byte ${at}: ${revision}:${path}`).toBe(true)
        else if (named.has(`${revision}:${path}`)) byPath++
        else {
          // What is damaged is above all paths: a manifest, a snapshot, the tree of refs.
          byRevision++
          expect(named.has(revision) || named.has('data') || problems.length > 0, `${key}, byte ${at}: ${revision}:${path}`).toBe(true)
        }
      }
    }
  }
  expect(byPath).toBeGreaterThan(100 / STRIDE)
  expect(byRevision).toBeGreaterThan(100 / STRIDE)
}, 180_000)
