import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpStorage } from '../../../src/remote/http/http-storage.ts'
import { storageConformance } from '../../../src/storage/conformance.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { ReadOnlyStorage } from '../../../src/storage/read-only-storage.ts'
import { startStaticServer, type StaticServer } from './static-server.ts'

describe.each([
  ['a web server', {}],
  ['one that does not know ranges', { ranges: false }],
  ['one that refuses HEAD', { head: false }],
  ['one that does not tell lengths', { lengths: false }],
])('%s', (_name, options) => {
  let server: StaticServer
  beforeAll(async () => {
    server = await startStaticServer(options)
  })
  afterAll(() => server.stop())
  const fill = async (key: string, bytes: Uint8Array): Promise<void> => {
    server.objects.set(key, bytes.slice())
  }
  const cases = storageConformance(async () => httpStorage(server.url), { fill, listing: false })
  for (const { name, run } of cases) test(name, run)
})

test('a storage that shows nothing where it cannot list breaks its promise', async () => {
  const inner = new MemoryStorage()
  const open = async (): Promise<ReadOnlyStorage> => new (class extends ReadOnlyStorage {
    override async *list(): AsyncGenerator<never, void, undefined> {}
  })(inner)
  const promised = storageConformance(open, { fill: (key, bytes) => inner.put(key, bytes), listing: false }).find(({ name }) => name.startsWith('a storage that cannot list'))
  await expect(promised?.run()).rejects.toThrow('succeeded')
})
