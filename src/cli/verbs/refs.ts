import type { RefInfo } from '../../dataset/results.ts'
import type { Repository } from '../../dataset/repository.ts'
import { NotFoundError } from '../../errors.ts'
import { shownTracked, trackedPrefix } from '../../repository/tracked-ref.ts'
import { shownText } from '../format.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly delete?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve refs', 'every ref and tag'],
    ['varve refs mnist/', 'those whose names begin so'],
    ['varve refs --delete mnist/raw@v1', 'remove one; its snapshots stay until garbage is collected'],
  ],
  configure(command) {
    command.argument('[prefix]', 'list only names that begin so').option('--delete <name>', 'remove this ref or tag')
  },
  async run(context, [prefix], flags) {
    await using repository = await context.open()
    const { output } = context
    if (flags.delete !== undefined) {
      const removed = await remove(repository, flags.delete)
      await output.result([removed], () => [`removed ${removed.name}, which pointed to ${removed.snapshot}`])
      return
    }
    const refs: RefInfo[] = []
    // What a remote had is shown by the name that it can be asked for by.
    for (const start of prefix === undefined ? [''] : [prefix, trackedPrefix(prefix)]) for await (const ref of repository.refs(start)) refs.push({ ...ref, name: shownTracked(ref.name) ?? ref.name })
    refs.sort((a, b) => (a.name < b.name ? -1 : 1))
    const width = Math.max(0, ...refs.map(({ name }) => name.length))
    await output.result(refs, () => refs.map(({ name, root, time, message }) => {
      const [subject = ''] = message.split('\n')
      return `${output.style('cyan', name.padEnd(width))}  ${root}  ${time}  ${shownText(subject)}`.trimEnd()
    }))
  },
})

/** Only if nobody moves it meanwhile. */
async function remove(repository: Repository, name: string): Promise<RefInfo> {
  const expected = await repository.blocks.getRef(name)
  let found: RefInfo | undefined
  for await (const ref of repository.refs(name)) if (ref.name === name) found = ref
  if (expected === undefined || found === undefined) throw new NotFoundError(`There is no ref or tag "${name}" in ${repository.location}`, { data: { ref: name } })
  const author = authorName()
  await repository.deleteRef(name, { expected, ...(author === undefined ? {} : { author }) })
  return found
}
