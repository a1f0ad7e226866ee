import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../../../src/dataset/repository.ts'
import { StorageError, type VarveError } from '../../../src/errors.ts'
import { openRepository } from '../../../src/node/open-repository.ts'
import type { S3Settings } from '../../../src/remote/s3/interface.ts'
import { s3Storage, type S3Storage } from '../../../src/remote/s3/s3-storage.ts'
import { equalBytes } from '../../../src/bytes.ts'
import { patternBytes } from '../../../src/storage/conformance-trial.ts'
import { PASS, startHostileProxy, type Fate, type HostileProxy } from './hostile-proxy.ts'
import { CREDENTIALS, INSTALLED, MISSING, startServer, type RunningServer } from './servers.ts'

/** The last means nothing but for a conditional write. */
const MESSES: readonly Fate[] = [
  { type: 'refuse', status: 500, code: 'InternalError' }, { type: 'refuse', status: 503, code: 'SlowDown' }, { type: 'reset' }, { type: 'lose-answer' }, { type: 'lie', status: 500, code: 'InternalError' },
  { type: 'cut' }, { type: 'shorten' }, { type: 'lie', status: 412, code: 'PreconditionFailed' },
]

for (const program of MISSING) test.skip(`${program} is not installed: nothing is known of it`, () => undefined)

describe.each(INSTALLED)('a repository in $name', (make) => {
  let server: RunningServer
  let proxy: HostileProxy
  let work: string
  let data: string
  let places = 0
  const files = new Map<string, Uint8Array>()

  beforeAll(async () => {
    server = await startServer(make)
    proxy = await startHostileProxy(server.endpoint)
    work = mkdtempSync(join(tmpdir(), 'varve-s3-work-'))
    data = join(work, 'data')
    mkdirSync(join(data, 'deep'), { recursive: true })
    for (let index = 0; index < 60; index++) files.set(index % 3 === 0 ? `deep/${index}.bin` : `${index}.bin`, patternBytes(index * 700, index))
    files.set('large.bin', patternBytes(20 * 1024 * 1024, 99))
    for (const [name, bytes] of files) writeFileSync(join(data, name), bytes)
  })
  beforeEach(() => {
    proxy.plan = () => PASS
  })
  afterAll(async () => {
    rmSync(work, { recursive: true, force: true })
    await proxy?.stop()
    await server?.stop()
  })

  const storageAt = (endpoint: string, prefix: string, settings: S3Settings = {}): S3Storage => s3Storage({ bucket: server.bucket, endpoint, prefix }, { credentials: CREDENTIALS, idleTimeoutMs: 2000, retryForMs: 30_000, ...settings })
  const assertRestored = async (repository: Repository, revision: string): Promise<void> => {
    const target = join(work, `restored-${places++}`)
    await repository.checkout(revision, target)
    for (const [name, bytes] of files) expect(equalBytes(readFileSync(join(target, name)), bytes), name).toBe(true)
    rmSync(target, { recursive: true })
  }
  const assertWhole = async (prefix: string, root: string): Promise<void> => {
    const repository = await openRepository(storageAt(server.endpoint, prefix))
    expect(await repository.verify()).toMatchObject({ ok: true })
    await assertRestored(repository, root)
    await repository.close()
  }

  test('keeps a folder, gives it back, and frees what is not needed any more', async () => {
    const repository = await openRepository(storageAt(server.endpoint, 'whole'), { create: true })
    const { root } = await repository.snapshot(data, { ref: 'data' })
    await repository.snapshot([{ path: 'other', content: patternBytes(3_000_000, 7) }], { ref: 'other' })
    expect(await repository.verify()).toMatchObject({ ok: true })
    await repository.deleteRef('other')
    const { freedBytes, refusedFiles } = await repository.collectGarbage({ graceMs: 0 })
    expect([freedBytes > 2_900_000, refusedFiles]).toEqual([true, 0])
    await repository.close()
    await assertWhole('whole', root)
  })

  test('is whole whatever a network does to one request in eight', async () => {
    let state = 42
    const random = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32
    proxy.plan = ({ method }) => (random() < 0.125 ? (MESSES[Math.floor(random() * (MESSES.length - (method === 'PUT' ? 0 : 1)))] ?? PASS) : PASS)
    const repository = await openRepository(storageAt(proxy.endpoint, 'stormy'), { create: true })
    const { root } = await repository.snapshot(data, { ref: 'data' })
    expect(await repository.verify()).toMatchObject({ ok: true })
    await assertRestored(repository, 'data')
    await repository.collectGarbage({ graceMs: 0 })
    await repository.close()
    await assertWhole('stormy', root)
    expect(proxy.seen.length).toBeGreaterThan(30)
  })

  test('hands out no wrong byte that a network made', async () => {
    const clean = await openRepository(storageAt(server.endpoint, 'altered'), { create: true })
    const { root } = await clean.snapshot(data, { ref: 'data' })
    await clean.close()
    const repository = await openRepository(storageAt(proxy.endpoint, 'altered'))
    proxy.plan = ({ method, url }) => (method === 'GET' && url.includes('/packs/') ? { type: 'alter' } : PASS)
    const error: unknown = await repository.checkout('data', join(work, 'never')).catch((thrown: unknown) => thrown)
    expect((error as VarveError).code).toMatch(/^CORRUPT_/)
    await repository.close()
    await assertWhole('altered', root)
  })

  test.each([1, 2, 4, 6])('is as it was when its writer is lost in the middle of write %i, and takes the data again', async (writes) => {
    const prefix = `lost-${writes}`
    const before = await openRepository(storageAt(server.endpoint, prefix), { create: true })
    const { root: first } = await before.snapshot([{ path: 'first', content: patternBytes(100_000, 5) }], { ref: 'first' })
    await before.close()
    let seen = 0
    // From the middle of one request on, nothing of this writer arrives any more, as if its machine had died.
    proxy.plan = ({ method }) => ((method === 'PUT' || method === 'POST') && ++seen === writes ? { type: 'reset' } : seen >= writes ? { type: 'hang' } : PASS)
    const writer = await openRepository(storageAt(proxy.endpoint, prefix, { maxAttempts: 2, idleTimeoutMs: 400 }))
    await expect(writer.snapshot(data, { ref: 'data' })).rejects.toThrow(StorageError)
    await writer.close()
    const after = await openRepository(storageAt(server.endpoint, prefix))
    expect(await after.verify()).toMatchObject({ ok: true })
    const names: string[] = []
    for await (const { name } of after.refs()) names.push(name)
    expect(names).toEqual(['first'])
    const { root } = await after.snapshot(data, { ref: 'data' })
    await assertRestored(after, 'data')
    await after.collectGarbage({ graceMs: 0 })
    expect(await after.verify()).toMatchObject({ ok: true })
    await after.close()
    await assertWhole(prefix, root)
    expect(first).not.toBe(root)
  })
})
