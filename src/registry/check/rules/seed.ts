import { compareOutcomes } from '../../../run/compare-outcomes.ts'
import type { CheckRule } from '../interface.ts'
import { reproductionsOf } from '../sibling-runs.ts'
import { declared, missing, proven } from '../verdicts.ts'

/** What a run gets that sets none. */
const DEFAULT_SEED = '0'

/** Only that it came out the same again shows that nothing random goes without the seed. */
export const seedRule: CheckRule = {
  id: 'seed', level: 'reproducible', title: 'The seed is recorded, and nothing random goes without it',
  decide: async ({ repository, run, relatives }) => {
    const { seed } = run.started
    if (seed === '') return missing('The seed is empty', 'Set one: --seed 7.')
    for (const again of await reproductionsOf(repository.blocks, run, await relatives())) {
      if (run.ended === null || again.ended?.status !== 'succeeded' || run.ended.artifacts.length === 0) continue
      const { verdict } = await compareOutcomes(repository.blocks, run.ended, again.ended)
      if (verdict === 'identical') return proven(`Seed ${seed}; ${again.label} ran it again and gave the same to the bit`)
    }
    return declared(`Seed ${seed}${seed === DEFAULT_SEED ? ', which is also that of runs that set none' : ''}; no re-run shows that all that is random depends on it`)
  },
}
