import type { CheckRule } from '../interface.ts'
import { acrossSeeds } from '../sibling-runs.ts'
import { declared, missing, proven, someOf } from '../verdicts.ts'

/** Fewer say nothing about how far results spread. */
const FEWEST_SEEDS = 3
const SPREAD = /(^|[._\s-])(std|sd|stddev|stdev|var|variance|stderr|sem|ci)([._\s-]|$)/i

export const varianceRule: CheckRule = {
  id: 'variance', level: 'reproducible', title: 'How results vary with the seed is reported',
  decide: async ({ repository, run, model, relatives }) => {
    const runs = await acrossSeeds(repository.blocks, run, await relatives())
    const spreads = runs.length < FEWEST_SEEDS ? [] : Object.keys(run.ended?.final ?? {}).flatMap((name) => spreadText(name, runs.map(({ ended }) => ended?.final[name])))
    if (spreads.length > 0) return proven(`Over ${runs.length} seeds (${someOf(runs.map(({ label }) => label))}): ${someOf(spreads)}`)
    const reported = Object.entries(model?.version.evaluation?.metrics ?? {}).filter(([name]) => SPREAD.test(name))
    if (reported.length > 0) return declared(`The evaluation reports ${someOf(reported.map(([name, value]) => `${name} ${JSON.stringify(value)}`))}`)
    return missing(`${runs.length === 1 ? 'No other run differs' : `${runs.length - 1} other ${runs.length === 2 ? 'run differs' : 'runs differ'}`} from it in nothing but the seed`, `Run the same with ${FEWEST_SEEDS} seeds or more and log what it scores, or report the spread in the evaluation (accuracy_std).`)
  },
}

/** Mean and sample standard deviation, if all runs logged it. */
function spreadText(name: string, values: readonly (number | undefined)[]): string[] {
  const numbers = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[]
  if (numbers.length < values.length) return []
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const deviation = Math.sqrt(numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (numbers.length - 1))
  return [`${name} ${Number(mean.toPrecision(6))} ± ${Number(deviation.toPrecision(3))}`]
}
