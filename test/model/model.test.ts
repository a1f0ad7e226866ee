import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plans } from './plan.ts'
import { type Played, World } from './world.ts'

/** Set to play more plans. A failure prints its seed and path: VARVE_MODEL_SEED and VARVE_MODEL_PATH repeat it. */
const RUNS = Number(process.env['VARVE_MODEL_RUNS'] ?? 150)
const SEED = Number(process.env['VARVE_MODEL_SEED'] ?? 20_261_124)
const PATH = process.env['VARVE_MODEL_PATH']

describe('a repository that many processes share', () => {
  it(`is what a plain map says, in ${RUNS} plans of what they do and of whose storage call is next`, async () => {
    const total: Record<keyof Played, number> = { calls: 0, commits: 0, collections: 0, removed: 0, revoked: 0 }
    const property = fc.asyncProperty(plans, async (plan) => {
      const played = await new World(plan).play()
      for (const key of Object.keys(total) as (keyof Played)[]) total[key] += played[key]
    })
    await fc.assert(property, { numRuns: RUNS, seed: SEED, ...(PATH === undefined ? {} : { path: PATH, endOnFailure: true }), ...(process.env['QUICK']===undefined?{}:{endOnFailure:true}) })
    if (process.env['VARVE_MODEL_RUNS'] !== undefined) console.log(total)
    if (RUNS < 100) return
    expect(total.calls / RUNS).toBeGreaterThan(200)
    expect(total.commits / RUNS).toBeGreaterThan(3)
    expect(total.removed).toBeGreaterThan(total.collections / 4)
    expect(total.revoked).toBeGreaterThan(0)
  }, 3_600_000)
})
