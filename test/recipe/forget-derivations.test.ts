import { describe, expect, it } from 'vitest'
import { type CID, cidText } from '../../src/cid/cid.ts'
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
    const alsoForget = async (blocks: BlockRepository, dropped: readonly CID[]) => void forgotten.push(...(await forgetDerivations(blocks, { dropped })).map(({ recipe }) => recipe))
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
    const other = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    const { blocks } = repository
    const withSession = blocks.withSession.bind(blocks)
    let calls = 0
    blocks.withSession = async (work, options) => {
      if (calls++ === 0) await other.snapshot([{ path: 'file', content: 'clean' }], { ref: 'clean', source: derivedSource(derivation, 'out') })
      return withSession(work, options)
    }
    expect(await forgetDerivations(blocks)).toEqual([])
    expect(calls).toBe(1)
    expect((await recall(blocks, derivation)).runs).toHaveLength(1)
  })
})
