import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { probeConditionalWrites } from '../../../src/remote/s3/probe-conditional-writes.ts'
import { s3Storage, type S3Storage } from '../../../src/remote/s3/s3-storage.ts'
import { storageConformance } from '../../../src/storage/conformance.ts'
import { CREDENTIALS, INSTALLED, MISSING, startServer, type RunningServer } from './servers.ts'

for (const program of MISSING) test.skip(`${program} is not installed: nothing is known of it`, () => undefined)

describe.each(INSTALLED)('$name', (make) => {
  let server: RunningServer
  beforeAll(async () => {
    server = await startServer(make)
  })
  afterAll(() => server?.stop())

  const open = (prefix?: string, wholeUpToBytes?: number) => async (): Promise<S3Storage> =>
    s3Storage({ bucket: server.bucket, endpoint: server.endpoint, ...(prefix === undefined ? {} : { prefix }) }, { credentials: CREDENTIALS, ...(wholeUpToBytes === undefined ? {} : { wholeUpToBytes }) })

  test('keeps conditional writes, also of objects in parts, and a probe leaves nothing', async () => {
    const storage = await open('probed')()
    expect(await probeConditionalWrites(storage)).toEqual({ kept: true })
    for await (const { key } of storage.list('')) expect.unreachable(key)
    await storage.close()
  })

  describe('below a prefix', () => {
    for (const { name, run } of storageConformance(open('team/data'), { shared: true })) test(name, run)
  })

  describe('with every object in parts', () => {
    // A listing has nothing to do with how its thousand objects were stored.
    for (const { name, run } of storageConformance(open('parts', 0), { shared: true })) if (!name.includes('more than 1,000')) test(name, run)
  })
})
