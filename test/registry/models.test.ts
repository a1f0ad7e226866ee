import { describe, expect, it } from 'vitest'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { checkModel } from '../../src/registry/check/check-run.ts'
import { compareModels } from '../../src/registry/compare-models.ts'
import { approveModel, listModels, modelAliasesAt, modelHistory, moveAlias, resolveModel } from '../../src/registry/models.ts'
import { registerModel } from '../../src/registry/register-model.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { parseCid } from '../../src/cid/cid.ts'
import { readRunRecord } from '../../src/run/run-checkpoint.ts'
import { RUNS_REF } from '../../src/run/run-tree.ts'
import { USES_REF } from '../../src/run/run-uses.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { gather } from '../dataset/in-memory.ts'
import { Clock, COMMIT, createWith, pretendRun } from './made-up-runs.ts'

async function withVersions(count: number, clock?: Clock): Promise<Repository> {
  const repository = await createWith(clock === undefined ? {} : { clock })
  for (let number = 1; number <= count; number++) {
    const { label } = await pretendRun(repository, { artifacts: { model: `weights ${number}` } })
    await registerModel(repository, 'digits', { run: label, why: `number ${number}`, by: 'ada' })
  }
  return repository
}

const end = (date: string): number => Date.parse(`${date}T23:59:59.999Z`)

