import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addRemote, clone, listRemote, openRepository, prefetch, pull, push } from '../../../src/index.ts'
import { storageAt } from '../../../src/remote/place.ts'
import { files, noise, scratch } from '../two-colleagues.ts'
import { CREDENTIALS, INSTALLED, MISSING, type RunningServer, startServer } from './servers.ts'

for (const program of MISSING) test.skip(`${program} is not installed: nothing is known of it`, () => undefined)

describe.each(INSTALLED)('two colleagues and a bucket of $name', (make) => {
  let server: RunningServer
  beforeAll(async () => {
    server = await startServer(make)
    process.env['AWS_ACCESS_KEY_ID'] = CREDENTIALS.accessKeyId
    process.env['AWS_SECRET_ACCESS_KEY'] = CREDENTIALS.secretAccessKey
  })
  afterAll(() => server?.stop())

  const address = (prefix: string): string => `s3://${server.bucket}/${prefix}?endpoint=${server.endpoint}`

  test('push, clone, change, pull; what goes over is what is new, in few requests', async () => {
    await using place = scratch()
    const ada = await place.of('ada')
    const contents: Record<string, Uint8Array> = Object.fromEntries(Array.from({ length: 3000 }, (_, number) => [`folder/${number}.bin`, noise(2000, number)]))
    const first = await ada.snapshot(files(contents), { ref: 'data' })
    await addRemote(ada, 'origin', address('team/one'))
    const pushed = await push(ada)
    expect(pushed.refs).toMatchObject([{ ref: 'data', outcome: 'new' }])
    const objects: string[] = []
    const storage = await storageAt(address('team/one'))
    for await (const { key } of storage.list('')) objects.push(key)
    await storage.close()
    // Config, two packs, an index, a record: however many files.
    expect(objects.length).toBeLessThan(10)
    expect(pushed.requests.PUT?.count).toBeLessThan(10)

    await clone(address('team/one'), place.path('bob'))
    const bob = await place.of('bob')
    expect((await bob.resolve('data')).root.toString()).toBe(first.root)
    expect(await bob.verify()).toMatchObject({ ok: true })
    const second = await bob.snapshot(files({ ...contents, 'folder/7.bin': noise(100_000, 9) }), { ref: 'data' })
    const back = await push(bob)
    const sent = Object.values(back.requests).reduce((sum, { bytesSent, bytesReceived }) => sum + bytesSent + bytesReceived, 0)
    expect(sent).toBeLessThan(1.5 * back.bytes + 2 ** 20)
    expect((await pull(ada)).refs).toMatchObject([{ after: second.snapshot, outcome: 'forward' }])
    expect((await ada.resolve('data')).root.toString()).toBe(second.root)
    expect(await listRemote(address('team/one'))).toMatchObject([{ name: 'data', snapshot: second.snapshot }])
  }, 120_000)

  test('a lazy clone reads one folder by few requests, and keeps it', async () => {
    await using place = scratch()
    const ada = await place.of('ada')
    await ada.snapshot(files(Object.fromEntries(Array.from({ length: 500 }, (_, number) => [`${number < 400 ? 'big' : 'small'}/${number}.bin`, noise(5000, number)]))), { ref: 'data' })
    await addRemote(ada, 'origin', address('lazy'))
    await push(ada)
    const cloned = await clone(address('lazy'), place.path('bob'), { lazy: true })
    expect(cloned.requests.GET?.bytesReceived).toBeLessThan(300_000)
    const bob = await openRepository(place.path('bob'))
    const fetched = await prefetch(bob, 'data:small')
    expect(fetched).toMatchObject({ files: 100, fetchedBytes: 500_000 })
    expect(fetched.requests.GET?.bytesReceived).toBeLessThan(700_000)
    expect((fetched.requests.GET?.count ?? 0) + (fetched.requests.HEAD?.count ?? 0)).toBeLessThan(20)
    await bob.checkout('data:small', place.path('out'))
    expect((await prefetch(bob, 'data:small')).fetchedBlocks).toBe(0)
    await bob.close()
  }, 120_000)

  // As many as are asked for on one server; fewer show that another keeps what that relies on.
  const many = make === INSTALLED[0] ? 50 : 12
  test(`${many} writers to different refs all succeed; of several to one ref one wins, and the others are told`, async () => {
    await using place = scratch()
    const writers = await Promise.all(Array.from({ length: many }, async (_, number) => {
      const writer = await place.of(`writer-${number}`)
      await writer.snapshot(files({ a: `of ${number}` }), { ref: `ref-${number}` })
      await writer.snapshot(files({ a: `of ${number}` }), { ref: 'shared', message: String(number) })
      return writer
    }))
    await Promise.all(writers.map((writer, number) => push(writer, { to: address('many'), refs: [`ref-${number}`] })))
    const outcomes = await Promise.allSettled(writers.slice(0, 5).map((writer) => push(writer, { to: address('many'), refs: ['shared'] })))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'REF_CONFLICT' })
    expect(await listRemote(address('many'))).toHaveLength(many + 1)
    const opened = await openRepository(await storageAt(address('many')))
    expect(await opened.verify()).toMatchObject({ ok: true })
    await opened.close()
  }, 240_000)
})
