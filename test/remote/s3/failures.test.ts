import { Agent, createServer } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { InvalidArgumentError, StorageError } from '../../../src/errors.ts'
import { S3Connection } from '../../../src/remote/s3/connection.ts'
import { headObject } from '../../../src/remote/s3/head-object.ts'
import { listObjects } from '../../../src/remote/s3/list-objects.ts'
import { loadS3Sdk } from '../../../src/remote/s3/load-sdk.ts'
import { probeConditionalWrites } from '../../../src/remote/s3/probe-conditional-writes.ts'
import { s3Storage, type S3Storage } from '../../../src/remote/s3/s3-storage.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { listening, stopped } from './hostile-proxy.ts'
import { forgetfulStore, listing, refusal, startScriptedS3, type ScriptedAnswer, type ScriptedS3 } from './scripted-s3.ts'
import { CREDENTIALS, freePorts } from './servers.ts'

let server: ScriptedS3
let storage: S3Storage
beforeAll(async () => {
  server = await startScriptedS3()
})
beforeEach(() => {
  server.seen.length = 0
  storage = server.storage()
  return () => storage.close()
})
afterAll(() => server.stop())

async function listed(from: S3Storage = storage): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of from.list('')) keys.push(key)
  return keys
}

const CALLS: Readonly<Record<string, (storage: S3Storage) => Promise<unknown>>> = {
  put: (to) => to.put('a/b', new Uint8Array(3)),
  'put in parts': (to) => to.with({ wholeUpToBytes: 0 }).put('a/b', new Uint8Array(3)),
  get: (from) => from.get('a/b'),
  'get of a range': (from) => from.get('a/b', { range: { start: 0, end: 5 } }),
  'get of an empty range': (from) => from.get('a/b', { range: { start: 5, end: 5 } }),
  stat: (from) => from.stat('a/b'),
  list: (from) => listed(from),
  delete: (from) => from.delete('a/b'),
}

