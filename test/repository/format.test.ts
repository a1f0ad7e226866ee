import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import type { Platform } from '../../src/cid/interface.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'

/** Every object of a small repository, written with a fixed clock, counted instead of random names, and no compression. */
const VECTORS = 'test/vectors/repository.json'

function fixedPlatform(): Platform {
  let named = 0
  return {
    ...nodePlatform,
    now: () => new Date('2026-01-02T03:04:05.678Z'),
    randomBytes: (length) => new Uint8Array(length).fill(++named),
  }
}

async function writeSmallRepository(): Promise<Map<string, string>> {
  const storage = new MemoryStorage()
  const repository = new Repository(await BlockRepository.create(storage, { platform: fixedPlatform() }))
  const first = [{ path: 'a/hello.txt', content: 'hello\n' }, { path: 'empty', directory: true as const }, { path: 'run', content: '#!/bin/sh\n', executable: true }]
  await repository.snapshot(first, { ref: 'data', message: 'first', author: 'someone', source: { uri: 'https://example.org/' }, meta: { k: [1, null] }, compression: 'none' })
  await repository.setRef('data@v1', 'data')
  await repository.snapshot([...first, { path: 'link', symlink: 'a/hello.txt' }], { ref: 'data', message: 'second', compression: 'none' })
  const objects = new Map<string, string>()
  for await (const { key } of storage.list('')) objects.set(key, Buffer.from(await storage.get(key)).toString('base64'))
  return new Map([...objects].sort(([a], [b]) => (a < b ? -1 : 1)))
}

describe('the repository format', () => {
  it('is written byte for byte as it was', async () => {
    const objects = Object.fromEntries(await writeSmallRepository())
    if (!existsSync(VECTORS)) {
      const description = 'Objects of a small repository in base64, as test/repository/format.test.ts writes them: fixed clock, names counted instead of random, no compression.'
      writeFileSync(VECTORS, `${JSON.stringify({ description, objects }, null, 2)}\n`)
      throw new Error(`${VECTORS} was absent and has been written: look at it and commit it`)
    }
    expect(objects).toEqual((JSON.parse(readFileSync(VECTORS, 'utf8')) as { objects: unknown }).objects)
  })

  it('is read as it was written then', async () => {
    const { objects } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { objects: Record<string, string> }
    const storage = new MemoryStorage()
    for (const [key, text] of Object.entries(objects)) await storage.put(key, Buffer.from(text, 'base64'))
    const repository = new Repository(await BlockRepository.open(storage))
    expect(await repository.read('data@v1', 'a/hello.txt')).toEqual(utf8('hello\n'))
    expect((await repository.show('data~1')).snapshot).toMatchObject({ message: 'first', author: 'someone', meta: { k: [1, null] } })
    expect((await repository.diff('data@v1', 'data')).summary).toMatchObject({ added: 1, removed: 0, modified: 0 })
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('of a newer version is refused, and not touched', async () => {
    for (const config of ['{"format": 2}', '{"format": 1, "id": "00000000000000000000000000000000", "hash": "sha2-256", "chunker": "x", "features": ["delta"]}']) {
      const storage = new MemoryStorage()
      await storage.put('config.json', utf8(config))
      await expect(BlockRepository.open(storage)).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
    }
  })
})
