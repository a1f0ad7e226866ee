import { expect, test } from 'vitest'
import { clone, pull, type Repository } from '../../../src/index.ts'
import { remoteWith } from '../../../src/dataset/left-at-remote.ts'
import { derivedSource } from '../../../src/recipe/derived-source.ts'
import { derivedOutputs } from '../../../src/recipe/evict-derived.ts'
import { pretend } from '../../recipe/made-up-derivations.ts'
import { scratch } from '../two-colleagues.ts'

async function evictDerived(repository: Repository): Promise<readonly string[]> {
  const alsoEvict = async () => (await derivedOutputs(repository.blocks, { trustOnce: true })).filter(({ evictable }) => evictable).map(({ cid }) => cid)
  return (await repository.collectGarbage({ alsoEvict, graceMs: 0 })).evictedRoots
}

test('derived data that was taken from the remote and is dropped here is to be made again, not to be looked for at the remote', async () => {
  await using place = scratch()
  const shared = await place.of('shared')
  await shared.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
  const { derivation, output } = await pretend(shared, { from: 'raw', to: 'clean' })
  await shared.snapshot([{ path: 'file', content: 'clean' }], { ref: 'clean', source: derivedSource(derivation, 'out') })
  await clone(place.path('shared'), place.path('bob'), { lazy: true })
  const bob = await place.of('bob')
  expect(await remoteWith(bob.blocks, output)).toBe('origin')
  await pull(bob, { refs: ['clean'] })
  expect(await evictDerived(bob)).toEqual([output.toString()])
  expect(await remoteWith(bob.blocks, output)).toBeUndefined()
  await expect(bob.read('clean', 'file')).rejects.toMatchObject({ code: 'EVICTED' })
  // What was never taken is still at the remote.
  expect(await remoteWith(bob.blocks, (await bob.resolve('raw')).root)).toBe('origin')
  expect(Buffer.from(await bob.read('raw', 'file')).toString()).toBe('raw')
}, 60_000)
