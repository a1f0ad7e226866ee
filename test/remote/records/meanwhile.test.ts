import { expect, it } from 'vitest'
import { openRepository, push } from '../../../src/index.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { create } from '../../dataset/in-memory.ts'
import { pretendRun } from '../../registry/made-up-runs.ts'
import { watched } from './colleagues.ts'

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
