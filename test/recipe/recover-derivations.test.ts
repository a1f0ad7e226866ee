import { expect, it } from 'vitest'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { derivedOutputs } from '../../src/recipe/evict-derived.ts'
import { recall } from '../../src/recipe/memory.ts'
import { recoverDerivations } from '../../src/recipe/recover-derivations.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from '../dataset/in-memory.ts'
import { pretend } from './made-up-derivations.ts'

async function loseLog(storage: MemoryStorage): Promise<Repository> {
  for await (const { key } of storage.list('log/')) await storage.delete(key)
  const repository = new Repository(await BlockRepository.openDamaged(storage, { platform: nodePlatform }))
  expect(await repository.repair({ giveUp: true })).toMatchObject({ refsGivenUp: true })
  return repository
}

it('runs are remembered again from their records when the log is lost, the first of them first', async () => {
  const storage = new MemoryStorage()
  const before = await create(storage)
  await before.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
  const { derivation } = await pretend(before, { name: 'clean', from: 'raw', to: 'clean' })
  await pretend(before, { name: 'clean', from: 'raw', to: 'other' })
  const broken = await pretend(before, { name: 'broken', from: 'raw', to: 'nothing', status: 'failed' })
  const { runs } = await recall(before.blocks, derivation)
  expect(runs).toHaveLength(2)
  const repository = await loseLog(storage)
  expect((await recall(repository.blocks, derivation)).runs).toEqual([])
  expect(await recoverDerivations(repository.blocks)).toEqual({ derivations: 2, runs: 3, notWhole: 0 })
  expect((await recall(repository.blocks, derivation)).runs).toEqual(runs)
  expect((await recall(repository.blocks, broken.derivation)).runs).toMatchObject([{ status: 'failed' }])
  expect(await recoverDerivations(repository.blocks)).toEqual({ derivations: 0, runs: 0, notWhole: 0 })
  expect(await repository.verify()).toMatchObject({ ok: true })
  await repository.collectGarbage({ graceMs: 0 })
})

it('a run whose data had been dropped is left out, since nothing says any more that this was on purpose', async () => {
  const storage = new MemoryStorage()
  const before = await create(storage)
  await before.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
  const { derivation } = await pretend(before, { name: 'clean', from: 'raw', to: 'clean' })
  await before.collectGarbage({ graceMs: 0, alsoEvict: async (blocks) => (await derivedOutputs(blocks, { trustOnce: true })).filter(({ evictable }) => evictable).map(({ cid }) => cid) })
  const repository = await loseLog(storage)
  expect(await recoverDerivations(repository.blocks)).toEqual({ derivations: 0, runs: 0, notWhole: 1 })
  expect((await recall(repository.blocks, derivation)).runs).toEqual([])
  expect(await repository.verify()).toMatchObject({ ok: true })
})
