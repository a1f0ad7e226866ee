import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import { cidText } from '../../src/cid/cid.ts'
import { encodeCbor } from '../../src/codec/dag-cbor.ts'
import { DROPPED_REF, listingCodec, listingOf } from '../../src/dataset/dropped-listings.ts'
import { Repository } from '../../src/dataset/repository.ts'
import { scanTree } from '../../src/manifest/read-tree.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { derivedSource } from '../../src/recipe/derived-source.ts'
import { derivedOutputs, type EvictDerivedOptions } from '../../src/recipe/evict-derived.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from '../dataset/in-memory.ts'
import { pretend } from './made-up-derivations.ts'

async function source(repository: Repository, content: string, ref = 'raw'): Promise<void> {
  await repository.snapshot([{ path: 'file', content }], { ref })
}

async function verdicts(repository: Repository, options?: EvictDerivedOptions): Promise<readonly (readonly [string, boolean, string])[]> {
  return (await derivedOutputs(repository.blocks, options)).map(({ recipe, evictable, reason }) => [recipe, evictable, reason] as const)
}

async function evict(repository: Repository, options?: EvictDerivedOptions): Promise<readonly string[]> {
  const alsoEvict = async () => (await derivedOutputs(repository.blocks, options)).filter(({ evictable }) => evictable).map(({ cid }) => cid)
  return (await repository.collectGarbage({ alsoEvict, graceMs: 0 })).evictedRoots
}

