import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RAW_CODE } from '../../../src/cid/cid.ts'
import type { CID } from '../../../src/cid/cid.ts'
import { portablePlatform } from '../../../src/cid/portable-platform.ts'
import type { ManifestEntry } from '../../../src/manifest/interface.ts'
import { ManifestBuilder, verifyManifest } from '../../../src/manifest/manifest.ts'
import { pathFromText, pathToText } from '../../../src/manifest/path.ts'
import { changedUnits } from '../../../src/recipe/map/changed-units.ts'
import { DoneUnits } from '../../../src/recipe/map/done-units.ts'
import { MappedOutputs, type MappedResult } from '../../../src/recipe/map/mapped-outputs.ts'
import { type MapRule, shardOf } from '../../../src/recipe/map/map-rule.ts'
import type { UnitPart } from '../../../src/recipe/map/unit.ts'
import { MemoryBlocks } from '../../memory-blocks.ts'

const hasher = portablePlatform.hasher('sha2-256')
const CHUNKER = 'fastcdc2020-64K-256K-1M'

/** Text of files by their paths. */
type Tree = Readonly<Record<string, string>>

async function manifestOf(blocks: MemoryBlocks, tree: Tree): Promise<CID> {
  const builder = new ManifestBuilder(blocks, CHUNKER)
  for (const entry of entriesOf(blocks, tree)) await builder.add(entry)
  return (await builder.finish()).root
}

function entriesOf(blocks: MemoryBlocks, tree: Tree): ManifestEntry[] {
  const paths = Object.keys(tree).sort((a, b) => (a.replaceAll('/', '\0') < b.replaceAll('/', '\0') ? -1 : 1))
  return paths.map((path) => {
    const bytes = new TextEncoder().encode(tree[path])
    return { path: pathFromText(path), value: { kind: 'file', size: bytes.length, cid: blocks.put(RAW_CODE, bytes) } }
  })
}

/** What a made-up recipe gives for a part: some paths in each of two outputs, none for some parts, decided by what is in it. */
function resultOf(blocks: MemoryBlocks, { name, entries }: UnitPart): (ManifestEntry & { readonly output: number })[] {
  const texts = entries.map(({ path, value }) => `${pathToText(path)}=${new TextDecoder().decode(blocks.get((value as { readonly cid: CID }).cid))}`)
  const sum = texts.join().length
  const paths = Array.from({ length: sum % 4 }, (_none, at) => ({ output: (sum + at) % 2, path: `d${sum % 3}/${name.replaceAll('/', '_')}-${at}` }))
  return paths.map(({ output, path }) => ({ output, ...(entriesOf(blocks, { [path]: texts.join() })[0] as ManifestEntry) }))
}

async function run(blocks: MemoryBlocks, rule: MapRule, root: CID, basis: { readonly input: CID; readonly result: MappedResult } | null): Promise<{ readonly result: MappedResult; readonly ran: readonly string[]; readonly total: number; readonly count: number }> {
  const changed = await changedUnits(blocks, basis?.input ?? null, root, rule)
  const outputs = await MappedOutputs.begin(blocks, ['a', 'b'], basis?.result ?? null, CHUNKER)
  for await (const unit of changed.outdated()) await outputs.drop(unit)
  const ran: string[] = []
  for await (const part of changed.units()) {
    await outputs.add(part.name, resultOf(blocks, part))
    ran.push(part.name)
  }
  return { result: await outputs.finish(), ran, total: changed.total, count: changed.count }
}

/** Stops when some units are done, and gives what they make with what was taken over, as if it were the result of an input of its own. */
async function stopped(blocks: MemoryBlocks, rule: MapRule, root: CID, basis: { readonly input: CID; readonly result: MappedResult } | null, isDone: (at: number) => boolean): Promise<{ readonly input: CID; readonly result: MappedResult; readonly undone: readonly string[] }> {
  const changed = await changedUnits(blocks, basis?.input ?? null, root, rule)
  const outputs = await MappedOutputs.begin(blocks, ['a', 'b'], basis?.result ?? null, CHUNKER)
  for await (const unit of changed.outdated()) await outputs.drop(unit)
  const done = new DoneUnits(changed)
  const undone: string[] = []
  let at = 0
  for await (const part of done.units()) {
    if (!isDone(at++)) undone.push(part.name)
    else {
      await outputs.add(part.name, resultOf(blocks, part))
      done.add(part.name)
    }
  }
  expect(done.count).toBe(at - undone.length)
  return { input: await done.inputDone(blocks, blocks, root), result: await outputs.finish(), undone }
}

const paths = fc.array(fc.constantFrom('a', 'b', 'c/d', 'c/e', 'c/f/g', 'h', 'i/j', 'k', 'l', 'm', 'n/o', 'p'), { maxLength: 12 })
const trees = fc.tuple(paths, fc.array(fc.string({ maxLength: 5 }), { minLength: 12, maxLength: 12 })).map(([names, texts]): Tree => Object.fromEntries(names.map((name, at) => [name, texts[at] ?? ''])))
const rules: fc.Arbitrary<MapRule> = fc.oneof(fc.constant<MapRule>('file'), fc.integer({ min: 1, max: 5 }).map((shards) => ({ shards })))

