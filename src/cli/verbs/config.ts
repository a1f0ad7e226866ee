import { Argument } from 'commander'
import { explainConfig } from '../../run/config/explain-config.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<object>({
  examples: [
    ['varve config explain train#3 train.rate', 'where the value is from, and what it stands in place of'],
    ['varve config explain train', 'the same for every value of the newest run of that name'],
  ],
  configure(command) {
    command.addArgument(new Argument('<action>', 'what to do').choices(['explain'])).argument('<run>', 'a run, such as train#3').argument('[key]', 'a key, or the beginning of several')
  },
  async run(context, [, wanted = '', key]) {
    const { findRun } = await import('../../run/find-run.ts')
    await using repository = await context.open()
    const { started } = await findRun(repository.blocks, wanted)
    const { entries, lines } = explainConfig(started.config, key ?? null)
    await context.output.result(entries, () => lines)
  },
})
