import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DIGEST_SIZE_BYTES } from '../../src/cid/cid.ts'
import { fetchRefs, openRepository, push, type Repository } from '../../src/index.ts'
import { RECORD_SIZE_BYTES } from '../../src/repository/index-format.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { create } from '../dataset/in-memory.ts'
import { noise } from './two-colleagues.ts'

/** Files of a few sizes, some of many chunks; the same number is the same content. */
function contentOf(number: number): Uint8Array {
  return noise(number % 7 === 0 ? 1_500_000 : (number % 5) * 40_000 + 10, number)
}

type Step = { readonly ref: string; readonly set: readonly (readonly [string, number])[]; readonly from?: string | undefined }

const step: fc.Arbitrary<Step> = fc.record({
  ref: fc.constantFrom('a', 'b', 'c'),
  set: fc.array(fc.tuple(fc.constantFrom('x', 'y/1', 'y/2', 'z'), fc.nat(12)), { maxLength: 3 }),
  from: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
})

/** Carries a step out: a ref goes on with changed files, or first jumps to where another is. */
async function take(repository: Repository, trees: Map<string, Map<string, number>>, { ref, set, from }: Step): Promise<void> {
  if (from !== undefined && from !== ref && trees.has(from) && !trees.has(ref)) {
    await repository.setRef(ref, from)
    trees.set(ref, new Map(trees.get(from)))
  }
  const tree = trees.get(ref) ?? new Map<string, number>()
  for (const [path, number] of set) tree.set(path, number)
  trees.set(ref, tree)
  await repository.snapshot([...tree].map(([path, number]) => ({ path, content: contentOf(number) })), { ref })
}

async function headsOf(repository: Repository): Promise<Record<string, string>> {
  const heads: Record<string, string> = {}
  for await (const { name, target } of repository.blocks.refs()) if (!name.startsWith('_varve')) heads[name] = target.toString()
  return heads
}

describe('what is transferred', () => {
  it('is whole after every push, and back again, whatever was there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 8 }), async (steps) => {
        const here = await create()
        const remote = new MemoryStorage()
        const trees = new Map<string, Map<string, number>>()
        for (const [next, isPushed] of steps) {
          await take(here, trees, next)
          if (isPushed) await push(here, { to: remote })
        }
        await push(here, { to: remote })
        const again = await push(here, { to: remote })
        expect(again).toMatchObject({ blocks: 0, bytes: 0 })
        const there = await create()
        await fetchRefs(there, { from: remote })
        expect((await there.verify()).damaged).toEqual([])
        const opened = await openRepository(remote)
        expect(await opened.verify()).toMatchObject({ ok: true })
        expect(await headsOf(opened)).toEqual(await headsOf(here))
        // Nothing went twice: what the remote holds is what is reachable, and records of commits.
        const digests = new Set<string>()
        let records = 0
        for (const file of opened.blocks.indexes.files) {
          for await (const page of file.pages()) {
            for (let at = 0; at < page.length; at += RECORD_SIZE_BYTES, records++) digests.add(Buffer.from(page.subarray(at, at + DIGEST_SIZE_BYTES)).toString('hex'))
          }
        }
        expect(records).toBe(digests.size)
      }),
      { numRuns: 25 },
    )
  }, 120_000)
})
