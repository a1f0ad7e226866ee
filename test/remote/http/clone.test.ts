import { createServer, type Server } from 'node:http'
import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clone, fetchRefs, listRemote, openRepository, push } from '../../../src/index.ts'
import { storageAt } from '../../../src/remote/place.ts'
import { files, noise, scratch } from '../two-colleagues.ts'

let folder = ''
let server: Server
let address = ''

/** Serves files, and ranges of them, as any web server does. */
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = join(folder, decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))
    const facts = statSync(path, { throwIfNoEntry: false })
    if (facts?.isFile() !== true) return void response.writeHead(404).end()
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const [start, end] = range === null ? [0, facts.size - 1] : [Number(range[1]), Math.min(Number(range[2]), facts.size - 1)]
    if (range !== null && start >= facts.size) return void response.writeHead(416, { 'content-range': `bytes */${facts.size}` }).end()
    response.writeHead(range === null ? 200 : 206, { 'content-length': Math.max(0, end - start + 1), ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${facts.size}` }) })
    if (request.method === 'HEAD' || facts.size === 0) response.end()
    else createReadStream(path, { start, end }).pipe(response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

test('a repository folder behind a web server is cloned, fetched from and read; it is not written to', async () => {
  await using place = scratch()
  folder = place.folder
  const shared = await place.of('shared')
  const { root } = await shared.snapshot(files({ a: 'one', b: noise(2_000_000, 3) }), { ref: 'data' })
  expect(await listRemote(`${address}/shared`)).toMatchObject([{ name: 'data', root }])
  const cloned = await clone(`${address}/shared`, place.path('bob'))
  expect(cloned.requests.GET?.bytesReceived).toBeLessThan(1.1 * 2_000_000)
  const bob = await place.of('bob')
  expect(await bob.verify()).toMatchObject({ ok: true })
  expect((await bob.resolve('data')).root.toString()).toBe(root)
  await shared.snapshot(files({ a: 'two', b: noise(2_000_000, 3) }), { ref: 'data' })
  const fetched = await fetchRefs(bob)
  expect(fetched.requests.GET?.bytesReceived).toBeLessThan(100_000)
  expect(Buffer.from(await bob.read('origin/data', 'a')).toString()).toBe('two')
  const direct = await openRepository(await storageAt(`${address}/shared`))
  expect(Buffer.from(await direct.read('data', 'a')).toString()).toBe('two')
  await bob.snapshot(files({ a: 'three' }), { ref: 'data' })
  await expect(push(bob, { force: true })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('is read over HTTP and cannot be written to') as string })
}, 60_000)
