import { describe, expect, it } from 'vitest'
import { type CID, cidText } from '../../src/cid/cid.ts'
import type { ForgetRequest } from '../../src/dataset/collect-garbage.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { derivedSource } from '../../src/recipe/derived-source.ts'
import { derivedOutputs } from '../../src/recipe/evict-derived.ts'
import { forgetDerivations, heldRoots, unreachedDerivations } from '../../src/recipe/forget-derivations.ts'
import { recall } from '../../src/recipe/memory.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from '../dataset/in-memory.ts'
import { type MadeUp, pretend } from './made-up-derivations.ts'

/** A run that is remembered, with the ref that it gave its output, if any. */
async function derived(repository: Repository, made: MadeUp, ref?: string): Promise<CID> {
  const { derivation } = await pretend(repository, made)
  if (ref !== undefined) await repository.snapshot([{ path: 'file', content: made.to }], { ref, source: derivedSource(derivation, 'out') })
  return derivation
}

const names = async (repository: Repository): Promise<readonly string[]> => (await unreachedDerivations(repository.blocks)).map(({ recipe }) => recipe).sort()

const opened = async (storage: MemoryStorage): Promise<Repository> => new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))

/** Does something just before the first session; tells how many there were. */
function beforeFirstSession(blocks: BlockRepository, work: () => Promise<unknown>): () => number {
  const session = blocks.session.bind(blocks)
  let calls = 0
  blocks.session = async (options) => {
    if (calls++ === 0) await work()
    return session(options)
  }
  return () => calls
}

