import { OUTCOMES } from '../context.ts'
import { plural, shownText } from '../format.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly container?: string | true
  readonly artifacts?: boolean
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve fetch-run train#3 ./train-3', 'code, inputs, configuration, and REPRODUCE.md with what a person has to do'],
    ['varve fetch-run digits@production ./digits', 'the same of the run that a version of a model was registered from'],
    ['varve fetch-run train#3 ./train-3 --container node@sha256:…', 'the same with a Dockerfile'],
  ],
  configure(command) {
    command
      .argument('<run>', 'a run, such as train#3, or a model version')
      .argument('<dir>', 'a new folder')
      .option('--container [image]', 'write a Dockerfile too: from the image that the run recorded, or from this one by its digest')
      .option('--artifacts', 'write what the run made too')
  },
  async run(context, [run = '', folder = ''], { container, artifacts = false }) {
    const { fetchRun } = await import('../../node/run/fetch-run.ts')
    const { runOf } = await import('../../registry/run-of.ts')
    await using repository = await context.open()
    const label = await runOf(repository, run)
    const fetched = await context.long(OUTCOMES.unchanged, ({ signal }) => fetchRun(repository, label, folder, { signal, artifacts, ...(container === undefined ? {} : { container }) }))
    await context.output.result(fetched, () => [`${shownText(fetched.run)}: code${fetched.code === null ? ' (none was stored)' : ''} and ${plural(fetched.inputs.length, 'input')} in ${shownText(fetched.folder)}; begin with REPRODUCE.md`])
  },
})
