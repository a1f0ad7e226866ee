import { existsSync } from 'node:fs'
import { nearest } from '../../dataset/near-names.ts'
import { NotFoundError } from '../../errors.ts'
import type { Context } from '../context.ts'
import { shownText } from '../format.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

/** A remote may be meant by its name, if there is a repository here. @throws NotFoundError for what is neither that nor there, but is near the name of a remote */
async function addressOf(context: Context, text: string): Promise<string> {
  if (!context.locate().found || !/^[\w-]+$/.test(text)) return text
  const { listRemotes } = await import('../../remote/remotes.ts')
  await using repository = await context.open()
  const remotes = await listRemotes(repository)
  const near = nearest(text, remotes.map(({ name }) => name))
  if (near !== undefined && near !== text && !existsSync(text)) throw new NotFoundError(`There is no remote "${text}"`, { data: { remote: text, near }, hint: `Did you mean "${near}"? \`varve remote list\` shows all.` })
  return remotes.find(({ name }) => name === text)?.url ?? text
}

export const verb: AnyVerb = defineVerb<object>({
  examples: [['varve ls-remote ../shared/.varve', 'list the refs and tags of a repository elsewhere; none is needed here']],
  configure: (command) => void command.argument('<url>', 'a remote, the path of a folder, or an address'),
  async run(context, [address = '']) {
    const { listRemote } = await import('../../remote/list-remote.ts')
    const refs = await listRemote(await addressOf(context, address))
    const { output } = context
    await output.result(refs, () => refs.map(({ name, root, time, message }) => `${output.style('cyan', name)}  ${root}  ${output.style('dim', time)}  ${shownText(message)}`))
  },
})
