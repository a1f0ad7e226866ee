import { needRevisionPath } from '../revision-argument.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<object>({
  examples: [['varve cat data~1:labels.csv > labels-before.csv', 'get one file of an earlier snapshot']],
  configure(command) {
    command.argument('<rev:path>', 'a file in a revision')
  },
  async run(context, [text = '']) {
    const { revision, path } = needRevisionPath(text)
    await using repository = await context.open()
    for await (const piece of repository.stream(revision, path)) await context.output.write(piece)
  },
})
