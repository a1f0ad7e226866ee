import { expect, it } from 'vitest'
import type { Repository } from '../../src/dataset/repository.ts'
import { listModels, modelHistory, moveAlias } from '../../src/registry/models.ts'
import { registerModel } from '../../src/registry/register-model.ts'
import type { ByteRange, StorageCallOptions } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { gather } from '../dataset/in-memory.ts'
import { createWith, pretendRun } from './made-up-runs.ts'

/** Before its n-th read of a block, lets another act run from beginning to end. (Whoever reads state or index makes others in the process wait for it.) */
class InterruptedStorage extends MemoryStorage {
  reads = 0
  #act: { readonly at: number; readonly work: () => Promise<unknown> } | undefined

  interrupt(at: number, work: () => Promise<unknown>): void {
    this.reads = 0
    this.#act = { at, work }
  }

  get happened(): boolean {
    return this.#act === undefined
  }

  override async get(key: string, options?: StorageCallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    const act = this.#act
    if (key.startsWith('packs/') && ++this.reads === act?.at) {
      this.#act = undefined
      await act.work()
    }
    return super.get(key, options)
  }
}

async function prepared(): Promise<{ readonly storage: InterruptedStorage; readonly repository: Repository }> {
  const storage = new InterruptedStorage()
  const repository = await createWith({ storage })
  await pretendRun(repository)
  await registerModel(repository, 'digits', { run: 'train', why: 'first' })
  await registerModel(repository, 'digits', { run: 'train', why: 'second' })
  await moveAlias(repository, 'digits', 'production', 1, { why: 'first' })
  return { storage, repository }
}

/** Does something once for each moment at which another act can come between. */
async function atEachMoment(work: (repository: Repository) => Promise<unknown>, other: (repository: Repository) => Promise<unknown>, check: (repository: Repository) => Promise<void>): Promise<number> {
  for (let at = 1; ; at++) {
    const { storage, repository } = await prepared()
    storage.interrupt(at, () => other(repository))
    await work(repository)
    if (!storage.happened) return at - 1
    await check(repository)
  }
}

it('a version that is registered while another one is, at whatever moment, takes no number from it', async () => {
  const moments = await atEachMoment(
    (repository) => registerModel(repository, 'digits', { run: 'train', why: 'one' }), (repository) => registerModel(repository, 'digits', { run: 'train', why: 'other' }),
    async (repository) => {
      const listed = await gather(listModels(repository, 'digits'))
      expect(listed.map(({ number }) => number)).toEqual([4, 3, 2, 1])
      expect(new Set(listed.slice(0, 2).map(({ why }) => why))).toEqual(new Set(['one', 'other']))
    },
  )
  expect(moments).toBeGreaterThan(10)
})

it('an alias that is moved while it is moved, at whatever moment, keeps both moves', async () => {
  const moments = await atEachMoment(
    (repository) => moveAlias(repository, 'digits', 'production', 2, { why: 'one' }), (repository) => moveAlias(repository, 'digits', 'production', 1, { why: 'other' }),
    async (repository) => {
      const moves = await modelHistory(repository, 'digits')
      expect([moves.length, new Set(moves.map(({ why }) => why))]).toEqual([3, new Set(['first', 'one', 'other'])])
      for (const [at, move] of moves.entries()) expect(move.before).toBe(moves[at + 1]?.after ?? null)
    },
  )
  expect(moments).toBeGreaterThan(5)
})
