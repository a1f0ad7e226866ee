import { Argument, Option } from 'commander'
import type { CompareFlags } from '../compare-runs-action.ts'
import { runLine } from '../run-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<CompareFlags>({
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
      .addOption(new Option('--by <what>', 'with compare: put runs that read the same data side by side').choices(['data']))
      .option('--metric <name>', 'with --plot: which metric')
      .option('--plot <file>', 'with compare: write a plot as SVG')
  },
  async run(context, [action = 'list', ...runs], flags) {
    if (action === 'compare') {
      const { compareAction } = await import('../compare-runs-action.ts')
      return compareAction(context, runs, flags)
    }
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
