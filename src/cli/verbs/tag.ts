import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, RefConflictError } from '../../errors.ts'
import { needWholeRevision } from '../revision-argument.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly force?: boolean
  readonly message?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve tag v2 mnist/raw', 'name the newest snapshot of mnist/raw mnist/raw@v2'],
    ['varve tag mnist/raw@paper bafyreic7kq2m', 'name any snapshot'],
  ],
  configure(command) {
    command
      .argument('<name>', 'ref@tag, or the tag alone if the revision names its ref')
      .argument('<rev>', 'what gets the name')
      .option('--force', 'move a tag that exists')
      .option('-m, --message <why>', 'why, for the log of operations')
  },
  async run(context, [name = '', text = ''], { force, message }) {
    await using repository = await context.open()
    const revision = needWholeRevision(text)
    const tag = name.includes('@') ? name : await tagOfRef(repository, name, revision)
    const author = authorName()
    const options = { ...(message === undefined ? {} : { message }), ...(author === undefined ? {} : { author }) }
    try {
      const made = await repository.setRef(tag, revision, { expected: force === true ? 'any' : null, ...options })
      await context.output.result([made], () => [`${made.name}  ${made.root}`])
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      throw new RefConflictError(error.message, { cause: error, data: error.data, hint: 'Choose another name, or pass --force to move it.' })
    }
  },
})

async function tagOfRef(repository: Repository, tag: string, revision: string): Promise<string> {
  const { ref } = await repository.resolve(revision)
  if (ref === undefined) throw new InvalidArgumentError(`"${revision}" does not say which ref the tag "${tag}" belongs to`, { hint: `Write varve tag <ref>@${tag} ${revision}` })
  return `${ref.replace(/@.*$/, '')}@${tag}`
}
