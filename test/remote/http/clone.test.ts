import { expect, test } from 'vitest'
import { clone, fetchRefs, listRemote, openRepository, push } from '../../../src/index.ts'
import { storageAt } from '../../../src/remote/place.ts'
import { serveFolder } from '../folder-server.ts'
import { files, noise, scratch } from '../two-colleagues.ts'

test('a repository folder behind a web server is cloned, fetched from and read; it is not written to', async () => {
  await using place = scratch()
  await using server = await serveFolder(place.folder)
  const address = server.url
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
