import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plans } from './plan.ts'
import { type Faults, SpoiledStorage } from './spoiled-storage.ts'
import { type Played, World } from './world.ts'

/** Set to play more plans. A failure prints its seed and path: VARVE_MODEL_SEED and VARVE_MODEL_PATH repeat it, and VARVE_MODEL_TRACE=1 says who does what when. */
const RUNS = Number(process.env['VARVE_MODEL_RUNS'] ?? 200)
const SEED = Number(process.env['VARVE_MODEL_SEED'] ?? 20_261_124)
const PATH = process.env['VARVE_MODEL_PATH']
/** Shrinking takes minutes, and is worth it when somebody watches. */
const replay = PATH === undefined ? {} : { path: PATH, endOnFailure: process.env['VARVE_MODEL_SHRINK'] === undefined }

describe('a repository that many processes share', () => {
  it(`is what a plain map says, in ${RUNS} plans of what they do and of whose storage call is next`, async () => {
    const total: Record<keyof Played, number> = { calls: 0, commits: 0, collections: 0, removed: 0, revoked: 0 }
    const property = fc.asyncProperty(plans, async (plan) => {
      const played = await new World(plan).play()
      for (const key of Object.keys(total) as (keyof Played)[]) total[key] += played[key]
    })
    await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: process.env['VARVE_MODEL_SHRINK'] === undefined, ...replay })
    if (RUNS < 100) return
    // A model in which nothing meets tests nothing.
    expect(total.calls / RUNS).toBeGreaterThan(300)
    expect(total.commits / RUNS).toBeGreaterThan(3)
    expect(total.removed).toBeGreaterThan(total.collections)
    expect(total.revoked).toBeGreaterThan(0)
  }, 3_600_000)
})

/** What the repository relies on, and must be missed if it is not there: if the model does not see these it sees nothing. */
const spoiled: readonly (readonly [string, Faults])[] = [
  ['a record replaces another', { overwrites: (key) => key.startsWith('log/') }],
  ['leases are not listed', { hides: (key) => key.startsWith('sessions/') }],
  ['leases are not stored', { loses: (key) => key.startsWith('sessions/') }],
  ['some packs are not stored', { loses: (key) => /^packs\/[0-3]/.test(key) }],
]

describe('the model', () => {
  it.each(spoiled)('sees that %s', async (_name, faults) => {
    const property = fc.asyncProperty(plans, async (plan) => {
      await new World(plan, (storage) => new SpoiledStorage(storage, faults)).play()
    })
    const { failed } = await fc.check(property, { numRuns: 150, seed: SEED, endOnFailure: true })
    expect(failed).toBe(true)
  })
})
