import { Argument } from 'commander'
import { InvalidArgumentError } from '../../errors.ts'
import type { Context } from '../context.ts'
import { runLine } from '../run-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly by?: string
  readonly plot?: string
  readonly metric?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve runs', 'all runs, the newest of each name first'],
    ['varve runs list train', 'those of one name'],
    ['varve runs compare train#3 train#5', 'parameters, data, code and metrics that differ'],
    ['varve runs compare train#3 train#5 --metric loss --plot loss.svg', 'the same, with a plot of a metric over the steps'],
  ],
  configure(command) {
    command
      .addArgument(new Argument('[action]', 'what to do').choices(['list', 'compare']).default('list'))
      .argument('[run...]', 'a name to list; runs to compare: train#3, train for the newest, or the beginning of an identity')
      .option('--by <what>', 'with compare: group by data')
      .option('--metric <name>', 'with --plot: which metric')
      .option('--plot <file>', 'with compare: write a plot as SVG')
  },
  async run(context, [action = 'list', ...runs], flags) {
    if (action === 'compare') return compare(context, runs, flags)
    const { reconcileRuns } = await import('../../node/run/reconcile-runs.ts')
    const { listRuns } = await import('../../run/run-tree.ts')
    const { loadRun, runInfo } = await import('../../run/find-run.ts')
    await using repository = await context.open()
    const { output } = context
    for (const label of await reconcileRuns(repository)) output.note(`${label} is lost: its process was gone before it said how it ended`)
    const [name] = runs
    async function* infos() {
      for await (const run of listRuns(repository.blocks, name)) yield runInfo(await loadRun(repository.blocks, run))
    }
    await output.records(infos(), (info) => runLine(output, info))
  },
})

async function compare({ open, output }: Context, names: readonly string[], flags: Flags): Promise<void> {
  if (names.length < 2) throw new InvalidArgumentError('A comparison needs two runs or more', { hint: 'Write varve runs compare train#3 train#5.' })
  void open
  void output
  void flags
}
