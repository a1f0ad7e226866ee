import { expect, it } from 'vitest'
import type { Repository } from '../../src/dataset/repository.ts'
import { scanTree } from '../../src/manifest/read-tree.ts'
import { EVENTS_REF } from '../../src/registry/model-tree.ts'
import { approveModel, listModels, modelHistory, moveAlias } from '../../src/registry/models.ts'
import { registerModel } from '../../src/registry/register-model.ts'
import { removeModel } from '../../src/registry/remove-model.ts'
import { linkCodec } from '../../src/repository/link-codec.ts'
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

it.each([
  ['an alias is moved', (repository: Repository) => moveAlias(repository, 'digits', 'production', 2)],
  ['an alias is taken away', (repository: Repository) => moveAlias(repository, 'digits', 'production', null)],
  ['a version is approved', (repository: Repository) => approveModel(repository, 'digits@1', { by: 'grace' })],
])('a model that is removed while %s, at whatever moment, leaves no event behind', async (_, act) => {
  const ends = new Set<string>()
  const moments = await atEachMoment(
    async (repository) => act(repository).then(() => ends.add('done'), (error: { code: string }) => ends.add(error.code)), async (repository) => removeModel(repository, 'digits', { why: 'a test' }),
    async (repository) => {
      expect(await gather(listModels(repository))).toEqual([])
      const tree = await repository.blocks.getRef(EVENTS_REF)
      expect(tree === undefined ? [] : await gather(scanTree(repository.blocks, tree, linkCodec))).toEqual([])
    },
  )
  expect(moments).toBeGreaterThan(5)
  expect(ends).toEqual(new Set(['NOT_FOUND', 'done']))
})

it('a model that is removed while a version is registered goes with it, or begins again with that version', async () => {
  const moments = await atEachMoment(
    (repository) => removeModel(repository, 'digits', { why: 'a test' }), (repository) => registerModel(repository, 'digits', { run: 'train', why: 'other' }),
    async (repository) => {
      expect(await gather(listModels(repository))).toEqual([])
    },
  )
  expect(moments).toBeGreaterThan(5)
})
