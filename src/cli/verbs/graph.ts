import { Option } from 'commander'
import { graphOf, graphText, type GraphFormat } from '../../recipe/pipeline/index.ts'
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
    const { readPlan } = await import('../../node/derive/read-pipeline.ts')
    const { plan } = await readPlan(await pipelineFile(context, file), { steps, set })
    await context.output.result(graphOf(plan), () => [graphText(plan, format).trimEnd()])
  },
})