async function failureOf(call: (storage: S3Storage) => Promise<unknown>, of: S3Storage = storage): Promise<StorageError> {
  const error: unknown = await call(of).then((value) => expect.unreachable(`answered ${String(value)}`), (thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(StorageError)
  return error as StorageError
}

test('agents that were brought along are used, and outlive the storage', async () => {
  const agent = new Agent({ keepAlive: true })
  const own = server.storage({ agents: { http: agent, https: new SecureAgent() } })
  server.answer = () => ({ status: 200, body: listing([]) })
  expect(await listed(own)).toEqual([])
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1)
  await own.close()
  expect(Object.values(agent.freeSockets).flat()).toMatchObject([{ destroyed: false }])
  agent.destroy()
})

describe.each(Object.entries(CALLS))('%s says what is wrong', (name, call) => {
  test.each([
    ['EAUTH', refusal(403, 'InvalidAccessKeyId')],
    ['EAUTH', refusal(403, 'SignatureDoesNotMatch')],
    ['EAUTH', refusal(400, 'ExpiredToken')],
    ['ECLOCK', refusal(403, 'RequestTimeTooSkewed')],
    ['ENOBUCKET', refusal(404, 'NoSuchBucket')],
    ['EREGION', refusal(301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-west-7', location: 'http://elsewhere.invalid/' })],
    ['EREDIRECT', refusal(307, 'TemporaryRedirect', { location: 'http://elsewhere.invalid/' })],
    ['EPROXY', { status: 407, headers: { 'content-type': 'text/html' }, body: '<html>sign in</html>' }],
    ['EBUSY', refusal(503, 'SlowDown')],
    ['ESERVER', { status: 502, body: '<html>bad gateway</html>' }],
  ] satisfies readonly (readonly [string, ScriptedAnswer])[])('%s', async (reason, answer) => {
    server.answer = () => answer
    const error = await failureOf(call)
    // An answer to HEAD has no body, and 403 and 400 without one say no more than that.
    const expected = server.seen.every(({ method }) => method === 'HEAD') ? { ECLOCK: 'EACCES', EAUTH: expect.stringMatching(/EACCES|EAUTH|400|BadRequest|Unknown/) }[reason] ?? reason : reason
    if (name.startsWith('delete') && reason === 'EAUTH') expect(error.data['reason']).not.toBe('EDELETEREFUSED')
    expect(error.data['reason']).toEqual(expected)
    expect(error.hint).toMatch(/\w{3}/)
    expect(error.message).not.toContain(CREDENTIALS.secretAccessKey)
    if (reason === 'EREGION') expect(error.hint).toContain('eu-west-7')
    expect(server.seen.length).toBeLessThanOrEqual(8)
  })

  test('and takes no page of a proxy for an answer', async () => {
    server.answer = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body>Welcome to the hotel</body></html>' })
    expect((await failureOf(call)).data['reason']).toBe('ENOTS3')
  })

  test('nor waits for ever where nobody answers', async () => {
    const [port] = await freePorts(1)
    const nowhere = s3Storage({ bucket: 'varve', endpoint: `http://127.0.0.1:${port}` }, { credentials: CREDENTIALS })
    expect((await failureOf(call, nowhere)).data['reason']).toBe('ECONNREFUSED')
    await nowhere.close()
  })
})

test('a redirect is never followed to another host', async () => {
  let strangers = 0
  const stranger = createServer((_request, answer) => {
    strangers++
    answer.end()
  })
  const address = await listening(stranger)
  for (const status of [301, 302, 303, 307, 308]) {
    server.answer = ({ url }) => ({ status, headers: { location: address + url.pathname } })
    for (const call of Object.values(CALLS)) await failureOf(call)
  }
  expect(strangers).toBe(0)
  await stopped(stranger)
})

describe('absence', () => {
  test('is not what a forbidden HEAD says', async () => {
    server.answer = () => ({ status: 403 })
    const error = await failureOf((of) => of.stat('a'))
    expect(error.data['reason']).toBe('EACCES')
    expect(error.hint).toContain('s3:ListBucket')
  })

  test('is not what a wrong clock leads to, which is told by the time of the answer', async () => {
    server.answer = () => ({ status: 403, headers: { date: new Date(Date.now() + 3_600_000).toUTCString() } })
    const { data, hint } = await failureOf((of) => of.stat('a'))
    expect([data['reason'], hint]).toEqual(['ECLOCK', expect.stringContaining('clock')])
  })

  test('is not what HEAD says of a bucket that is not there', async () => {
    server.answer = ({ method }) => (method === 'HEAD' ? { status: 404 } : refusal(404, 'NoSuchBucket'))
    expect((await failureOf((of) => of.stat('a'))).data['reason']).toBe('ENOBUCKET')
  })

  test('is believed of a bucket that is there, which is asked for once', async () => {
    server.answer = ({ method }) => (method === 'HEAD' ? { status: 404 } : { status: 200, body: listing([]) })
    expect([await storage.stat('a'), await storage.stat('b')]).toEqual([undefined, undefined])
    expect(server.seen.map(({ method }) => method)).toEqual(['HEAD', 'GET', 'HEAD'])
  })
})

describe('a deletion', () => {
  test.each([
    ['missing rights', refusal(403, 'AccessDenied')],
    ['a method that is not allowed', refusal(405, 'MethodNotAllowed')],
    ['a lock', { status: 400, body: '<Error><Code>InvalidRequest</Code><Message>Object is WORM protected and cannot be overwritten</Message></Error>' }],
  ] satisfies readonly (readonly [string, ScriptedAnswer])[])('that is refused by %s has a reason of its own', async (_name, answer) => {
    server.answer = () => answer
    expect((await failureOf((of) => of.delete('a'))).data['reason']).toBe('EDELETEREFUSED')
    expect(server.seen).toHaveLength(1)
  })
})

describe('a listing', () => {
  const asked: string[] = []
  const pages = (answer: (token: string | null, page: number) => string): void => {
    let page = 0
    asked.length = 0
    server.answer = ({ url }) => {
      asked.push(url.searchParams.get('prefix') ?? '')
      return { status: 200, headers: { 'content-type': 'application/xml' }, body: answer(url.searchParams.get('continuation-token'), page++) }
    }
  }

  test('is read page by page, and passes over what is no key', async () => {
    pages((token) => (token === null ? listing(['data/a', 'data/UPPER', 'data/folder/'], 't') : listing(['data/b'])))
    expect(await listed()).toEqual(['a', 'b'])
    expect(asked).toEqual(['data/', 'data/'])
  })

  test.each<[string, (token: string | null, page: number) => string]>([
    ['whose token comes again', () => listing(['data/a'], 'same')],
    ['whose tokens go in a circle', (_token, page) => listing([`data/a${page}`], `t${page % 3}`)],
    ['that goes on without a token', () => listing(['data/a']).replace('<IsTruncated>false', '<IsTruncated>true')],
    ['of keys outside of the prefix', () => listing(['other/a'])],
    ['that counts other than it shows', () => listing(['data/a']).replace('<KeyCount>1', '<KeyCount>2')],
    ['of objects without a size', () => listing(['data/a']).replace('<Size>1</Size>', '')],
    ['of nothing without end', (_token, page) => listing([], `t${page}`)],
  ])('%s is an error', async (_name, answer) => {
    pages(answer)
    expect((await failureOf(() => listed())).data['reason']).toBe('ELISTING')
  })

  test('of ever new objects without end is an error', async () => {
    pages((_token, page) => listing([`data/a${page}`], `t${page}`))
    const connection = new S3Connection({ bucket: 'varve', endpoint: server.endpoint, prefix: 'data' }, { credentials: CREDENTIALS })
    let count = 0
    const all = async (): Promise<void> => {
      for await (const _ of listObjects(connection, '', undefined, 20)) count++
    }
    await expect(all()).rejects.toMatchObject({ details: { reason: 'ELISTING' } })
    expect(count).toBe(20)
    await connection.close()
  })

  test('that is an empty document is an error', async () => {
    pages(() => '<?xml version="1.0"?><ListBucketResult></ListBucketResult>')
    expect((await failureOf(() => listed())).data['reason']).toBe('ENOTS3')
  })
})

describe('a probe of conditional writes', () => {
  test('finds them kept', async () => {
    server.answer = forgetfulStore('kept')
    expect(await probeConditionalWrites(storage)).toEqual({ kept: true })
    expect(await listed()).toEqual([])
    expect(await probeConditionalWrites(new MemoryStorage())).toEqual({ kept: true })
  })

  test.each(['ignored', 'racing'] as const)('finds them %s, and leaves nothing', async (conditions) => {
    server.answer = forgetfulStore(conditions)
    expect(await probeConditionalWrites(storage)).toMatchObject({ kept: false, what: expect.stringContaining('created one object') })
    expect(await listed()).toEqual([])
  })

  test('finds them kept of whole objects and not of those in parts', async () => {
    server.answer = forgetfulStore('ignored in parts')
    expect(await probeConditionalWrites(storage)).toMatchObject({ kept: false, what: expect.stringContaining('in parts') })
    expect(await listed()).toEqual([])
  })

  test('knows nothing of a store that refuses them', async () => {
    server.answer = forgetfulStore('unknown')
    await expect(probeConditionalWrites(storage)).rejects.toMatchObject({ data: { reason: 'ENOTSUPPORTED' }, hint: expect.stringContaining('one writer') })
  })
})

test('without conditional writes an object is looked up before it is created', async () => {
  server.answer = forgetfulStore('ignored')
  const single = storage.with({ conditionalWrites: false })
  await single.put('a', Uint8Array.of(1))
  await expect(single.put('a', Uint8Array.of(2))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  expect(await single.get('a')).toEqual(Uint8Array.of(1))
  expect(server.seen.filter(({ method, headers }) => method === 'PUT' && 'if-none-match' in headers)).toEqual([])
  await single.close()
})

test('what the server says of the size of an object is bounded', async () => {
  server.answer = () => ({ status: 200, headers: { etag: '"e"', 'content-length': String(2 ** 40) }, body: 'x' })
  expect((await failureOf((of) => of.get('a'))).data['reason']).toBe('ETOOLARGE')
})

describe('without the SDK', () => {
  test('the error names the command that installs it', async () => {
    const missing = Object.assign(new Error('cannot find'), { code: 'ERR_MODULE_NOT_FOUND' })
    await expect(loadS3Sdk(() => Promise.reject(missing))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', hint: 'npm install @aws-sdk/client-s3' })
    const other = new Error('broken')
    await expect(loadS3Sdk(() => Promise.reject(other))).rejects.toBe(other)
    const connection = new S3Connection({ bucket: 'varve' }, { credentials: CREDENTIALS }, () => loadS3Sdk(() => Promise.reject(missing)))
    await expect(headObject(connection, 'a')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', hint: 'npm install @aws-sdk/client-s3' })
    await connection.close()
  })
})

test('nothing may be called after close', async () => {
  await storage.close()
  for (const call of Object.values(CALLS)) if (call !== CALLS['put in parts']) await expect(call(storage)).rejects.toThrow(InvalidArgumentError)
  expect(server.seen).toEqual([])
})