describe('a map recipe that goes on from an earlier run', () => {
  it('has the roots of one that does everything, and runs the parts that changed alone', async () => {
    await fc.assert(fc.asyncProperty(rules, fc.array(trees, { minLength: 2, maxLength: 5 }), async (rule, versions) => {
      const blocks = new MemoryBlocks(hasher)
      let basis: { input: CID; result: MappedResult } | null = null
      let before: Tree = {}
      for (const tree of versions) {
        const root = await manifestOf(blocks, tree)
        const partial = await run(blocks, rule, root, basis)
        const whole = await run(blocks, rule, root, null)
        expect(partial.result).toEqual(whole.result)
        for (const output of partial.result.outputs) for await (const _entry of verifyManifest(blocks, output));
        const touched = new Set([...Object.keys(before), ...Object.keys(tree)].filter((path) => before[path] !== tree[path]))
        const partOf = (path: string): string => (rule === 'file' ? path : `${shardOf(pathFromText(path), rule.shards)}/${rule.shards}`)
        const expected = new Set([...touched].map(partOf).filter((name) => Object.keys(tree).some((path) => partOf(path) === name)))
        if (basis !== null) expect(new Set(partial.ran)).toEqual(expected)
        expect([partial.ran.length, whole.ran.length, partial.total]).toEqual([partial.count, whole.total, whole.total])
        basis = { input: root, result: partial.result }
        before = tree
      }
    }), { numRuns: 150 })
  })

  it('goes on from a try that was stopped wherever it was, and runs what was not done', async () => {
    await fc.assert(fc.asyncProperty(rules, trees, trees, trees, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), async (rule, first, second, third, isDone) => {
      const blocks = new MemoryBlocks(hasher)
      const roots = [await manifestOf(blocks, first), await manifestOf(blocks, second), await manifestOf(blocks, third)] as const
      const before = { input: roots[0], result: (await run(blocks, rule, roots[0], null)).result }
      const { undone, ...progress } = await stopped(blocks, rule, roots[1], before, (at) => isDone[at] ?? false)
      for await (const _entry of verifyManifest(blocks, progress.input));
      const same = await run(blocks, rule, roots[1], progress)
      expect(same.ran).toEqual(undone)
      expect(same.result).toEqual((await run(blocks, rule, roots[1], null)).result)
      expect((await run(blocks, rule, roots[2], progress)).result).toEqual((await run(blocks, rule, roots[2], null)).result)
    }), { numRuns: 150 })
  })

  it('writes few nodes for a change of ten files among many', async () => {
    const blocks = new MemoryBlocks(hasher)
    const tree = Object.fromEntries(Array.from({ length: 30_000 }, (_none, at) => [`d${at % 100}/${at}`, `text ${at}`]))
    const first = await manifestOf(blocks, tree)
    const { result } = await run(blocks, 'file', first, null)
    const changed = Object.fromEntries(Array.from({ length: 10 }, (_none, at) => [`d${at}/${at * 1001 - (at * 1001) % 100 + at}`, 'another text']))
    const second = await manifestOf(blocks, { ...tree, ...changed })
    const before = blocks.writes
    const { ran } = await run(blocks, 'file', second, { input: first, result })
    expect(ran.length).toBe(10)
    // Of each of three trees the leaf of a change, what is above it, and now and then a leaf beside it.
    expect(blocks.writes - before).toBeLessThan(150)
  })
})

describe('what two parts wrote', () => {
  const entry = (blocks: MemoryBlocks, path: string, text = ''): ManifestEntry & { readonly output: number } => ({ output: 0, ...(entriesOf(blocks, { [path]: text })[0] as ManifestEntry) })

  it.each([['same', 'same'], ['same', 'same/inner'], ['same/inner', 'same']])('is refused if one wrote %s and the other %s, at once or later', async (first, second) => {
    const blocks = new MemoryBlocks(hasher)
    const together = await MappedOutputs.begin(blocks, ['out'], null, CHUNKER)
    const attempt = async (): Promise<void> => {
      await together.add('one', [entry(blocks, first)])
      await together.add('two', [entry(blocks, second)])
      await together.finish()
    }
    await expect(attempt()).rejects.toMatchObject({ code: 'RECIPE_FAILED' })
    const before = await MappedOutputs.begin(blocks, ['out'], null, CHUNKER)
    await before.add('one', [entry(blocks, first)])
    const later = await MappedOutputs.begin(blocks, ['out'], await before.finish(), CHUNKER)
    await later.add('two', [entry(blocks, second)])
    await expect(later.finish()).rejects.toMatchObject({ code: 'RECIPE_FAILED' })
  })

  it('may change hands', async () => {
    const blocks = new MemoryBlocks(hasher)
    const before = await MappedOutputs.begin(blocks, ['out'], null, CHUNKER)
    await before.add('one', [entry(blocks, 'same', '1'), entry(blocks, 'own')])
    const after = await MappedOutputs.begin(blocks, ['out'], await before.finish(), CHUNKER)
    await after.drop('one')
    await after.add('two', [entry(blocks, 'same', '2')])
    const whole = await MappedOutputs.begin(blocks, ['out'], null, CHUNKER)
    await whole.add('two', [entry(blocks, 'same', '2')])
    expect(await after.finish()).toEqual(await whole.finish())
  })

  it('has no empty folders, which other parts might fill', async () => {
    const blocks = new MemoryBlocks(hasher)
    const outputs = await MappedOutputs.begin(blocks, ['out'], null, CHUNKER)
    await outputs.add('one', [{ output: 0, path: pathFromText('empty'), value: { kind: 'directory' } }])
    expect((await outputs.finish()).outputs).toEqual([await manifestOf(blocks, {})])
  })
})
