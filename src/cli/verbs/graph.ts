import { Option } from 'commander'
import { graphOf, graphText, type GraphFormat, type PipelinePlan } from '../../recipe/pipeline/index.ts'
import type { Context } from '../context.ts'
import { shownText } from '../format.ts'
import { pipelineFile } from '../pipeline-file.ts'
import { gather } from '../setting.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly format: GraphFormat
  readonly set?: readonly string[]
  readonly file?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve graph', 'the steps of varve.yaml and the datasets between them'],
    ['varve graph --format mermaid', 'the same for a README'],
  ],
  configure(command) {
    command
      .argument('[step...]', 'steps, with all they need; default: every step')
      .addOption(new Option('--format <format>', 'how to write it').choices(['text', 'mermaid', 'dot', 'json']).default('text'))
      .option('-s, --set <key=value>', 'a parameter in place of what the files say', gather)
      .option('--file <path>', 'the pipeline file; default: the nearest varve.yaml upward, no further than the repository, the git work tree or your home')
  },
  async run(context, steps, { format, set = [], file }) {
    const { output } = context
    const { readPlan } = await import('../../node/derive/read-pipeline.ts')
    const { plan: written } = await readPlan(await pipelineFile(context, file), { steps, set })
    const plan = context.locate().found ? await withKnown(context, written) : written
    const unknown = plan.steps.filter(({ outputs }) => outputs === null).map(({ name }) => name)
    if (unknown.length > 0) output.note(`the outputs of ${unknown.map(shownText).join(', ')} are known when a module is loaded: before the first run, only those that the file speaks of are shown`)
    await output.result(graphOf(plan), () => [graphText(plan, format).trimEnd()])
  },
})

async function withKnown(context: Context, plan: PipelinePlan): Promise<PipelinePlan> {
  const { withKnownOutputs } = await import('../../node/derive/known-outputs.ts')
  await using repository = await context.open()
  return await withKnownOutputs(repository.blocks, plan)
}
