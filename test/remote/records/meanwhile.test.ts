import { expect, it } from 'vitest'
import { moveAlias, openRepository, pull, push, registerModel, resolveModel } from '../../../src/index.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { create } from '../../dataset/in-memory.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { startsOf, watched } from './colleagues.ts'

it('a run that is begun while others are pushed takes nothing away from what is sent, whenever that is', async () => {
  for (let at = 0, isReached = true; isReached; at += 5) {
    const [here, remote] = [await create(), new MemoryStorage()]
    await pretendRun(here)
    await here.snapshot([{ path: 'a', content: 'data' }], { ref: 'data' })
    const { storage, calls } = watched(remote, async (call) => {
      if (call === at) await pretendRun(here, { status: 'running', inputs: { train: 'data' } })
    })
    await push(here, { to: storage })
    isReached = at < calls()
    const there = await openRepository(remote)
    expect(await there.verify(), `call ${at}`).toMatchObject({ ok: true })
  }
}, 60_000)

it('a model that was refused when a pull was planned is left for the next one, though what refused it has gone meanwhile', async () => {
  let taken = 0
  for (let at = 0, isReached = true; isReached; at += 5) {
    const [ada, bob, remote] = [await create(), await create(), new MemoryStorage()]
    for (const weights of ['first', 'second']) {
      const { label } = await pretendRun(ada, { artifacts: { model: weights } })
      await registerModel(ada, 'digits', { run: label })
      await moveAlias(ada, 'digits', 'production', weights === 'first' ? 1 : 2)
      if (weights === 'first') {
        await push(ada, { to: remote })
        await pull(bob, { from: remote })
      }
    }
    await moveAlias(ada, 'digits', 'production', 1)
    await push(ada, { to: remote })
    await moveAlias(bob, 'digits', 'production', null)
    const { storage, calls } = watched(remote, async (call) => {
      if (call !== at) return
      await moveAlias(bob, 'digits', 'production', 1)
      await pretendRun(bob)
    })
    const { records } = await pull(bob, { from: storage })
    isReached = at < calls()
    taken += records?.models.versions ?? 0
    expect(await bob.verify(), `call ${at}`).toMatchObject({ ok: true })
    if (!isReached) continue
    await pull(bob, { from: remote })
    expect((await resolveModel(bob, 'digits@2')).number).toBe(2)
    expect(await bob.verify(), `call ${at}`).toMatchObject({ ok: true })
  }
  expect(taken).toBeGreaterThan(0)
}, 60_000)

it('a run that is begun here during a pull keeps its number, and the one that comes gets the next', async () => {
  for (let at = 0, isReached = true; isReached; at += 5) {
    const [ada, bob, remote] = [await create(), await create(), new MemoryStorage()]
    const adas = await pretendRun(ada)
    await push(ada, { to: remote })
    let bobs = adas
    const { storage, calls } = watched(remote, async (call) => {
      if (call === at) bobs = await pretendRun(bob)
    })
    await pull(bob, { from: storage })
    isReached = at < calls()
    expect(Object.values(await startsOf(bob)).toSorted(), `call ${at}`).toEqual([...new Set([adas, bobs].map(({ start }) => start.toString()))].toSorted())
  }
}, 60_000)
