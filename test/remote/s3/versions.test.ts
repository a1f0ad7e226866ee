import { CreateBucketCommand, ListObjectVersionsCommand, PutBucketVersioningCommand, PutObjectLockConfigurationCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRepository } from '../../../src/node/open-repository.ts'
import { s3Storage } from '../../../src/remote/s3/s3-storage.ts'
import { patternBytes } from '../../../src/storage/conformance-trial.ts'
import { newFolder, runCli, runJson } from '../../cli/run-cli.ts'
import { S3_VARIABLES } from './memory-s3.ts'
import { CREDENTIALS, INSTALLED, MISSING, startServer, type RunningServer } from './servers.ts'

if (MISSING.includes('minio')) test.skip('minio is not installed: nothing is known of versions and locks', () => undefined)

describe.each(INSTALLED.filter(({ program }) => program === 'minio'))('a bucket of $name', (make) => {
  let server: RunningServer
  let client: S3Client

  beforeAll(async () => {
    server = await startServer(make)
    client = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true, credentials: CREDENTIALS, maxAttempts: 1 })
    await client.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }))
    await client.send(new PutObjectLockConfigurationCommand({ Bucket: 'locked', ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } } }))
    await client.send(new CreateBucketCommand({ Bucket: 'versioned' }))
    await client.send(new PutBucketVersioningCommand({ Bucket: 'versioned', VersioningConfiguration: { Status: 'Enabled' } }))
  })
  afterAll(async () => {
    client?.destroy()
    await server?.stop()
  })

  /** Bytes of packs that the bucket keeps, whether they are seen or not. */
  async function keptBytes(bucket: string): Promise<number> {
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: 'data/packs/' }))
    return Versions.reduce((sum, { Size = 0 }) => sum + Size, 0)
  }

  test.each(['locked', 'versioned'])('that is %s takes a repository, whose gc goes on and says that old versions stay', async (bucket) => {
    const repository = await openRepository(s3Storage({ bucket, endpoint: server.endpoint, prefix: 'data' }, { credentials: CREDENTIALS }), { create: true })
    await repository.snapshot([{ path: 'kept', content: patternBytes(100_000, 1) }], { ref: 'data' })
    // In parts, too.
    await repository.snapshot([{ path: 'other', content: patternBytes(20_000_000, 2) }], { ref: 'other' })
    await repository.deleteRef('other')
    const report = await repository.collectGarbage({ graceMs: 0 })
    expect(report).toMatchObject({ refusedFiles: 0, keepsVersions: true })
    expect(report.freedBytes).toBeGreaterThan(19_000_000)
    expect(await keptBytes(bucket)).toBeGreaterThan(19_000_000)
    expect(await repository.verify()).toMatchObject({ ok: true })
    await repository.close()

    const url = `s3://${bucket}/data?endpoint=${server.endpoint}`
    const cwd = newFolder()
    await runJson(['refs', '--delete', 'data', '--repo', url], { cwd, env: S3_VARIABLES })
    const run = await runCli(['gc', '--grace', '0s', '--repo', url], { cwd, env: S3_VARIABLES })
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('lifecycle rule') })
    expect(await runJson(['verify', '--repo', url], { cwd, env: S3_VARIABLES })).toMatchObject({ ok: true })
  }, 60_000)

  test('without versions says nothing of them', async () => {
    const repository = await openRepository(s3Storage({ bucket: server.bucket, endpoint: server.endpoint, prefix: 'data' }, { credentials: CREDENTIALS }), { create: true })
    await repository.snapshot([{ path: 'other', content: patternBytes(100_000, 2) }], { ref: 'other' })
    await repository.deleteRef('other')
    expect(await repository.collectGarbage({ graceMs: 0 })).not.toHaveProperty('keepsVersions')
    await repository.close()
  })
})
