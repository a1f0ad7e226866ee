import { describe, expect, it } from 'vitest'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { listModels } from '../../src/registry/models.ts'
import { registerModel } from '../../src/registry/register-model.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { gather } from '../dataset/in-memory.ts'
import { createWith, pretendRun } from './made-up-runs.ts'

const count = async (repository: Repository): Promise<number> => (await gather(listModels(repository))).length

describe('a model is not registered', () => {
  it.each([['failed', 'failed'], ['aborted', 'been given up'], ['lost', 'been lost'], ['running', 'is not over']] as const)('of a run whose status is %s', async (status, words) => {
    const repository = await createWith()
    await pretendRun(repository, { status })
    await expect(registerModel(repository, 'digits', { run: 'train', artifact: 'model' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(words) as string })
    expect(await count(repository)).toBe(0)
  })

  it('of a run, an artifact or data that there is not, or of one of several artifacts that is not named', async () => {
    const repository = await createWith()
    await pretendRun(repository, { artifacts: { model: 'a', log: 'b' } })
    await expect(registerModel(repository, 'digits', { run: 'train#2' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(registerModel(repository, 'digits', { run: 'train', artifact: 'weights' })).rejects.toMatchObject({ code: 'NOT_FOUND', hint: expect.stringContaining('log, model') as string })
    await expect(registerModel(repository, 'digits', { run: 'train' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(registerModel(repository, 'digits', { run: 'train', artifact: 'model', evaluation: { metrics: { a: 1 }, on: 'test' } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await repository.snapshot([{ path: 'a', content: 'a' }], { ref: 'test' })
    await expect(registerModel(repository, 'digits', { run: 'train', artifact: 'model', evaluation: { metrics: { a: 1 }, on: 'test:a' } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(registerModel(repository, 'digits', { run: 'train', artifact: 'model', evaluation: { metrics: { a: Number.NaN }, on: 'test' } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await count(repository)).toBe(0)
    expect(await registerModel(repository, 'digits', { run: 'train', artifact: 'model', evaluation: { metrics: { a: 1 }, on: 'test' } })).toMatchObject({ number: 1 })
  })

  it('of an artifact of which a byte is not as it was, wherever that is', async () => {
    const storage = new MemoryStorage()
    const repository = await createWith({ storage })
    const before = new Set((await gather(storage.list(''))).map(({ key }) => key))
    await pretendRun(repository, { artifacts: { model: 'weights that are long enough to be told from all else: 0123456789' } })
    const packs = (await gather(storage.list('packs/'))).map(({ key }) => key).filter((key) => !before.has(key))
    const refused: string[] = []
    for (const key of packs) {
      const bytes = await storage.get(key)
      const at = Buffer.from(bytes).indexOf('weights that')
      if (at < 0) continue
      for (const offset of [0, 20, 60]) {
        const altered = bytes.slice()
        altered[at + offset] = (altered[at + offset] as number) ^ 1
        await storage.delete(key)
        await storage.put(key, altered)
        const damaged = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
        await expect(registerModel(damaged, 'digits', { run: 'train' })).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', message: expect.stringContaining('The artifact model of train#1 is damaged') as string })
        refused.push(key)
      }
      await storage.delete(key)
      await storage.put(key, bytes)
    }
    expect(refused).toHaveLength(3)
    expect(await count(repository)).toBe(0)
    expect(await registerModel(new Repository(await BlockRepository.open(storage, { platform: nodePlatform })), 'digits', { run: 'train' })).toMatchObject({ number: 1 })
  })

  it('of an artifact whose first block, or whose content, is not there', async () => {
    const repository = await createWith()
    const { artifacts: [artifact] } = await pretendRun(repository)
    const root = artifact?.root.toString() ?? ''
    const [entry] = await gather(repository.entries(root))
    const content = entry !== undefined && 'cid' in entry ? entry.cid : ''
    for (const gone of [root, content]) {
      expect(gone).toMatch(/^baf/)
      const missing = without(repository, gone)
      await expect(registerModel(missing, 'digits', { run: 'train' }), gone).rejects.toMatchObject({ code: 'CORRUPT_OBJECT', data: { run: 'train#1', artifact: 'model', root } })
    }
    expect(await count(repository)).toBe(0)
  })
})

/** The same repository, as it is if one block is not in it. */
function without(repository: Repository, cid: string): Repository {
  const { blocks } = repository
  const view = new Proxy(blocks, {
    get(target, key) {
      if (key === 'get') return async (wanted: { toString(): string }) => (wanted.toString() === cid ? target.get('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku') : target.get(wanted.toString()))
      if (key === 'readMany') return async function* (requests: AsyncIterable<{ cid: { toString(): string } }>) {
        for await (const request of requests) {
          if (request.cid.toString() === cid) yield { cid: request.cid, error: await target.get('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku').catch((error: unknown) => error) }
          else yield { cid: request.cid, bytes: await target.get(request.cid.toString()) }
        }
      }
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value
    },
  })
  return new Repository(view)
}