describe('versions of a model', () => {
  it('are numbered from 1 by name, and lead to weights, run, data, code, configuration and evaluation', async () => {
    const repository = await createWith()
    const { root } = await repository.snapshot([{ path: 'a', content: 'data' }], { ref: 'data' })
    const { root: test } = await repository.snapshot([{ path: 'b', content: 'other data' }], { ref: 'test' })
    const run = await pretendRun(repository, { inputs: { train: 'data' } })
    const first = await registerModel(repository, 'digits', { run: run.label, artifact: 'model', evaluation: { metrics: { accuracy: 0.98, per: [1, 2] }, on: 'test' }, why: 'good', by: 'ada' })
    expect(first).toMatchObject({
      name: 'digits', number: 1, label: 'digits@1', artifact: 'model', root: run.artifacts[0]?.root.toString(), run: { label: 'train#1', id: run.start.toString(), record: run.record?.toString() },
      inputs: [{ name: 'train', revision: 'data', root }], commit: COMMIT, evaluation: { metrics: { accuracy: 0.98, per: [1, 2] }, revision: 'test', root: test }, aliases: [], approvals: [], why: 'good', by: 'ada',
    })
    expect(first.code).toMatch(/^baf/)
    expect(first).toMatchObject({ configHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string, parameters: [{ key: 'rate', value: 0.1, origin: { layer: 'program' } }], seed: '7' })
    expect(await registerModel(repository, 'other', { run: 'train' })).toMatchObject({ number: 1, label: 'other@1' })
    expect(await registerModel(repository, 'digits', { run: 'train' })).toMatchObject({ number: 2 })
    expect((await gather(listModels(repository))).map(({ label }) => label)).toEqual(['digits@2', 'digits@1', 'other@1'])
    // What the refs point to later is not what was pinned.
    await repository.snapshot([{ path: 'b', content: 'changed' }], { ref: 'test' })
    expect(await resolveModel(repository, 'digits@1')).toEqual(first)
  })

  it('stay as they are, whatever happens to them', async () => {
    const repository = await withVersions(2)
    const before = await resolveModel(repository, 'digits@1')
    await moveAlias(repository, 'digits', 'production', 1, { by: 'ada' })
    await approveModel(repository, 'digits@1', { by: 'grace' })
    await registerModel(repository, 'digits', { run: 'train' })
    const after = await resolveModel(repository, 'digits@1')
    expect(after).toEqual({ ...before, aliases: ['production'], approvals: [{ by: 'grace', at: expect.any(String) as string, why: null }] })
    expect(after.id).toBe(before.id)
  })

  it('all get numbers when they are registered at once, in one process and by several', async () => {
    const storage = new MemoryStorage()
    const repository = await createWith({ storage })
    await pretendRun(repository)
    const others = await Promise.all([1, 2].map(async () => new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))))
    const made = await Promise.all([repository, repository, repository, ...others, ...others].map((each, at) => registerModel(each, 'digits', { run: 'train', why: `writer ${at}` })))
    expect(new Set(made.map(({ number }) => number))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]))
    await repository.blocks.refresh()
    const listed = await gather(listModels(repository, 'digits'))
    expect(listed.map(({ number }) => number)).toEqual([7, 6, 5, 4, 3, 2, 1])
    expect(new Set(listed.map(({ why }) => why)).size).toBe(7)
  })

  it('are found by number, alias or name, and nothing else is taken for one', async () => {
    const repository = await withVersions(2)
    await moveAlias(repository, 'digits', 'production', 1)
    expect(await Promise.all(['digits@2', 'digits@production', 'digits'].map(async (text) => (await resolveModel(repository, text)).number))).toEqual([2, 1, 2])
    // 2^32 + 1 would come round to the key of version 1.
    for (const absent of ['digits@3', 'digits@0', 'digits@4294967297', 'digits@99999999999999999999', 'digits@staging', 'letters', 'letters@1']) {
      await expect(resolveModel(repository, absent), absent).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    await expect(moveAlias(repository, 'digits', 'production', 1.5)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(moveAlias(repository, 'digits', 'production', 2 ** 32 + 1)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await modelHistory(repository, 'digits')).toHaveLength(1)
  })

  it.each(['', '@', 'digits@', '@production', 'a@b@c', '../x', 'a//b', '_varve/models', 'a b', 'a\0b', 'a\nb', '-x', '__proto__@1 ', 'x'.repeat(300)])('have no name such as %j', async (name) => {
    const repository = await withVersions(1)
    await expect(resolveModel(repository, name)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(registerModel(repository, name, { run: 'train' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it.each(['3', '007', '0', 'a/b', 'a@b', '', ' ', '_varve', '\u202eproduction'])('have no alias such as %j', async (alias) => {
    const repository = await withVersions(1)
    await expect(moveAlias(repository, 'digits', alias, 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('may be called what objects inherit', async () => {
    const repository = await withVersions(1)
    await registerModel(repository, '__proto__', { run: 'train' })
    await moveAlias(repository, '__proto__', 'constructor', 1)
    expect(await resolveModel(repository, '__proto__@constructor')).toMatchObject({ label: '__proto__@1', aliases: ['constructor'] })
  })

  it('are compared by what they are made of, and by metrics on the same data alone', async () => {
    const repository = await createWith()
    await repository.snapshot([{ path: 'a', content: '1' }], { ref: 'data' })
    await repository.snapshot([{ path: 'a', content: '2' }], { ref: 'test' })
    const [one, two] = [await pretendRun(repository, { inputs: { train: 'data' } }), await pretendRun(repository, { inputs: { train: 'test' }, config: { rate: 0.2 }, artifacts: { model: 'better' } })]
    await registerModel(repository, 'digits', { run: one.label, evaluation: { metrics: { accuracy: 0.9 }, on: 'test' } })
    await registerModel(repository, 'digits', { run: two.label, evaluation: { metrics: { accuracy: 0.95, loss: 1 }, on: 'test' } })
    await registerModel(repository, 'digits', { run: two.label, evaluation: { metrics: { accuracy: 0.99 }, on: 'data' } })
    const { differences, metrics, isSameEvaluationData } = await compareModels(repository, 'digits@1', 'digits@2')
    expect(differences.map(({ what }) => what)).toEqual(['weights', 'run', 'input train', 'config rate'])
    expect(differences.at(-1)).toEqual({ what: 'config rate', first: 0.1, second: 0.2 })
    expect(metrics).toEqual([{ name: 'accuracy', first: 0.9, second: 0.95 }, { name: 'loss', first: null, second: 1 }])
    expect(isSameEvaluationData).toBe(true)
    expect(await compareModels(repository, 'digits@2', 'digits@3')).toMatchObject({ differences: [], isSameEvaluationData: false })
  })
})

it('what a model is made of stays when garbage is collected, and verify follows it', async () => {
  const repository = await createWith()
  await repository.snapshot([{ path: 'a', content: 'data to test on' }], { ref: 'test' })
  await pretendRun(repository)
  const { evaluation, root, run } = await registerModel(repository, 'digits', { run: 'train', evaluation: { metrics: { a: 1 }, on: 'test' } })
  await moveAlias(repository, 'digits', 'production', 1)
  await moveAlias(repository, 'digits', 'production', null)
  await approveModel(repository, 'digits', { by: 'grace' })
  await repository.deleteRef('test')
  // Nothing but the model leads to run and data any more.
  await repository.blocks.withSession(async (session) => void (await session.commit({ action: 'test', refs: [RUNS_REF, USES_REF].map((name) => ({ name, target: null, own: true })) })))
  await repository.collectGarbage({ graceMs: 0 })
  for (const kept of [evaluation?.root ?? '', root]) expect((await repository.verify(kept)).ok).toBe(true)
  expect((await repository.verify()).ok).toBe(true)
  expect(await resolveModel(repository, 'digits')).toMatchObject({ run: { id: run.id }, approvals: [{ by: 'grace' }] })
  expect(await modelHistory(repository, 'digits')).toHaveLength(2)
  expect((await checkModel(repository, 'digits')).items.filter(({ status }) => status === 'missing').map(({ id }) => id)).toEqual(['inputs', 'provenance'])
  expect((await readRunRecord(repository.blocks, parseCid(run.record))).status).toBe('succeeded')
})

describe('aliases', () => {
  it('keep every move with who, when, why, before and after', async () => {
    const clock = new Clock('2026-01-10T12:00:00Z')
    const repository = await withVersions(3, clock)
    await moveAlias(repository, 'digits', 'production', 1, { why: 'the first', by: 'ada' })
    clock.set('2026-02-10T12:00:00Z')
    await moveAlias(repository, 'digits', 'production', 3, { why: 'better', by: 'grace' })
    await moveAlias(repository, 'digits', 'staging', 2, { by: 'ada' })
    clock.set('2026-03-10T12:00:00Z')
    expect(await moveAlias(repository, 'digits', 'production', 2, { why: 'rolled back', by: 'ada' })).toEqual({ alias: 'production', at: '2026-03-10T12:00:00.000Z', by: 'ada', why: 'rolled back', before: 3, after: 2, isBackdated: false })
    clock.set('2026-04-10T12:00:00Z')
    await moveAlias(repository, 'digits', 'production', null, { why: 'retired', by: 'ada' })
    const moves = await modelHistory(repository, 'digits')
    expect(moves.map(({ alias, at, by, why, before, after }) => [alias, at.slice(0, 10), by, why, before, after])).toEqual([
      ['production', '2026-04-10', 'ada', 'retired', 2, null], ['production', '2026-03-10', 'ada', 'rolled back', 3, 2], ['production', '2026-02-10', 'grace', 'better', 1, 3], ['staging', '2026-02-10', 'ada', null, null, 2],
      ['production', '2026-01-10', 'ada', 'the first', null, 1],
    ])
    expect(await modelHistory(repository, 'digits', 'staging')).toHaveLength(1)
    const operations = (await gather(repository.blocks.operations())).filter(({ action }) => action === 'model-alias')
    expect(operations.map(({ message, actor }) => [message, actor])).toEqual([['the first', 'ada'], ['better', 'grace'], ['digits@staging: 2', 'ada'], ['rolled back', 'ada'], ['retired', 'ada']])
  })

  it('tell what was in production at a time', async () => {
    const clock = new Clock('2026-01-10T12:00:00Z')
    const repository = await withVersions(2, clock)
    clock.set('2026-02-10T12:00:00Z')
    await registerModel(repository, 'digits', { run: 'train' })
    await moveAlias(repository, 'digits', 'production', 1, { by: 'ada' })
    clock.set('2026-03-10T12:00:00Z')
    await approveModel(repository, 'digits@1', { by: 'grace' })
    await moveAlias(repository, 'digits', 'production', 3, { by: 'grace' })
    clock.set('2026-04-10T12:00:00Z')
    await moveAlias(repository, 'digits', 'production', null)
    const at = async (date: string, text = 'digits@production'): Promise<unknown> => (await resolveModel(repository, text, { at: end(date) })).number
    expect([await at('2026-02-10'), await at('2026-03-09'), await at('2026-03-10'), await at('2026-04-09')]).toEqual([1, 1, 3, 3])
    for (const date of ['2026-02-09', '2026-04-10']) await expect(at(date), date).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect([await at('2026-01-10', 'digits'), await at('2026-02-10', 'digits')]).toEqual([2, 3])
    await expect(at('2026-01-09', 'digits')).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('had no version yet') as string })
    expect(await resolveModel(repository, 'digits@1', { at: end('2026-03-01') })).toMatchObject({ aliases: ['production'], approvals: [] })
    expect(await resolveModel(repository, 'digits@1', { at: end('2026-03-11') })).toMatchObject({ aliases: [], approvals: [{ by: 'grace' }] })
    expect(await modelAliasesAt(repository, 'digits', end('2026-03-15'))).toMatchObject([{ alias: 'production', before: 1, after: 3, by: 'grace' }])
    expect(await modelAliasesAt(repository, 'digits', end('2026-05-01'))).toEqual([])
  })

  it('keep the order of their moves when a clock goes back, and say that it did', async () => {
    const clock = new Clock('2026-02-01T00:00:00Z')
    const repository = await withVersions(3, clock)
    await moveAlias(repository, 'digits', 'production', 1)
    clock.set('2026-01-01T00:00:00Z')
    await moveAlias(repository, 'digits', 'production', 2)
    clock.set('2026-03-01T00:00:00Z')
    await moveAlias(repository, 'digits', 'production', 3)
    expect((await modelHistory(repository, 'digits')).map(({ before, after, isBackdated }) => [before, after, isBackdated])).toEqual([[2, 3, false], [1, 2, true], [null, 1, false]])
    // The last move that is not later: the second one took the place of the first, whatever its clock said.
    expect(await resolveModel(repository, 'digits@production', { at: end('2026-02-15') })).toMatchObject({ number: 2 })
    expect(await resolveModel(repository, 'digits@production')).toMatchObject({ number: 3 })
  })

  it('that are moved at once are moved one after the other, each from where the one before left it', async () => {
    const storage = new MemoryStorage()
    const repository = await createWith({ storage })
    for (let number = 1; number <= 3; number++) {
      await pretendRun(repository, { artifacts: { model: `weights ${number}` } })
      await registerModel(repository, 'digits', { run: 'train' })
    }
    const other = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    await Promise.all([1, 2, 3, 1, 2, 3].map((number, at) => moveAlias(at % 2 === 0 ? repository : other, 'digits', 'production', number, { why: `move ${at}` })))
    await repository.blocks.refresh()
    const moves = [...(await modelHistory(repository, 'digits'))].reverse()
    expect(moves).toHaveLength(6)
    expect(new Set(moves.map(({ why }) => why)).size).toBe(6)
    for (const [at, move] of moves.entries()) expect(move.before).toBe(moves[at - 1]?.after ?? null)
  })
})

describe('approvals', () => {
  it('need a name, and gather', async () => {
    const repository = await withVersions(1)
    await expect(approveModel(repository, 'digits', {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(approveModel(repository, 'digits', { by: ' ' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await approveModel(repository, 'digits', { by: 'grace', why: 'read it' })
    expect((await approveModel(repository, 'digits@1', { by: 'joan' })).approvals.map(({ by, why }) => [by, why])).toEqual([['grace', 'read it'], ['joan', null]])
  })
})
