import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { InvalidArgumentError, type StorageError } from '../../../src/errors.ts'
import { openRepository } from '../../../src/node/open-repository.ts'
import { httpStorage, type HttpStorage } from '../../../src/remote/http/http-storage.ts'
import type { RemoteRequest } from '../../../src/remote/requests/interface.ts'
import { patternBytes } from '../../../src/storage/conformance-trial.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { listening, stopped } from '../s3/hostile-proxy.ts'
import { freePorts } from '../s3/servers.ts'
import { startStaticServer, type StaticServer } from './static-server.ts'

let server: StaticServer
let storage: HttpStorage
const requests: RemoteRequest[] = []
const bytes = patternBytes(100_000, 3)

beforeAll(async () => {
  server = await startStaticServer()
})
beforeEach(() => {
  server.intercept = () => false
  server.seen.length = 0
  server.objects.clear()
  server.objects.set('a/b', bytes)
  requests.length = 0
  storage = httpStorage(server.url, { maxAttempts: 3, idleTimeoutMs: 300, retryForMs: 5000, onRequest: (request) => requests.push(request) })
  return () => storage.close()
})
afterAll(() => server.stop())

const range = { start: 1000, end: 3000 }
/** Of an intercepted request: it has its answer, or gets none. */
const answered = (_what: unknown): true => true
const reasonOf = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable(), (error: StorageError) => error.data['reason'])

describe('the address', () => {
  test('is that of a folder', () => {
    expect(httpStorage('https://host/a').location).toBe('https://host/a/')
    for (const url of ['ftp://host', 'host/a', '', 'https://host/?token=hunter2', 'https://me:hunter2@host/']) {
      expect(() => httpStorage(url)).toThrow(InvalidArgumentError)
      expect(() => httpStorage(url)).not.toThrow('hunter2')
    }
  })

  test('has no fragment but the one that means something', () => {
    expect(httpStorage('https://host/a#absent=403').location).toMatch(/^https:\/\/host\/a\//)
    for (const fragment of ['#absnt=403', '#absent=404', '#x']) expect(() => httpStorage(`https://host/a${fragment}`)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(fragment) as string, hint: expect.stringContaining('#absent=403') as string }))
  })

  test('is refused with bounds that let nothing through', () => {
    for (const settings of [{ maxRequests: 0 }, { maxAttempts: 0.5 }, { retryForMs: -1 }, { idleTimeoutMs: 0 }]) expect(() => httpStorage('https://host/', settings)).toThrow(InvalidArgumentError)
  })

  test('may be redirected on the same server, and nowhere else', async () => {
    let strangers = 0
    const stranger = createServer((_request, answer) => {
      strangers++
      answer.writeHead(200, { 'content-length': 1 }).end('x')
    })
    const elsewhere = await listening(stranger)
    server.intercept = ({ url }, answer) => {
      if (url !== '/site/old') return false
      answer.writeHead(302, { location: '/site/a/b' }).end()
      return true
    }
    expect(await storage.get('old', { range })).toEqual(bytes.subarray(1000, 3000))
    expect(await storage.stat('old')).toEqual({ size: bytes.length })
    for (const location of [`${elsewhere}/site/a/b`, 'https://127.0.0.1/', 'file:///etc/hosts', 'http://[', undefined]) {
      server.intercept = (_request, answer) => answered(answer.writeHead(307, location === undefined ? {} : { location }).end())
      expect(await reasonOf(storage.get('a/b'))).toBe('EREDIRECT')
      expect(await reasonOf(storage.stat('a/b'))).toBe('EREDIRECT')
    }
    expect(strangers).toBe(0)
    server.seen.length = 0
    server.intercept = (_request, answer) => answered(answer.writeHead(302, { location: `/site/x${server.seen.length}` }).end())
    expect(await reasonOf(storage.get('a/b'))).toBe('EREDIRECT')
    expect(server.seen).toHaveLength(6)
    await stopped(stranger)
  })
})

