import { formatDuration, plural, shownText } from '../format.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { OUTCOMES } from '../context.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly modules?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [['varve reconstruct covid/features', 'run its recipe again, and whatever came before it, until the data is there']],
  configure(command) {
    command
      .argument('<rev>', 'derived data that `gc --evict derived` dropped')
      .option('--modules <folder>', 'the project whose installed packages the recipes use (default: the working directory)')
  },
  async run(context, [revision = ''], { modules }) {
    const { reconstruct } = await import('../../node/derive/reconstruct.ts')
    await using repository = await context.open()
    const startedAt = performance.now()
    const wanted = needWholeRevision(revision)
    const result = await context.long(OUTCOMES.steps, ({ signal, onProgress }) => reconstruct(repository, wanted, { signal, onProgress, ...(modules === undefined ? {} : { modules }) }))
    await context.output.result(result, () => [
      context.output.style('bold', result.root),
      ...result.steps.map(({ recipe, outputs }) => `  ran ${shownText(recipe)}: ${outputs.map(({ name, root }) => `${name} ${root}`).join(', ')}, as recorded`),
      result.steps.length === 0 ? 'nothing of it had been dropped' : `${plural(result.steps.length, 'step')} in ${formatDuration(performance.now() - startedAt)}`,
    ])
  },
})
