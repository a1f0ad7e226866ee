import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AlreadyExistsError, StorageError } from '../../../src/errors.ts'
import type { RemoteRequest } from '../../../src/remote/requests/interface.ts'
import type { S3Settings } from '../../../src/remote/s3/interface.ts'
import { s3Storage, type S3Storage } from '../../../src/remote/s3/s3-storage.ts'
import { expectBytes, patternBytes } from '../../../src/storage/conformance-trial.ts'
import { PASS, startHostileProxy, type Fate, type HostileProxy, type Passing } from './hostile-proxy.ts'
import { CREDENTIALS, INSTALLED, MISSING, startServer, type RunningServer } from './servers.ts'

const BIG = 20 * 1024 * 1024

for (const program of MISSING) test.skip(`${program} is not installed: nothing is known of it`, () => undefined)

describe.each(INSTALLED)('between here and $name', (make) => {
  let server: RunningServer
  let proxy: HostileProxy
  let clean: S3Storage
  let keys = 0
  const requests: RemoteRequest[] = []

  const through = (settings: S3Settings = {}): S3Storage =>
    s3Storage({ bucket: server.bucket, endpoint: proxy.endpoint }, { credentials: CREDENTIALS, retryForMs: 20_000, idleTimeoutMs: 2000, onRequest: (request) => requests.push(request), ...settings })
  const newKey = (): string => `hostile/${keys++}`
  /** The first request of a kind meets its fate, or all do; all others pass. */
  const fated = (isMeant: (passing: Passing) => boolean, fate: Fate, times = 1): void => {
    let left = times
    proxy.plan = (passing) => (isMeant(passing) && left-- > 0 ? fate : PASS)
  }

  beforeAll(async () => {
    server = await startServer(make)
    proxy = await startHostileProxy(server.endpoint)
    clean = s3Storage({ bucket: server.bucket, endpoint: server.endpoint }, { credentials: CREDENTIALS })
  })
  beforeEach(() => {
    proxy.plan = () => PASS
    proxy.seen.length = 0
    requests.length = 0
  })
  afterAll(async () => {
    await clean?.close()
    await proxy?.stop()
    await server?.stop()
  })

  const isWhole = ({ method, url }: Passing): boolean => method === 'PUT' && !url.includes('uploadId')
  const isPart = ({ method, url }: Passing): boolean => method === 'PUT' && url.includes('partNumber')
  const isComplete = ({ method, url }: Passing): boolean => method === 'POST' && url.includes('uploadId')

  const FATES: readonly (readonly [string, Fate])[] = [
    ['status 500', { type: 'refuse', status: 500, code: 'InternalError' }],
    ['503 SlowDown', { type: 'refuse', status: 503, code: 'SlowDown' }],
    ['409, another write is under way', { type: 'refuse', status: 409, code: 'ConditionalRequestConflict' }],
    ['412 without an object', { type: 'refuse', status: 412, code: 'PreconditionFailed' }],
    ['a reset in the middle of the body', { type: 'reset' }],
    ['an answer that is lost', { type: 'lose-answer' }],
    ['status 500 after success', { type: 'lie', status: 500, code: 'InternalError' }],
    ['412 after success', { type: 'lie', status: 412, code: 'PreconditionFailed' }],
    ['409 after success', { type: 'lie', status: 409, code: 'OperationAborted' }],
    ['an answer that is cut', { type: 'cut' }],
    ['silence', { type: 'hang' }],
  ]

  test.each(FATES)('a small object is stored once and as it is: %s', async (_name, fate) => {
    const storage = through()
    const [key, bytes] = [newKey(), patternBytes(5000, keys)]
    fated(isWhole, fate)
    await storage.put(key, bytes)
    expectBytes(await clean.get(key), bytes, key)
    await expect(storage.put(key, patternBytes(5000, keys + 1))).rejects.toThrow(AlreadyExistsError)
    expectBytes(await clean.get(key), bytes, key)
    await storage.close()
  })

  test.each(FATES)('so is a large one, by the request that completes it: %s', async (_name, fate) => {
    const storage = through({ wholeUpToBytes: 0 })
    const [key, bytes] = [newKey(), patternBytes(50_000, keys)]
    fated(isComplete, fate)
    await storage.put(key, bytes)
    expectBytes(await clean.get(key), bytes, key)
    await expect(storage.put(key, patternBytes(50_000, keys + 1))).rejects.toThrow(AlreadyExistsError)
    await storage.close()
  })

  test.each(FATES.filter(([name]) => !/4(?:09|12)|cut/.test(name)))('and whatever happens to its parts: %s', async (_name, fate) => {
    const storage = through()
    const [key, bytes] = [newKey(), patternBytes(BIG, keys)]
    fated(isPart, fate, 2)
    await storage.put(key, [bytes.subarray(0, 7), bytes.subarray(7, BIG - 1000), bytes.subarray(BIG - 1000)])
    expectBytes(await clean.get(key), bytes, key)
    expect(proxy.seen.filter(isPart)).toHaveLength(5)
    await storage.close()
  })

  test.each(FATES)('a write that loses is told so, also when it cannot know: %s', async (_name, fate) => {
    const [key, bytes] = [newKey(), patternBytes(100, keys)]
    await clean.put(key, bytes)
    for (const wholeUpToBytes of [1000, 0]) {
      const storage = through({ wholeUpToBytes })
      fated((passing) => isWhole(passing) || isComplete(passing), fate)
      await expect(storage.put(key, bytes)).rejects.toThrow(AlreadyExistsError)
      await storage.close()
    }
    expectBytes(await clean.get(key), bytes, key)
  })

  test('what fails for good is an error after so many attempts, and leaves nothing', async () => {
    for (const [bytes, isMeant] of [[patternBytes(10, 1), isWhole], [patternBytes(BIG, 1), isPart], [patternBytes(BIG, 1), isComplete]] as const) {
      const storage = through({ maxAttempts: 3 })
      const key = newKey()
      fated(isMeant, { type: 'refuse', status: 500, code: 'InternalError' }, Infinity)
      await expect(storage.put(key, bytes)).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { key, operation: 'put', reason: 'ESERVER' } })
      expect(Math.max(...requests.map(({ attempt }) => attempt))).toBe(3)
      expect(await clean.stat(key)).toBeUndefined()
      await storage.close()
    }
    expect(await unfinishedUploads()).toEqual([])
  })

  test('an upload that is stopped is given up, and its reason surfaces', async () => {
    const storage = through()
    const controller = new AbortController()
    const reason = new Error('stopped on purpose')
    fated(isPart, { type: 'hang' }, Infinity)
    setTimeout(() => controller.abort(reason), 500)
    const key = newKey()
    await expect(storage.put(key, patternBytes(BIG, 1), { signal: controller.signal })).rejects.toBe(reason)
    expect(await clean.stat(key)).toBeUndefined()
    expect(await unfinishedUploads()).toEqual([])
    await storage.close()
  })

  test('one that is stopped while the network is gone does not wait for it', async () => {
    const storage = through({ idleTimeoutMs: 30_000 })
    const controller = new AbortController()
    const reason = new Error('stopped on purpose')
    fated((passing) => isPart(passing) || passing.method === 'DELETE', { type: 'hang' }, Infinity)
    setTimeout(() => controller.abort(reason), 500)
    const began = performance.now()
    await expect(storage.put(newKey(), patternBytes(BIG, 1), { signal: controller.signal })).rejects.toBe(reason)
    expect(performance.now() - began).toBeLessThan(15_000)
    await storage.close()
  })

  test.each([
    ['an answer that is cut', { type: 'cut' }],
    ['an answer that is shorter than its range', { type: 'shorten' }],
    ['another range', { type: 'header', name: 'content-range', value: 'bytes 0-999/50000' }],
    ['a range of another object', { type: 'header', name: 'content-range', value: 'bytes 1000-1999/1500' }],
    ['silence', { type: 'hang' }],
    ['silence in the middle', { type: 'hang-midway' }],
    ['status 500', { type: 'refuse', status: 500, code: 'InternalError' }],
    ['503', { type: 'refuse', status: 503, code: 'ServiceUnavailable' }],
    ['an answer that is lost', { type: 'lose-answer' }],
  ] satisfies readonly (readonly [string, Fate])[])('a range is read again, and never wrong: %s', async (_name, fate) => {
    const [key, bytes] = [newKey(), patternBytes(50_000, keys)]
    await clean.put(key, bytes)
    const storage = through({ maxAttempts: 3 })
    const isGet = ({ method }: Passing): boolean => method === 'GET'
    fated(isGet, fate)
    expect(await storage.get(key, { range: { start: 1000, end: 2000 } })).toEqual(bytes.subarray(1000, 2000))
    fated(isGet, fate, Infinity)
    const error = await storage.get(key, { range: { start: 1000, end: 2000 } }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StorageError)
    await storage.close()
  })

  test('a read that is stopped while nothing comes ends at once', async () => {
    const storage = through()
    fated(() => true, { type: 'hang' }, Infinity)
    const reason = new Error('stopped on purpose')
    const began = performance.now()
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 300)
    const { signal } = controller
    const list = async (): Promise<void> => {
      for await (const _ of storage.list('', { signal })) expect.unreachable()
    }
    for (const call of [storage.get('a', { signal }), storage.stat('a', { signal }), storage.delete('a', { signal }), list()]) await expect(call).rejects.toBe(reason)
    expect(performance.now() - began).toBeLessThan(1800)
    await storage.close()
  })

  test('a listing that is cut is read again, or is an error', async () => {
    await clean.put('listing/a', new Uint8Array(1))
    const storage = through({ maxAttempts: 3 })
    const keysOf = async (): Promise<string[]> => {
      const found: string[] = []
      for await (const { key } of storage.list('listing/')) found.push(key)
      return found
    }
    for (const fate of [{ type: 'cut' }, { type: 'shorten' }, { type: 'lose-answer' }] satisfies readonly Fate[]) {
      fated(() => true, fate)
      expect(await keysOf()).toEqual(['listing/a'])
      fated(() => true, fate, Infinity)
      await expect(keysOf()).rejects.toThrow(StorageError)
    }
    await storage.close()
  })

  test('every request is accounted for, with its bytes', async () => {
    const storage = through()
    const [key, bytes] = [newKey(), patternBytes(5000, 1)]
    fated(isWhole, { type: 'refuse', status: 503, code: 'SlowDown' })
    await storage.put(key, bytes)
    await storage.get(key, { range: { start: 10, end: 110 } })
    await storage.stat(key)
    await storage.delete(key)
    expect(requests.map(({ method, key: name, status, attempt, bytesSent }) => [method, name, status, attempt, bytesSent])).toEqual([
      ['PUT', key, 503, 1, 5000], ['PUT', key, 200, 2, 5000], ['GET', key, 206, 1, 0], ['HEAD', key, 200, 1, 0], ['DELETE', key, 204, 1, 0],
    ])
    expect(requests[2]?.bytesReceived).toBe(100)
    requests.length = 0
    for await (const _ of storage.list('')) break
    expect(requests).toMatchObject([{ method: 'GET', status: 200, bytesReceived: expect.toSatisfy((count: number) => count > 200) }])
    await storage.close()
  })

  async function unfinishedUploads(): Promise<readonly unknown[]> {
    const client = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true, credentials: CREDENTIALS })
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: server.bucket }))
    client.destroy()
    return Uploads
  }
})