describe('an answer that is wrong', () => {
  test.each<[string, string, StaticServer['intercept']]>([
    ['of another range', 'EWRONGRANGE', (_request, answer) => answered(answer.writeHead(206, { 'content-range': 'bytes 0-1999/100000' }).end(bytes.subarray(0, 2000)))],
    ['without its range', 'EWRONGRANGE', (_request, answer) => answered(answer.writeHead(206).end(bytes.subarray(1000, 3000)))],
    ['that is too short', 'ETRUNCATED', (_request, answer) => answered(answer.writeHead(206, { 'content-range': 'bytes 1000-2999/100000' }).end(bytes.subarray(1000, 2000)))],
    ['that is too long', 'ETOOLARGE', (_request, answer) => answered(answer.writeHead(206, { 'content-range': 'bytes 1000-2999/100000' }).end(bytes))],
    ['that is cut', 'ECONNRESET', (request, answer) => answered(answer.writeHead(206, { 'content-range': 'bytes 1000-2999/100000', 'content-length': 2000 }).write(bytes.subarray(0, 100), () => setTimeout(() => request.socket.destroy(), 20)))],
    ['that never comes', 'ETIMEDOUT', () => true],
    ['that stops coming', 'ETIMEDOUT', (_request, answer) => answered(answer.writeHead(206, { 'content-range': 'bytes 1000-2999/100000', 'content-length': 2000 }).write(bytes.subarray(0, 100)))],
    ['that is compressed', 'EENCODING', (_request, answer) => answered(answer.writeHead(200, { 'content-encoding': 'gzip' }).end('x'))],
    ['that is whole and far too large', 'ENORANGES', (_request, answer) => answered(answer.writeHead(200, { 'content-length': 2 ** 40 }).write('x'))],
    ['that refuses a range that there is', 'EWRONGRANGE', (request, answer) => request.method === 'GET' && answered(answer.writeHead(416).end())],
    ['that asks for credentials', 'EACCES', (_request, answer) => answered(answer.writeHead(401).end())],
    ['of a server that fails', 'ESERVER', (_request, answer) => answered(answer.writeHead(500).end())],
    ['of a server that is busy', 'EBUSY', (_request, answer) => answered(answer.writeHead(503).end())],
    ['that is no HTTP', 'HPE_INVALID_CONSTANT', (request) => answered(request.socket.end('hello\r\n\r\n'))],
  ])('%s is an error, never other bytes and never absence', async (name, reason, intercept) => {
    server.intercept = intercept
    const asked = name.includes('far too large') ? { start: 2 ** 39, end: 2 ** 39 + 10 } : range
    expect(await reasonOf(storage.get('a/b', { range: asked }))).toBe(reason)
    // Once is no harm where it may pass.
    let first = true
    server.intercept = (request, answer) => first && !(first = false) && intercept(request, answer)
    if (requests.length === 3 && reason !== 'EWRONGRANGE') expect(await storage.get('a/b', { range })).toEqual(bytes.subarray(1000, 3000))
  })

  test('is not an absence that HEAD forbids', async () => {
    server.intercept = (_request, answer) => answered(answer.writeHead(403).end())
    expect(await reasonOf(storage.stat('a/b'))).toBe('EACCES')
  })

  test('ends with the signal of who asked', async () => {
    server.intercept = () => true
    const reason = new Error('stopped on purpose')
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 100)
    await expect(storage.get('a/b', { signal: controller.signal })).rejects.toBe(reason)
    const [port] = await freePorts(1)
    const nowhere = httpStorage(`http://127.0.0.1:${port}/`)
    expect(await reasonOf(nowhere.get('a'))).toBe('ECONNREFUSED')
    await nowhere.close()
  })
})

test('a server that does not know ranges is read no further than needed', async () => {
  const whole = await startStaticServer({ ranges: false })
  whole.objects.set('big', patternBytes(8_000_000, 1))
  const counted: RemoteRequest[] = []
  const from = httpStorage(whole.url, { onRequest: (request) => counted.push(request) })
  expect(await from.get('big', { range: { start: 10, end: 20 } })).toEqual(patternBytes(20, 1).subarray(10, 20))
  expect(counted).toMatchObject([{ method: 'GET', key: 'big', status: 200, attempt: 1 }])
  expect(counted[0]?.bytesReceived).toBeLessThan(1_000_000)
  await from.close()
  await whole.stop()
})

