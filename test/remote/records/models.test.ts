import { describe, expect, it } from 'vitest'
import type { Repository } from '../../../src/index.ts'
import { approveModel, modelHistory, moveAlias, registerModel, removeModel, resolveModel } from '../../../src/index.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { colleagues, type Colleagues, opened } from './colleagues.ts'

async function version(who: Repository, weights: string, by: string): Promise<void> {
  const { label } = await pretendRun(who, { artifacts: { model: weights } })
  await registerModel(who, 'digits', { run: label, by })
}

/** Both have digits@1, which is in production. */
async function begun(): Promise<Colleagues> {
  const all = await colleagues()
  await version(all.ada, 'first', 'ada')
  await moveAlias(all.ada, 'digits', 'production', 1, { by: 'ada' })
  await all.send(all.ada)
  await all.take(all.bob)
  return all
}

describe('models', () => {
  it('go over with versions, evaluation, aliases and approvals', async () => {
    const { ada, bob, send, take } = await colleagues()
    await ada.snapshot([{ path: 'a', content: 'data' }], { ref: 'test' })
    const { label } = await pretendRun(ada)
    await registerModel(ada, 'digits', { run: label, evaluation: { metrics: { accuracy: 0.9 }, on: 'test' }, by: 'ada' })
    await moveAlias(ada, 'digits', 'production', 1, { by: 'ada' })
    await approveModel(ada, 'digits@1', { by: 'grace' })
    expect((await send(ada)).records?.models).toEqual({ versions: 1, events: 2, refused: [] })
    expect((await take(bob)).records?.models).toEqual({ versions: 1, events: 2, refused: [] })
    expect(await resolveModel(bob, 'digits@production')).toEqual(await resolveModel(ada, 'digits@production'))
    expect(await modelHistory(bob, 'digits')).toEqual(await modelHistory(ada, 'digits'))
    expect((await send(bob)).records?.models).toEqual({ versions: 0, events: 0, refused: [] })
  })

  it('go on wherever somebody went on, versions and events each by themselves', async () => {
    const { ada, bob, send, take } = await begun()
    await version(ada, 'second', 'ada')
    await moveAlias(bob, 'digits', 'staging', 1, { by: 'bob' })
    expect((await send(ada)).records?.models).toMatchObject({ versions: 1, events: 0, refused: [] })
    expect((await send(bob)).records?.models).toMatchObject({ versions: 0, events: 1, refused: [] })
    await moveAlias(ada, 'digits', 'production', 2, { by: 'ada' })
    await send(ada)
    for (const who of [ada, bob]) await take(who)
    for (const who of [ada, bob]) {
      expect((await resolveModel(who, 'digits@production')).number).toBe(2)
      expect((await resolveModel(who, 'digits@staging')).number).toBe(1)
    }
  })

  it('of which both made the same version stay as they are on both sides, with the facts; everything else goes', async () => {
    const { ada, bob, send, take } = await begun()
    await version(ada, 'of ada', 'ada')
    await version(bob, 'of bob', 'bob')
    await registerModel(bob, 'letters', { run: 'train' })
    await bob.snapshot([{ path: 'a', content: 'data' }], { ref: 'data' })
    await send(ada)
    const pushed = await send(bob)
    const [adas, bobs] = [await resolveModel(ada, 'digits@2'), await resolveModel(bob, 'digits@2')]
    expect(pushed).toMatchObject({ refs: [{ ref: 'data', outcome: 'new' }], records: { runs: { added: 1 }, models: { versions: 1, events: 0 } } })
    expect(pushed.records?.models.refused).toEqual([{
      model: 'digits', subject: 'digits@2', kind: 'version', sent: { id: bobs.id, number: 2, by: 'bob', at: bobs.at }, kept: { id: adas.id, number: 2, by: 'ada', at: adas.at }, hint: expect.stringMatching(/varve model register .*varve model remove digits --why .*varve pull/) as string,
    }])
    expect((await take(bob)).records?.models.refused).toMatchObject([{ subject: 'digits@2', sent: { id: adas.id }, kept: { id: bobs.id } }])
    expect((await resolveModel(bob, 'digits@2')).id).toBe(bobs.id)
    expect((await take(ada)).records?.models).toMatchObject({ versions: 1, refused: [] })
    expect((await resolveModel(ada, 'letters@1')).by).toBeNull()
    expect((await send(bob)).records).toMatchObject({ models: { versions: 0, refused: [{ subject: 'digits@2' }] } })
  })

  it('of which both made the same version go on once one of them has registered theirs under another name and removed the model', async () => {
    const { ada, bob, shared, send, take } = await begun()
    await version(ada, 'of ada', 'ada')
    await version(bob, 'of bob', 'bob')
    await send(ada)
    expect((await send(bob)).records?.models.refused).toHaveLength(1)
    const [adas, bobs] = [await resolveModel(ada, 'digits@2'), await resolveModel(bob, 'digits@2')]
    const [removed] = (await removeModel(bob, 'digits', { why: 'ada was first', by: 'bob' })).versions
    expect(removed).toEqual(bobs)
    const { label } = await registerModel(bob, 'digits-bob', { run: bobs.run.label, artifact: bobs.artifact, by: 'bob' })
    expect((await take(bob)).records?.models).toMatchObject({ versions: 2, events: 1, refused: [] })
    expect((await send(bob)).records?.models).toMatchObject({ versions: 1, refused: [] })
    expect((await take(ada)).records?.models).toMatchObject({ versions: 1, refused: [] })
    for (const who of [ada, bob, await opened(shared)]) {
      expect((await resolveModel(who, 'digits@2')).id).toBe(adas.id)
      expect((await resolveModel(who, 'digits@production')).number).toBe(1)
      expect((await resolveModel(who, label)).root).toBe(bobs.root)
    }
    for (const who of [ada, bob]) expect((await send(who)).records?.models).toEqual({ versions: 0, events: 0, refused: [] })
  })

  it('that were removed stay at the remote, and come back with a pull', async () => {
    const { ada, bob, send, take } = await begun()
    const before = await resolveModel(bob, 'digits@production')
    await removeModel(bob, 'digits', { why: 'a test' })
    expect((await send(bob)).records?.models).toEqual({ versions: 0, events: 0, refused: [] })
    await take(ada)
    expect(await resolveModel(ada, 'digits@production')).toEqual(before)
    await take(bob)
    expect(await resolveModel(bob, 'digits@production')).toEqual(before)
  })

  it('with an alias that both moved apart are refused until both point it to the same version; then the histories are put together', async () => {
    const { ada, bob, send, take } = await begun()
    await version(ada, 'second', 'ada')
    await version(ada, 'third', 'ada')
    await send(ada)
    await take(bob)
    await moveAlias(ada, 'digits', 'production', 2, { by: 'ada', why: 'better' })
    await moveAlias(bob, 'digits', 'production', 3, { by: 'bob', why: 'best' })
    await send(ada)
    expect((await send(bob)).records?.models).toMatchObject({ events: 0, refused: [{ subject: 'digits@production', kind: 'alias', sent: { number: 3, by: 'bob' }, kept: { number: 2, by: 'ada' } }] })
    const refused = (await take(bob)).records?.models.refused
    expect(refused).toMatchObject([{ sent: { number: 2, by: 'ada' }, kept: { number: 3, by: 'bob' } }])
    expect(refused?.[0]?.hint).toContain('varve model alias digits@production 2')
    expect((await resolveModel(bob, 'digits@production')).number).toBe(3)

    await moveAlias(bob, 'digits', 'production', 2, { by: 'bob', why: 'agreed' })
    expect((await take(bob)).records?.models).toMatchObject({ refused: [] })
    const moves = (await modelHistory(bob, 'digits', 'production')).map(({ by, before, after, why }) => [by, before, after, why])
    expect(moves).toEqual([['bob', 3, 2, 'agreed'], ['bob', 2, 3, 'best'], ['ada', 1, 2, 'better'], ['ada', null, 1, null]])
    expect((await send(bob)).records?.models).toMatchObject({ events: 2, refused: [] })
    await take(ada)
    expect(await modelHistory(ada, 'digits')).toEqual(await modelHistory(bob, 'digits'))
  })

  it('that two have approved have both approvals after a pull', async () => {
    const { ada, bob, send, take } = await begun()
    await approveModel(ada, 'digits@1', { by: 'ada' })
    await approveModel(bob, 'digits@1', { by: 'bob' })
    await send(ada)
    expect((await send(bob)).records?.models.refused).toMatchObject([{ kind: 'approval', subject: 'digits@1', hint: expect.stringContaining('varve pull') as string }])
    await take(bob)
    expect((await send(bob)).records?.models).toMatchObject({ events: 1, refused: [] })
    await take(ada)
    for (const who of [ada, bob]) expect((await resolveModel(who, 'digits@1')).approvals.map(({ by }) => by)).toEqual(['ada', 'bob'])
    expect((await send(ada)).records?.models.events).toBe(0)
  })

  it('are taken over by nobody by force', async () => {
    const { ada, bob, shared, send } = await begun()
    await version(ada, 'of ada', 'ada')
    await version(bob, 'of bob', 'bob')
    await send(ada)
    const { push } = await import('../../../src/index.ts')
    expect((await push(bob, { to: shared, force: true })).records?.models.refused).toHaveLength(1)
  })
})
