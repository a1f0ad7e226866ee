import { InvalidArgumentError } from '../../errors.ts'
import type { RehearsedRun } from '../../node/run/rehearse-runs.ts'
import { parseDuration } from '../duration.ts'
import { EXIT } from '../exit-codes.ts'
import { plural, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { authorName } from '../snapshot-flags.ts'
import { parseTolerances } from '../tolerances.ts'
import { gather } from '../setting.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly sample: string
  readonly since?: string
  readonly seed: string
  readonly tolerance?: readonly string[]
}

const COLORS = { identical: 'green', 'within tolerance': 'yellow', differs: 'red', 'nothing to compare': 'yellow', impossible: 'red' } as const

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve rehearse --sample 3', 'run three past runs again, and say how many gave the same'],
    ['varve rehearse --sample 5 --since 90d --seed 2026', 'of those of the last 90 days; the seed decides which'],
  ],
  configure(command) {
    command
      .requiredOption('--sample <number>', 'how many runs to try')
      .option('--since <time>', 'only runs that are not older, such as 90d, or that began on a day, such as 2026-03-01')
      .option('--seed <seed>', 'decides which runs are tried', '0')
      .option('--tolerance <metric=eps>', 'how far a metric may be from what it was', gather)
  },
  async run(context, _arguments, { sample, since, seed, tolerance = [] }) {
    const { rehearseRuns } = await import('../../node/run/rehearse-runs.ts')
    await using repository = await context.open()
    const { output, interruption } = context
    const author = authorName()
    const result = await rehearseRuns(repository, {
      sample: Number(sample), seed, environment: process.env, tolerances: parseTolerances(tolerance), signal: interruption.watch('The run that was under way is recorded as aborted.'),
      ...(since === undefined ? {} : { since: timeOf(since) }), ...(author === undefined ? {} : { author }),
      onRehearsed: (rehearsed) => output.note(rehearsedLine(output, rehearsed)),
    })
    const { rehearsed, rate, candidates } = result
    const isGood = rehearsed.length > 0 && rate === 1
    if (!isGood) process.exitCode = EXIT.no
    await output.result(result, () => [`${rehearsed.length === 0 ? 'no run could be tried' : `${Math.round((rate ?? 0) * rehearsed.length)} of ${plural(rehearsed.length, 'run')} gave the same`}; there were ${candidates} to choose from`])
  },
})

function timeOf(text: string): number {
  if (!/^\d{4}-/.test(text)) return Date.now() - parseDuration(text)
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new InvalidArgumentError(`"${text}" is not a time`, { hint: 'Write 90d, or 2026-03-01.' })
  return time
}

function rehearsedLine(output: Output, { run, verdict, again, why }: RehearsedRun): string {
  return `${output.style(COLORS[verdict], verdict, process.stderr)}  ${shownText(run)}${again === null ? '' : `, again as ${shownText(again)}`}${why === null ? '' : `: ${shownText(why)}`}`
}
