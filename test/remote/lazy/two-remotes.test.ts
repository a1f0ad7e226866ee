import { renameSync } from 'node:fs'
import { expect, test } from 'vitest'
import { addRemote, clone, pull, removeRemote } from '../../../src/index.ts'
import { files, noise, scratch } from '../two-colleagues.ts'

test('data that was left at a second remote is read there at once, and also while the first is away', async () => {
  await using place = scratch()
  const [first, second] = [await place.of('first'), await place.of('second')]
  await first.snapshot(files({ a: noise(5000, 1) }), { ref: 'one' })
  await second.snapshot(files({ b: noise(5000, 2), c: noise(3_000_000, 3) }), { ref: 'two' })
  await clone(place.path('first'), place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  expect(await bob.read('one', 'a')).toHaveLength(5000)
  await addRemote(bob, 'second', place.path('second'))
  await pull(bob, { from: 'second', metadataOnly: true })
  expect(await bob.read('two', 'b')).toHaveLength(5000)
  await bob.close()
  renameSync(place.path('first'), place.path('away'))
  const again = await place.of('bob')
  expect(await again.read('two', 'c')).toHaveLength(3_000_000)
}, 60_000)

test('in the same process too, a remote that was removed by force and added again at another address is read there', async () => {
  await using place = scratch()
  const first = await place.of('first')
  await first.snapshot(files({ a: noise(5000, 1), b: noise(5000, 2) }), { ref: 'one' })
  await clone(place.path('first'), place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  expect(await bob.read('one', 'a')).toHaveLength(5000)
  expect(await removeRemote(bob, 'origin', { force: true })).toEqual({ left: 1 })
  await expect(bob.read('one', 'b')).rejects.toMatchObject({ code: 'STORAGE_FAILED', data: { remote: 'origin', url: null } })
  await first.close()
  renameSync(place.path('first'), place.path('moved'))
  await addRemote(bob, 'origin', place.path('moved'))
  expect(await bob.read('one', 'b')).toHaveLength(5000)
}, 60_000)