describe('a derivation', () => {
  it('is kept by a ref to what it gave, and by what was derived from that; nothing else keeps it', async () => {
    const repository = await create()
    await repository.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
    const clean = await derived(repository, { name: 'clean', from: 'raw', to: 'clean' })
    await derived(repository, { name: 'split', from: 'clean', to: 'split' }, 'split')
    const junk = await derived(repository, { name: 'junk', from: 'raw', to: 'junk' })
    await derived(repository, { name: 'more', from: 'junk', to: 'more junk' })
    await derived(repository, { name: 'broken', from: 'raw', to: 'nothing', status: 'failed' })
    expect(await names(repository)).toEqual(['broken', 'junk', 'more'])
    const [output] = (await recall(repository.blocks, junk)).runs[0]?.outputs ?? []
    const root = cidText(output?.root ?? junk)
    expect((await heldRoots(repository.blocks)).get(root)).toEqual({ derivation: cidText(junk), recipe: 'junk' })
    expect((await forgetDerivations(repository.blocks)).map(({ recipe }) => recipe).sort()).toEqual(['broken', 'junk', 'more'])
    expect(await forgetDerivations(repository.blocks)).toEqual([])
    await repository.collectGarbage({ graceMs: 0 })
    expect((await recall(repository.blocks, junk)).runs).toEqual([])
    expect((await recall(repository.blocks, clean)).runs).toHaveLength(1)
    await expect(repository.read(root, 'file')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    for (const [ref, content] of [['raw', 'raw'], ['split', 'split']] as const) expect(new TextDecoder().decode(await repository.read(ref, 'file'))).toBe(content)
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('of a snapshot that a rule drops is forgotten with it, as the dry run says; what other snapshots are made from stays', async () => {
    const repository = await create()
    for (const version of ['one', 'two']) {
      await repository.snapshot([{ path: 'file', content: `raw ${version}` }], { ref: 'raw' })
      await derived(repository, { name: version, from: `raw ${version}`, to: `clean ${version}` }, 'clean')
    }
    const forgotten: string[] = []
    const alsoForget = async (blocks: BlockRepository, request: ForgetRequest) => void forgotten.push(...(await forgetDerivations(blocks, request)).map(({ recipe }) => recipe))
    const old = (await repository.resolve('clean~1')).root
    const { number } = repository.blocks.root
    const planned = await repository.collectGarbage({ alsoForget, keepLast: 1, graceMs: 0, dryRun: true })
    expect(forgotten.splice(0)).toEqual(['one'])
    await repository.blocks.refresh()
    expect(repository.blocks.root.number).toBe(number)
    const { live, removed, freedBytes, evicted } = await repository.collectGarbage({ alsoForget, keepLast: 1, graceMs: 0 })
    expect(forgotten).toEqual(['one'])
    expect({ live, removed, freedBytes, evicted }).toEqual({ live: planned.live, removed: planned.removed, freedBytes: planned.freedBytes, evicted: planned.evicted })
    await expect(repository.read(cidText(old), 'file')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    for (const ref of ['raw', 'clean']) expect(new TextDecoder().decode(await repository.read(ref, 'file'))).toBe(`${ref} two`)
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('by which dropped data of a ref can be made again stays', async () => {
    const repository = await create()
    await repository.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
    await derived(repository, { name: 'clean', from: 'raw', to: 'clean' })
    await derived(repository, { name: 'split', from: 'clean', to: 'split' }, 'split')
    const alsoEvict = async (blocks: BlockRepository) => (await derivedOutputs(blocks, { trustOnce: true })).filter(({ evictable }) => evictable).map(({ cid }) => cid)
    expect((await repository.collectGarbage({ graceMs: 0, alsoEvict })).evictedRoots).toHaveLength(2)
    expect(await names(repository)).toEqual([])
    await repository.deleteRef('split')
    expect(await names(repository)).toEqual(['clean', 'split'])
  })

  it('to whose output another process gives a ref in that very moment is not forgotten', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    await repository.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
    const derivation = await derived(repository, { name: 'clean', from: 'raw', to: 'clean' })
    const other = await opened(storage)
    const { blocks } = repository
    const sessions = beforeFirstSession(blocks, () => other.snapshot([{ path: 'file', content: 'clean' }], { ref: 'clean', source: derivedSource(derivation, 'out') }))
    expect(await forgetDerivations(blocks)).toEqual([])
    expect(sessions()).toBe(1)
    expect((await recall(blocks, derivation)).runs).toHaveLength(1)
  })

  it('of a snapshot that a rule drops is kept by a tag that the snapshot gets in that very moment', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    for (const version of ['one', 'two']) {
      await repository.snapshot([{ path: 'file', content: `raw ${version}` }], { ref: 'raw' })
      await derived(repository, { name: version, from: `raw ${version}`, to: `clean ${version}` }, 'clean')
    }
    const other = await opened(storage)
    beforeFirstSession(repository.blocks, async () => {
      const { snapshot } = await other.resolve('clean~1')
      if (snapshot === undefined) throw new Error('it has been dropped')
      await other.setRef('clean@keep', cidText(snapshot))
    })
    const forgotten: string[] = []
    const alsoForget = async (blocks: BlockRepository, request: ForgetRequest) => void forgotten.push(...(await forgetDerivations(blocks, request)).map(({ recipe }) => recipe))
    await repository.collectGarbage({ alsoForget, keepLast: 1, graceMs: 0 })
    expect(forgotten).toEqual([])
    expect(new TextDecoder().decode(await repository.read('clean@keep', 'file'))).toBe('clean one')
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('is not said to keep what was dropped, to be made again', async () => {
    const repository = await create()
    for (const version of ['one', 'two']) {
      await repository.snapshot([{ path: 'file', content: `raw ${version}` }], { ref: 'raw' })
      await derived(repository, { name: version, from: `raw ${version}`, to: `clean ${version}` }, 'clean')
    }
    const alsoEvict = async (blocks: BlockRepository) => (await derivedOutputs(blocks, { trustOnce: true })).filter(({ evictable }) => evictable).map(({ cid }) => cid)
    const { evictedRoots } = await repository.collectGarbage({ alsoEvict, keepLast: 1, graceMs: 0 })
    expect(evictedRoots).toHaveLength(2)
    const held = await heldRoots(repository.blocks)
    expect([...held.values()].map(({ recipe }) => recipe).sort()).toEqual(['one', 'two'])
    for (const root of evictedRoots) expect(held.has(root)).toBe(false)
  })
})

describe('others who commit while derivations are forgotten', () => {
  /** Commits before each commit of `repository`, up to `most` times. */
  async function disturbed(count: number, most: number): Promise<{ readonly repository: Repository; readonly reads: () => number; readonly disturbances: () => number }> {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    await repository.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
    for (let at = 0; at < count; at++) await derived(repository, { name: `junk ${at}`, from: 'raw', to: `junk ${at}` })
    const other = await opened(storage)
    const { blocks } = repository
    const [begin, get] = [blocks.session.bind(blocks), blocks.get.bind(blocks)]
    let [disturbances, reads] = [0, 0]
    blocks.session = async (options) => {
      const session = await begin(options)
      const commit = session.commit.bind(session)
      session.commit = async (request) => {
        if (disturbances < most) await other.snapshot([{ path: 'file', content: `other ${++disturbances}` }], { ref: 'busy' })
        return commit(request)
      }
      return session
    }
    blocks.get = (cid) => {
      reads++
      return get(cid)
    }
    return { repository, reads: () => reads, disturbances: () => disturbances }
  }

  it('have it read again what they changed, no more', async () => {
    const [calm, busy] = [await disturbed(20, 0), await disturbed(20, 5)]
    expect(await forgetDerivations(calm.repository.blocks)).toHaveLength(20)
    expect(await forgetDerivations(busy.repository.blocks)).toHaveLength(20)
    expect(busy.disturbances()).toBe(5)
    expect(busy.reads()).toBeLessThan(calm.reads() + 5 * 40)
    expect(await names(busy.repository)).toEqual([])
  })

  it('may not do so for ever, nor can it not be stopped', async () => {
    const { repository } = await disturbed(1, Number.POSITIVE_INFINITY)
    await expect(forgetDerivations(repository.blocks)).rejects.toMatchObject({ code: 'REF_CONFLICT', message: 'Others commit so often that derivations cannot be forgotten' })
    expect(await names(repository)).toEqual(['junk 0'])
    await expect(forgetDerivations(repository.blocks, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })
})
