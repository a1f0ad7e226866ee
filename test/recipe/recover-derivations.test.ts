import { expect, it } from 'vitest'
import { type CID, cidOf, cidText, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { derivedOutputs } from '../../src/recipe/evict-derived.ts'
import type { RunStatus } from '../../src/recipe/interface.ts'
import { pinnedRun, recall, remember } from '../../src/recipe/memory.ts'
import { recoverDerivations } from '../../src/recipe/recover-derivations.ts'
import { encodeRun } from '../../src/recipe/run-object.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from '../dataset/in-memory.ts'
import { dataset, pretend, runOf } from './made-up-derivations.ts'

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

it('garbage that is collected while records are looked for is not remembered', async () => {
  const storage = new MemoryStorage()
  const before = await create(storage)
  await before.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
  await pretend(before, { name: 'clean', from: 'raw', to: 'clean' })
  const repository = await loseLog(storage)
  const { blocks } = repository
  const withSession = blocks.withSession.bind(blocks)
  let collections = 0
  blocks.withSession = async (work, options) => {
    if (collections++ === 0) await new Repository(await BlockRepository.open(storage, { platform: nodePlatform })).collectGarbage({ graceMs: 0 })
    return withSession(work, options)
  }
  expect(await recoverDerivations(blocks)).toMatchObject({ derivations: 0, runs: 0 })
  expect(collections).toBeGreaterThan(0)
  expect(await repository.verify()).toMatchObject({ ok: true })
  await repository.collectGarbage({ graceMs: 0 })
})

it('a run of which anything is gone is left out, be it only what its units wrote', async () => {
  const repository = await create()
  const { blocks } = repository
  await repository.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
  const { derivation } = await pretend(repository, { name: 'clean', from: 'raw', to: 'clean' })
  const written = cidOf(blocks.hasher, DAG_CBOR_CODE, encodeCbor(['nowhere']))
  await blocks.withSession(async (session) => {
    const run = runOf(derivation, 'succeeded', [{ name: 'out', root: await dataset(repository, session, 'clean') }], await dataset(repository, session, 'log'))
    await session.put(DAG_CBOR_CODE, encodeRun({ ...run, units: { ran: 1, remembered: 0, basis: null, written } }))
    await session.checkpoint()
  })
  expect(await recoverDerivations(blocks)).toEqual({ derivations: 0, runs: 0, notWhole: 1 })
  expect((await recall(blocks, derivation)).runs).toHaveLength(1)
  expect(await repository.verify()).toMatchObject({ ok: true })
})

it('of runs that overlapped, the one that ended first counts again; of failures the newest few come back, once', async () => {
  const storage = new MemoryStorage()
  const before = await create(storage)
  await before.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
  const { derivation } = await pretend(before, { from: 'raw', to: 'nothing', status: 'failed' })
  const add = (to: string, started: string, ended: string, status: RunStatus = 'succeeded'): Promise<CID> => before.blocks.withSession(async (session) => {
    const root = await dataset(before, session, to)
    await remember(before.blocks, session, { ...runOf(derivation, status, [{ name: 'out', root }], await dataset(before, session, 'log')), started, ended }, { action: 'derive', message: '' })
    return root
  })
  const first = await add('first', '2026-02-01T11:00:00.000Z', '2026-02-01T11:10:00.000Z')
  await add('second', '2026-02-01T10:00:00.000Z', '2026-02-01T12:00:00.000Z')
  for (let hour = 10; hour < 30; hour++) await add(`failed ${hour}`, `2026-02-02T00:${hour}:00.000Z`, `2026-02-02T00:${hour}:00.000Z`, 'failed')
  const known = await recall(before.blocks, derivation)
  const repository = await loseLog(storage)
  expect(await recoverDerivations(repository.blocks)).toEqual({ derivations: 1, runs: 18, notWhole: 0 })
  const again = await recall(repository.blocks, derivation)
  expect(again).toEqual(known)
  expect(cidText(pinnedRun(again)?.outputs[0]?.root ?? derivation)).toBe(cidText(first))
  expect(await recoverDerivations(repository.blocks)).toEqual({ derivations: 0, runs: 0, notWhole: 0 })
})

it('what is remembered keeps its place: what is found beside it takes nobody’s', async () => {
  const repository = await create()
  const { derivation } = await pretend(repository, { from: 'raw', to: 'known' })
  const [known] = (await recall(repository.blocks, derivation)).runs
  await repository.blocks.withSession(async (session) => {
    const earlier = { ...runOf(derivation, 'succeeded', [{ name: 'out', root: await dataset(repository, session, 'forgotten') }], await dataset(repository, session, 'log')), started: '2020-01-01', ended: '2020-01-01' }
    await session.put(DAG_CBOR_CODE, encodeRun(earlier))
    await session.checkpoint()
  })
  expect(await recoverDerivations(repository.blocks)).toEqual({ derivations: 1, runs: 1, notWhole: 0 })
  expect((await recall(repository.blocks, derivation)).runs).toMatchObject([{ cid: known?.cid }, { started: '2020-01-01' }])
})