describe('derived data', () => {
  it('may go once it came out the same twice, or once if that is trusted', async () => {
    const repository = await create()
    await source(repository, 'raw')
    await pretend(repository, { from: 'raw', to: 'clean' })
    expect(await verdicts(repository)).toEqual([['step', false, expect.stringContaining('once only') as string]])
    expect(await verdicts(repository, { trustOnce: true })).toEqual([['step', true, 'realised identically once']])
    await pretend(repository, { from: 'raw', to: 'clean' })
    expect(await verdicts(repository)).toEqual([['step', true, 'realised identically 2 times']])
  })

  it('stays if its recipe makes no promise, or did not keep it', async () => {
    const repository = await create()
    await source(repository, 'raw')
    for (let run = 0; run < 2; run++) await pretend(repository, { name: 'loose', from: 'raw', to: 'loose', deterministic: 'none' })
    for (const to of ['one', 'two']) await pretend(repository, { name: 'broken', from: 'raw', to })
    const found = new Map((await verdicts(repository, { trustOnce: true })).map(([recipe, evictable, reason]) => [recipe, { evictable, reason }]))
    expect(found.get('loose')).toMatchObject({ evictable: false, reason: expect.stringContaining('does not claim') as string })
    expect(found.get('broken')).toMatchObject({ evictable: false, reason: expect.stringContaining('different results') as string })
  })

  it('is dropped to its record, and refused by name until it is made again', async () => {
    const repository = await create()
    await source(repository, 'raw')
    const { output, derivation } = await pretend(repository, { from: 'raw', to: 'clean' })
    await repository.snapshot([{ path: 'file', content: 'clean' }], { ref: 'clean', source: derivedSource(derivation, 'out') })
    expect(await evict(repository, { trustOnce: true })).toEqual([cidText(output)])
    await expect(repository.read('clean', 'file')).rejects.toMatchObject({ code: 'EVICTED' })
    await expect(repository.read(cidText(output), 'file')).rejects.toMatchObject({ code: 'EVICTED' })
    expect(new TextDecoder().decode(await repository.read('raw', 'file'))).toBe('raw')
    expect((await repository.log('clean').next()).value).toMatchObject({ evicted: true })
    expect(await repository.verify()).toMatchObject({ ok: true })
    // Nothing more goes the next time, and what is gone is not counted as there.
    expect(await evict(repository, { trustOnce: true })).toEqual([])
    await pretend(repository, { from: 'raw', to: 'clean' })
    expect(new TextDecoder().decode(await repository.read('clean', 'file'))).toBe('clean')
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('leaves a listing of what it held until it is there again, which keeps nothing and which a dry run foretells', async () => {
    const repository = await create()
    await source(repository, 'raw')
    const content = Array.from({ length: 1600 }, (_, at) => createHash('sha256').update(String(at)).digest('hex')).join('\n')
    const { output } = await pretend(repository, { from: 'raw', to: content })
    const alsoEvict = async () => (await derivedOutputs(repository.blocks, { trustOnce: true })).filter(({ evictable }) => evictable).map(({ cid }) => cid)
    const { number } = repository.blocks.root
    const planned = await repository.collectGarbage({ alsoEvict, graceMs: 0, dryRun: true })
    await repository.blocks.refresh()
    expect(repository.blocks.root.number).toBe(number)
    const before = (await repository.diskUsage()).totalBytes
    const { live, removed, freedBytes, refs } = await repository.collectGarbage({ alsoEvict, graceMs: 0 })
    expect({ live, removed, freedBytes, refs }).toEqual({ live: planned.live, removed: planned.removed, freedBytes: planned.freedBytes, refs: planned.refs })
    const usage = await repository.diskUsage()
    expect(before - usage.totalBytes).toBeGreaterThan(20_000)
    expect(usage.refs.find(({ name }) => name === DROPPED_REF)).toMatchObject({ exclusiveBlocks: 2 })
    const listing = await listingOf(repository.blocks, output)
    const entries = []
    for await (const { value } of scanTree(repository.blocks, listing ?? output, listingCodec)) entries.push(value)
    expect(entries).toMatchObject([{ kind: 'file', size: utf8(content).length }])
    for (const value of [...entries, { kind: 'symlink', target: utf8('there') }, { kind: 'directory' }] as const) expect(encodeCbor(listingCodec.encode(value))).toHaveLength(listingCodec.weigh(value))
    expect(await repository.verify()).toMatchObject({ ok: true })
    await pretend(repository, { from: 'raw', to: content })
    await repository.collectGarbage({ graceMs: 0 })
    expect(await listingOf(repository.blocks, output)).toBeUndefined()
  })

  it('is source data too where a snapshot that was not derived has the same root, whichever came first', async () => {
    const repository = await create()
    await source(repository, 'raw')
    await pretend(repository, { from: 'raw', to: 'clean' })
    await source(repository, 'clean', 'by-hand')
    expect(await verdicts(repository, { trustOnce: true })).toEqual([['step', false, expect.stringContaining('source data too') as string]])
    const other = await create()
    await source(other, 'raw')
    const { output } = await pretend(other, { from: 'raw', to: 'clean' })
    await evict(other, { trustOnce: true })
    await source(other, 'clean', 'by-hand')
    await other.collectGarbage({ graceMs: 0 })
    expect(new TextDecoder().decode(await other.read('by-hand', 'file'))).toBe('clean')
    expect(new TextDecoder().decode(await other.read(cidText(output), 'file'))).toBe('clean')
    expect(await evict(other, { trustOnce: true })).toEqual([])
  })

  it('stays where it could only be made from itself', async () => {
    const repository = await create()
    for (const [name, from, to] of [['there', 'one', 'two'], ['back', 'two', 'one'], ['same', 'three', 'three']] as const) await pretend(repository, { name, from, to })
    const found = await verdicts(repository, { trustOnce: true })
    expect(found.map(([, evictable]) => evictable)).toEqual([false, false, false])
    expect(found.map(([, , reason]) => reason)).toEqual(Array(3).fill('it could only be made from itself'))
    // With a source, all but that can be made.
    await source(repository, 'one')
    expect(new Map((await verdicts(repository, { trustOnce: true })).map(([recipe, evictable]) => [recipe, evictable]))).toEqual(new Map([['there', true], ['back', false], ['same', false]]))
  })

  it('may go in whole chains, down to the source', async () => {
    const repository = await create()
    await source(repository, 'raw')
    const outputs: string[] = []
    for (const [from, to] of [['raw', 'clean'], ['clean', 'split'], ['split', 'features']] as const) outputs.push(cidText((await pretend(repository, { name: to, from, to })).output))
    expect([...(await evict(repository, { trustOnce: true }))].sort()).toEqual(outputs.sort())
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('that comes back while garbage is collected is not taken for dead', async () => {
    const storage = new MemoryStorage()
    const repository = await create(storage)
    await source(repository, 'raw')
    const { derivation, output } = await pretend(repository, { from: 'raw', to: 'clean' })
    await repository.snapshot([{ path: 'file', content: 'clean' }], { ref: 'clean', source: derivedSource(derivation, 'out') })
    await evict(repository, { trustOnce: true })
    // Something to do.
    await source(repository, 'garbage', 'garbage')
    await repository.deleteRef('garbage')
    const other = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    let calls = 0
    await repository.collectGarbage({
      graceMs: 0,
      // The collection goes on from the state of before, passes the root by, finds that it was overtaken, and has to look again.
      alsoEvict: async () => {
        if (calls++ === 0) await pretend(other, { from: 'raw', to: 'clean' })
        return []
      },
    })
    // Once more, since what had been written down of the root is dropped too.
    expect(calls).toBe(3)
    await repository.collectGarbage({ graceMs: 0 })
    const after = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    expect(new TextDecoder().decode(await after.read(cidText(output), 'file'))).toBe('clean')
    expect(await after.verify()).toMatchObject({ ok: true })
  })
})
