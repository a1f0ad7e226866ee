import { expect, it } from 'vitest'
import { emptyDisk, explore } from './explore.ts'
import { recordWorkload } from './workload.ts'

/** Set to try other orders, interleavings and samples, or to repeat a state that failed. */
const FIRST_SEED = Number(process.env['VARVE_SIM_SEED'] ?? 1)
const RUNS = Number(process.env['VARVE_SIM_RUNS'] ?? 1)
const ONLY = process.env['VARVE_SIM_STATE']
/** The power goes after each of so many events; 1 tries all, which takes some five minutes. */
const STRIDE = Number(process.env['VARVE_SIM_STRIDE'] ?? 2)

it('a power cut at any moment, whatever it leaves of what was not synced, loses nothing that was promised and harms nothing', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const { trace, history } = await recordWorkload(seed)
    const counts = await explore({ start: emptyDisk, trace, history }, {
      seed, recent: 4, samples: 2, againEvery: 1000, cutsAfter: (events) => (events + seed) % STRIDE === 0, only: ONLY === undefined ? undefined : Number(ONLY),
    })
    process.stdout.write(`seed ${seed}: ${trace.length} events, ${counts.states} states, ${counts.disks} different disks, ${counts.repositories} repositories, ${counts.again} after a second cut\n`)
    if (ONLY !== undefined) continue
    expect(counts.states).toBeGreaterThan(30_000 / STRIDE)
    expect(counts.disks).toBeGreaterThan(10_000 / STRIDE)
    expect(counts.repositories).toBeGreaterThan(5_000 / STRIDE)
    expect(counts.again).toBeGreaterThan(100 / STRIDE)
  }
}, 1_200_000)
