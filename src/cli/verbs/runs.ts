import { Argument, Option } from 'commander'
import { InvalidArgumentError } from '../../errors.ts'
import type { CompareFlags } from '../compare-runs-action.ts'
import type { Context } from '../context.ts'
import { runLine } from '../run-lines.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends CompareFlags {
  readonly why?: string
}

/** What belongs to which action. */
const FLAGS: Readonly<Record<string, readonly (keyof Flags)[]>> = { list: [], compare: ['by', 'metric', 'plot'], close: ['why'] }

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve runs', 'all runs, the newest of each name first'],
    ['varve runs list train', 'those of one name'],
    ['varve runs compare train#3 train#5', 'parameters, data, code and metrics that differ'],
    ['varve runs compare train#3 train#5 --metric loss --plot loss.svg', 'the same, with a plot of a metric over the steps'],
    ['varve runs close train#3 --why "the node was taken down"', 'declare a run lost whose machine is no more'],
  ],
  configure(command) {
    command
      .addArgument(new Argument('[action]', 'what to do').choices(Object.keys(FLAGS)).default('list'))
      .argument('[run...]', 'a name to list; runs to compare, or one to close: train#3, train for the newest, or the beginning of an identity')
      .addOption(new Option('--by <what>', 'with compare: put runs that read the same data side by side').choices(['data']))
      .option('--metric <name>', 'with --plot: which metric')
      .option('--plot <file>', 'with compare: write a plot as SVG')
      .option('-m, --why <why>', 'with close: how it is known that it runs no more')
  },
  async run(context, [action = 'list', ...runs], flags) {
    const other = Object.keys(flags).find((flag) => FLAGS[action]?.includes(flag as keyof Flags) !== true)
    if (other !== undefined) throw new InvalidArgumentError(`\`varve runs ${action}\` has no option --${other}`, { hint: '`varve runs --help` says which belongs to what.' })
    if (action === 'close') return close(context, runs, flags.why)
    if (action === 'compare') {
      const { compareAction } = await import('../compare-runs-action.ts')
      return compareAction(context, runs, flags)
    }
    const { reconcileRuns } = await import('../../node/run/reconcile-runs.ts')
    const { runsOf } = await import('../../run/runs.ts')
    await using repository = await context.open()
    const { output } = context
    for (const label of await reconcileRuns(repository)) output.note(`${label} is lost: its process was gone before it said how it ended`)
    const [name] = runs
    await output.records(runsOf(repository, name), (info) => runLine(output, info))
  },
})

async function close(context: Context, runs: readonly string[], why: string | undefined): Promise<void> {
  const [run, ...more] = runs
  if (run === undefined || more.length > 0 || why === undefined) throw new InvalidArgumentError('To close takes one run and a why', { hint: 'Write varve runs close train#3 --why "the node was taken down".' })
  const { closeRun } = await import('../../node/run/close-run.ts')
  await using repository = await context.open()
  const by = authorName()
  const closed = await closeRun(repository, run, { why, ...(by === undefined ? {} : { by }) })
  await context.output.result(closed, () => [runLine(context.output, closed)])
}
