import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type MemoryS3, S3_VARIABLES, startMemoryS3 } from '../remote/s3/memory-s3.ts'
import { type CliRun, newFolder, runJson, startCli } from './run-cli.ts'

/** Ctrl-C must have ended everything by then. */
const SOON_MS = 3000

async function memoryS3(): Promise<MemoryS3> {
  const s3 = await startMemoryS3()
  onTestFinished(() => s3.stop())
  return s3
}

/** A folder with data in it and a first snapshot. */
async function begun(): Promise<string> {
  const folder = newFolder()
  mkdirSync(join(folder, 'data'))
  for (let i = 0; i < 20; i++) writeFileSync(join(folder, `data/${i}.txt`), `the content of ${i}`)
  await runJson(['snapshot', 'data'], { cwd: folder })
  return folder
}

/** Sends Ctrl-C once `isReached`. */
async function interrupted(args: readonly string[], cwd: string, isReached: () => boolean): Promise<CliRun & { readonly tookMs: number }> {
  const { child, ended } = startCli(args, { cwd, env: S3_VARIABLES })
  while (!isReached() && child.exitCode === null) await sleep(10)
  const startedAt = performance.now()
  child.kill('SIGINT')
  const run = await ended
  return { ...run, tookMs: performance.now() - startedAt }
}

/** Resolves to the port of a server that accepts connections and says nothing, and the connections that it has. */
async function silentServer(): Promise<{ readonly port: number; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined)
    sockets.add(socket)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, sockets }
}

const STOPPED = { code: 130, stdout: '' } as const

test.each([
  ['push', (port: number) => ['push', '--to', `s3://varve/data?endpoint=http://127.0.0.1:${port}`]],
  ['pull', (port: number) => ['pull', '--from', `http://127.0.0.1:${port}/pets`]],
  ['fetch', (port: number) => ['fetch', '--from', `s3://varve/data?endpoint=http://127.0.0.1:${port}`]],
  ['clone', (port: number) => ['clone', `http://127.0.0.1:${port}/pets`, 'copy']],
  ['clone from S3', (port: number) => ['clone', `s3://varve/data?endpoint=http://127.0.0.1:${port}`, 'copy']],
])('Ctrl-C ends a %s that nobody answers', async (_name, args) => {
  const cwd = await begun()
  const { port, sockets } = await silentServer()
  const run = await interrupted(args(port), cwd, () => sockets.size > 0)
  expect(run).toMatchObject(STOPPED)
  expect(run.stderr).toContain('Interrupted.')
  expect(run.tookMs).toBeLessThan(SOON_MS)
})

test.each(['packs', 'log'])('a push to a bucket that falls silent when %s are written is ended by Ctrl-C, has moved nothing, and goes on with the next', async (part) => {
  const cwd = await begun()
  const s3 = await memoryS3()
  await runJson(['push', '--to', s3.url], { cwd, env: S3_VARIABLES })
  const before = await runJson(['ls-remote', s3.url], { cwd, env: S3_VARIABLES })
  writeFileSync(join(cwd, 'data/new.txt'), 'what is new')
  await runJson(['snapshot', 'data'], { cwd })
  let isSilent = false
  s3.holds = ({ method, key }) => (isSilent ||= method === 'PUT' && key.startsWith(`data/${part}/`))
  const run = await interrupted(['push', '--to', s3.url], cwd, () => isSilent)
  expect(run).toMatchObject({ ...STOPPED, stderr: 'Interrupted. What was sent is kept there: run the same command again to go on.\n' })
  expect(run.tookMs).toBeLessThan(SOON_MS)
  isSilent = false
  s3.holds = () => false
  expect(await runJson(['ls-remote', s3.url], { cwd, env: S3_VARIABLES })).toEqual(before)
  expect(await runJson(['push', '--to', s3.url], { cwd, env: S3_VARIABLES })).toMatchObject({ refs: [{ outcome: 'forward' }] })
  expect(await runJson(['verify', '--repo', s3.url], { cwd, env: S3_VARIABLES })).toMatchObject({ ok: true })
}, 60_000)

test('a pull from a bucket that falls silent among the packs is ended by Ctrl-C, shows nothing of it, and goes on with the next', async () => {
  const cwd = await begun()
  const s3 = await memoryS3()
  await runJson(['push', '--to', s3.url], { cwd, env: S3_VARIABLES })
  const other = newFolder()
  await runJson(['init'], { cwd: other })
  await runJson(['remote', 'add', 'origin', s3.url], { cwd: other, env: S3_VARIABLES })
  let isSilent = false
  s3.holds = ({ method, key }) => (isSilent ||= method === 'GET' && key.startsWith('data/packs/'))
  const run = await interrupted(['pull'], other, () => isSilent)
  expect(run).toMatchObject(STOPPED)
  expect(run.tookMs).toBeLessThan(SOON_MS)
  expect(await runJson(['refs'], { cwd: other })).toEqual([])
  s3.holds = () => false
  await runJson(['pull'], { cwd: other, env: S3_VARIABLES })
  await runJson(['checkout', 'data', 'data'], { cwd: other })
  expect(readFileSync(join(other, 'data/7.txt'), 'utf8')).toBe('the content of 7')
}, 60_000)

test('what a push has sent by the time of Ctrl-C is committed if the bucket answers, and its lease is gone', async () => {
  const cwd = await begun()
  const s3 = await memoryS3()
  await runJson(['init', '--repo', s3.url], { cwd, env: S3_VARIABLES })
  // The reading of what was sent is held up; writes are answered.
  let isReached = false
  s3.holds = ({ method, key }) => method === 'GET' && key.startsWith('data/packs/') && (isReached = true)
  const run = await interrupted(['push', '--to', s3.url], cwd, () => isReached)
  expect(run).toMatchObject(STOPPED)
  expect(run.tookMs).toBeLessThan(SOON_MS)
  expect([...s3.objects.keys()].filter((key) => key.startsWith('data/sessions/'))).toEqual([])
  s3.holds = () => false
  expect(await runJson(['push', '--to', s3.url], { cwd, env: S3_VARIABLES })).toMatchObject({ blocks: 0, refs: [{ outcome: 'new' }] })
}, 60_000)

test('Ctrl-C ends work on a repository in a bucket that falls silent', async () => {
  const cwd = await begun()
  const s3 = await memoryS3()
  await runJson(['push', '--to', s3.url], { cwd, env: S3_VARIABLES })
  let isSilent = false
  s3.holds = ({ method, key }) => (isSilent ||= method === 'GET' && key.startsWith('data/packs/'))
  const run = await interrupted(['checkout', 'data', 'out', '--repo', s3.url], cwd, () => isSilent)
  expect(run.code).toBe(130)
  expect(run.tookMs).toBeLessThan(SOON_MS)
}, 60_000)
