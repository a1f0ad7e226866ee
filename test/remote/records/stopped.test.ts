import { describe, expect, it } from 'vitest'
import { approveModel, moveAlias, openRepository, pull, push, registerModel, resolveModel, type Repository } from '../../../src/index.ts'
import { StorageError } from '../../../src/errors.ts'
import { recordTrees } from '../../../src/remote/records/record-trees.ts'
import { FaultyStorage, type Fault, type StorageCall } from '../../../src/storage/faulty-storage.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { create } from '../../dataset/in-memory.ts'
import { pretend } from '../../recipe/made-up-derivations.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { edgesOf, startsOf, watched } from './colleagues.ts'

/** A run, a derivation, a model and a ref, to be sent with one push. */
async function wholeStory(): Promise<Repository> {
  const repository = await create()
  const { output } = await pretend(repository, { from: 'raw', to: 'features' })
  await repository.snapshot([{ path: 'a', content: 'data' }], { ref: 'data' })
  const { label } = await pretendRun(repository, { inputs: { features: output.toString(), test: 'data' } })
  await registerModel(repository, 'digits', { run: label })
  await moveAlias(repository, 'digits', 'production', 1)
  return repository
}

async function isThere(repository: Repository): Promise<readonly boolean[]> {
  await repository.blocks.refresh()
  return [...Object.values(await recordTrees(repository.blocks)), await repository.blocks.getRef('data')].map((tree) => tree !== undefined)
}

const ALL = [true, true, true, true, true, true]
const NONE = [false, false, false, false, false, false]
const kinds: readonly ((call: StorageCall) => Fault | undefined)[] = [() => ({ type: 'before', error: new StorageError('lost') }), () => ({ type: 'after', error: new StorageError('lost') })]

describe('a call that fails', () => {
  it.each([0, 1])('leaves refs and records of a push there, all or none, and the next push is whole (kind %i)', async (kind) => {
    const here = await wholeStory()
    for (let failing = 0, isReached = true; isReached; failing += 2) {
      const remote = new MemoryStorage()
      const faulty = new FaultyStorage(remote, (call) => (call.index === failing ? kinds[kind]?.(call) : undefined))
      const outcome = await push(here, { to: faulty }).then(() => 'done', () => 'failed')
      isReached = failing < faulty.calls
      const opened = await openRepository(remote, { create: true })
      const there = await isThere(opened)
      expect([ALL, NONE]).toContainEqual(there)
      if (outcome === 'done') expect(there).toEqual(ALL)
      await push(here, { to: remote })
      expect(await isThere(opened)).toEqual(ALL)
      expect(await opened.verify(), `call ${failing}`).toMatchObject({ ok: true })
    }
  }, 60_000)

  it('leaves refs and records of a pull there, all or none, and the next pull is whole', async () => {
    const [source, remote] = [await wholeStory(), new MemoryStorage()]
    await push(source, { to: remote })
    for (let failing = 0, isReached = true; isReached; failing++) {
      const here = await create()
      const faulty = new FaultyStorage(remote, (call) => (call.index === failing ? kinds[0]?.(call) : undefined))
      const outcome = await pull(here, { from: faulty }).then(() => 'done', () => 'failed')
      isReached = failing < faulty.calls
      expect(await isThere(here)).toEqual(outcome === 'done' ? ALL : NONE)
      await pull(here, { from: remote })
      expect(await here.verify(), `call ${failing}`).toMatchObject({ ok: true })
      expect(await edgesOf(here, 'digits@1')).toEqual(await edgesOf(source, 'digits@1'))
    }
  }, 60_000)
})

describe('somebody who pushes meanwhile', () => {
  it('loses nothing and costs nobody anything, whenever that is: runs get the next numbers', async () => {
    let renumbered = 0
    for (let at = 0, isReached = true; isReached; at += 2) {
      const [ada, bob, remote] = [await create(), await create(), new MemoryStorage()]
      const adas = await pretendRun(ada)
      await push(ada, { to: remote })
      await pull(bob, { from: remote })
      const bobs = await pretendRun(bob)
      const adasNext = await pretendRun(ada)
      const { storage, calls } = watched(remote, async (call) => {
        if (call === at) await push(ada, { to: remote })
      })
      const pushed = await push(bob, { to: storage })
      isReached = at < calls()
      renumbered += pushed.records?.runs.renumbered.length ?? 0
      const opened = await openRepository(remote)
      const starts = await startsOf(opened)
      expect(Object.values(starts).toSorted(), `call ${at}`).toEqual([adas, bobs, ...(isReached ? [adasNext] : [])].map(({ start }) => start.toString()).toSorted())
      expect(await opened.verify(), `call ${at}`).toMatchObject({ ok: true })
    }
    expect(renumbered).toBeGreaterThan(5)
  }, 60_000)

  it('with the same model is told apart there: one version stands, and the other side is told', async () => {
    const [ada, bob, remote] = [await create(), await create(), new MemoryStorage()]
    for (const who of [ada, bob]) {
      await pretendRun(who)
      await registerModel(who, 'digits', { run: 'train' })
      await approveModel(who, 'digits@1', { by: 'somebody' })
    }
    const results = await Promise.all([ada, bob].map(async (who) => push(who, { to: remote })))
    expect(results.map(({ records }) => records?.models.refused.length ?? 0).toSorted((a, b) => a - b)).toEqual([0, 1])
    const opened = await openRepository(remote)
    const ids = await Promise.all([ada, bob].map(async (who) => (await resolveModel(who, 'digits@1')).id))
    expect(ids).toContain((await resolveModel(opened, 'digits@1')).id)
    expect(Object.keys(await startsOf(opened))).toEqual(['train#2', 'train#1'])
    expect(await opened.verify()).toMatchObject({ ok: true })
  })

  it('or who goes on here: what a run of now reads and makes is not taken for what the other side has', async () => {
    for (let at = 0, isReached = true; isReached; at++) {
      const [here, remote] = [await create(), new MemoryStorage()]
      const { root } = await here.snapshot([{ path: 'a', content: 'data that no ref names any more' }], { ref: 'data' })
      await here.deleteRef('data')
      const code = { 'train.mjs': `code of ${at}` }
      await pretendRun(here, { inputs: { train: root }, code })
      const { storage, calls } = watched(remote, async (call) => {
        if (call === at) await pretendRun(here, { inputs: { train: root }, code })
      })
      await push(here, { to: storage })
      isReached = at < calls()
      expect(await (await openRepository(remote)).verify(), `call ${at}`).toMatchObject({ ok: true })
    }
  }, 60_000)
})