test.each([1, 3, 70])('a repository of %i commits is opened and read whole without a listing', async (commits) => {
  const memory = new MemoryStorage()
  const writer = await openRepository(memory, { create: true })
  let root = ''
  for (let index = 0; index < commits; index++) root = (await writer.snapshot([{ path: 'file', content: patternBytes(5000, index) }], { ref: 'data' })).root
  for await (const { key } of memory.list('')) server.objects.set(key, await memory.get(key))
  await writer.close()
  const reader = await openRepository(storage)
  expect((await reader.resolve('data')).root.toString()).toBe(root)
  expect(Buffer.from(await reader.read('data', 'file')).equals(patternBytes(5000, commits - 1))).toBe(true)
  expect(server.seen.filter((line) => line.includes('log/')).length).toBeLessThan(18)
  await expect(reader.snapshot([{ path: 'x', content: 'y' }], { ref: 'data' })).rejects.toThrow(InvalidArgumentError)
  await reader.close()
})

/** Puts a repository of so many commits on the server. */
async function published(commits: number): Promise<void> {
  const memory = new MemoryStorage()
  const writer = await openRepository(memory, { create: true })
  for (let index = 0; index < commits; index++) await writer.snapshot([{ path: 'file', content: patternBytes(5000, index) }], { ref: 'data' })
  for await (const { key } of memory.list('')) server.objects.set(key, await memory.get(key))
  await writer.close()
}

const keyOf = (url: string | undefined): string => (url ?? '').replace('/site/', '')

describe('a server that answers 403', () => {
  const toAbsent: StaticServer['intercept'] = ({ url }, answer) => !server.objects.has(keyOf(url)) && answered(answer.writeHead(403).end())

  test('for what is absent is explained, with the permission that it lacks', async () => {
    await published(3)
    server.intercept = toAbsent
    await expect(openRepository(storage)).rejects.toMatchObject({ data: { reason: 'EACCES' }, hint: expect.stringMatching(/s3:ListBucket.*#absent=403/) })
  })

  test('for what is absent is read if the address says so; what is then read is never taken for absent', async () => {
    await published(3)
    server.intercept = toAbsent
    const willing = httpStorage(`${server.url}#absent=403`, { maxAttempts: 1 })
    const reader = await openRepository(willing)
    expect(Buffer.from(await reader.read('data', 'file')).equals(patternBytes(5000, 2))).toBe(true)
    expect(await reader.verify()).toMatchObject({ ok: true, listed: false })
    expect(await reasonOf(willing.get('packs/none'))).toBe('EACCES')
    expect(server.seen.filter((line) => line.includes('probe/'))).toHaveLength(1)
    await reader.close()
  })

  test('for what is there, and 404 for what is not, forbids it, whatever the address says', async () => {
    await published(3)
    server.intercept = ({ url }, answer) => keyOf(url) === 'log/000000000003' && answered(answer.writeHead(403).end())
    const willing = httpStorage(`${server.url}#absent=403`, { maxAttempts: 1 })
    for (const from of [storage, willing]) expect(await reasonOf(openRepository(from))).toBe('EACCES')
  })
})

describe('verify where nothing can be listed', () => {
  test('reads what the newest state leads to, and says that nothing else was looked for', async () => {
    await published(3)
    const reader = await openRepository(storage)
    const { listed, ...rest } = await reader.verify()
    expect(listed).toBe(false)
    expect(rest).toMatchObject({ ok: true, damaged: [], problems: [] })
    expect(rest.blocks).toBeGreaterThan(3)
  })

  test.each<[string, (key: string) => boolean]>([
    ['pack', (key) => key.startsWith('packs/')],
    ['root record', (key) => key === 'log/000000000002'],
  ])('finds an altered %s', async (_name, isMeant) => {
    await published(3)
    const key = [...server.objects.keys()].find(isMeant) ?? ''
    const altered = Uint8Array.from(server.objects.get(key) ?? [])
    altered[altered.length >> 1] = (altered[altered.length >> 1] ?? 0) ^ 1
    server.objects.set(key, altered)
    const reader = await openRepository(storage)
    const { ok, damaged, problems } = await reader.verify()
    expect(ok).toBe(false)
    expect(damaged.length + problems.length).toBeGreaterThan(0)
  })

  test('passes over a root record that a repair gave up', async () => {
    await published(3)
    server.objects.set('quarantine/log/000000000002', new Uint8Array(0))
    server.objects.set('log/000000000002', new Uint8Array(5))
    const reader = await openRepository(storage)
    expect(await reader.verify()).toMatchObject({ ok: true, listed: false })
  })
})

test('nothing may be called after close', async () => {
  await storage.close()
  await expect(storage.get('a/b')).rejects.toThrow(InvalidArgumentError)
  await expect(storage.stat('a/b')).rejects.toThrow(InvalidArgumentError)
  expect(server.seen).toEqual([])
})
