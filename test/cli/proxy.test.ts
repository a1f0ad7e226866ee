import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, afterAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { openRepository } from '../../src/node/open-repository.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { startStaticServer, type StaticServer } from '../remote/http/static-server.ts'
import { CERTIFICATE } from '../remote/proxy/certificate.ts'
import { type CountingProxy, startCountingProxy } from '../remote/proxy/counting-proxy.ts'
import { S3_VARIABLES, startMemoryS3 } from '../remote/s3/memory-s3.ts'
import { freePorts } from '../remote/s3/servers.ts'
import { newFolder, runCli, runJson, startCli } from './run-cli.ts'

let proxy: CountingProxy
let plain: StaticServer
let secure: StaticServer

beforeAll(async () => {
  proxy = await startCountingProxy()
  plain = await startStaticServer()
  secure = await startStaticServer({ secure: true })
  const memory = new MemoryStorage()
  const writer = await openRepository(memory, { create: true })
  await writer.snapshot([{ path: 'a.txt', content: 'by proxy' }], { ref: 'data' })
  for await (const { key } of memory.list('')) for (const { objects } of [plain, secure]) objects.set(key, await memory.get(key))
  await writer.close()
})
beforeEach(() => {
  proxy.seen.length = 0
  proxy.refuses = undefined
})
afterAll(async () => {
  for (const server of [proxy, plain, secure]) await server.stop()
})

/** Lets a process trust the server of the tests. */
function trusting(folder: string): Record<string, string> {
  writeFileSync(join(folder, 'ca.pem'), CERTIFICATE)
  return { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') }
}

async function checkedOut(cwd: string, env: Record<string, string>, url: string): Promise<string> {
  await runJson(['clone', url, 'copy'], { cwd, env })
  await runJson(['checkout', 'data', 'data'], { cwd: join(cwd, 'copy') })
  return readFileSync(join(cwd, 'copy/data/a.txt'), 'utf8')
}

test('a repository of http is read by HTTP_PROXY, and every request goes there', async () => {
  plain.seen.length = 0
  expect(await checkedOut(newFolder(), { HTTP_PROXY: proxy.url.replace('http://', 'http://me:word@') }, plain.url)).toBe('by proxy')
  expect(proxy.seen.length).toBe(plain.seen.length)
  expect(proxy.seen.every((line) => line.includes(` ${plain.url}/`))).toBe(true)
  expect(proxy.authorization).toBe(`Basic ${Buffer.from('me:word').toString('base64')}`)
})

test('one of https is read by tunnels of HTTPS_PROXY', async () => {
  const cwd = newFolder()
  expect(await checkedOut(cwd, { HTTPS_PROXY: proxy.url, ...trusting(cwd) }, secure.url)).toBe('by proxy')
  expect(proxy.seen.length).toBeGreaterThan(0)
  // A connection is kept for the requests that follow.
  expect(proxy.seen.length).toBeLessThan(secure.seen.length)
  expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${new URL(secure.url).host}`]))
})

test('what NO_PROXY names is reached without it', async () => {
  expect(await checkedOut(newFolder(), { HTTP_PROXY: proxy.url, NO_PROXY: 'localhost,127.0.0.0/8' }, plain.url)).toBe('by proxy')
  expect(proxy.seen).toEqual([])
})

test('a bucket is written and read by a proxy', async () => {
  const s3 = await startMemoryS3()
  onTestFinished(() => s3.stop())
  const cwd = newFolder()
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/a.txt'), 'by proxy')
  await runJson(['snapshot', 'data'], { cwd })
  const env = { HTTP_PROXY: proxy.url, ...S3_VARIABLES }
  expect(await runJson(['push', '--to', s3.url], { cwd, env })).toMatchObject({ refs: [{ outcome: 'new' }] })
  expect(await runJson(['verify', '--repo', s3.url], { cwd, env })).toMatchObject({ ok: true })
  expect(proxy.seen.length).toBe(s3.seen.length)
})

test.each([
  ['http', () => plain.url],
  ['https', () => secure.url],
  ['S3', () => `s3://varve/data?endpoint=${new URL(plain.url).origin}`],
])('a proxy for %s that is not there, or asks for credentials, is named', async (_name, address) => {
  const [port] = await freePorts(1)
  const refused = await runCli(['ls-remote', address()], { cwd: newFolder(), env: { ALL_PROXY: `http://me:hunter2@127.0.0.1:${port}`, ...S3_VARIABLES } })
  expect(refused).toMatchObject({ code: 6, stderr: expect.stringMatching(`the proxy 127.0.0.1:${port} cannot be reached \\(ECONNREFUSED\\)[^]*NO_PROXY`) })
  expect(refused.stderr).not.toContain('hunter2')
  proxy.refuses = 407
  const unknown = await runCli(['ls-remote', address()], { cwd: newFolder(), env: { ALL_PROXY: proxy.url, ...S3_VARIABLES } })
  expect(unknown).toMatchObject({ code: 6, stderr: expect.stringMatching(/proxy.* asks for credentials[^]*NO_PROXY/) })
})

test('a proxy that forbids a tunnel is not taken for the server', async () => {
  proxy.refuses = 403
  const run = await runCli(['ls-remote', secure.url], { cwd: newFolder(), env: { HTTPS_PROXY: proxy.url } })
  expect(run).toMatchObject({ code: 6, stderr: expect.stringContaining(`the proxy ${new URL(proxy.url).host} does not let the server be reached (it answers 403)`) })
})

test('a variable that names no proxy of HTTP is wrong usage', async () => {
  const run = await runCli(['ls-remote', plain.url], { cwd: newFolder(), env: { HTTP_PROXY: 'socks5://127.0.0.1:1080' } })
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('HTTP_PROXY names no proxy of HTTP') })
})

test('Ctrl-C ends a clone by a proxy that says nothing', async () => {
  const cwd = newFolder()
  proxy.refuses = 'silent'
  const { child, ended } = startCli(['clone', secure.url, 'copy'], { cwd, env: { HTTPS_PROXY: proxy.url, ...trusting(cwd) } })
  while (proxy.seen.length === 0 && child.exitCode === null) await sleep(10)
  const startedAt = performance.now()
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 130 })
  expect(performance.now() - startedAt).toBeLessThan(3000)
})
