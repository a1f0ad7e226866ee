import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
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
    try {
      for await (const piece of repository.stream(revision, path)) await context.output.write(piece)
    } catch (error) {
      if (error instanceof NotFoundError && (await isFolder(repository, revision, path))) {
        throw new InvalidArgumentError(`"${path}" in ${revision} is a folder, not a file`, { cause: error, data: { revision, path }, hint: `\`varve ls ${revision}:${path}\` lists what is in it.` })
      }
      throw error
    }
  },
})

/** Folders that are not empty have no entry of their own. */
async function isFolder(repository: Repository, revision: string, path: string): Promise<boolean> {
  const first = await repository.entries(revision, path).next()
  return first.done !== true
}
