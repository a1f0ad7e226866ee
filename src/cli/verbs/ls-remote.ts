import type { Context } from '../context.ts'
import { shownText } from '../format.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

/** A remote may be meant by its name, if there is a repository here. */
async function addressOf(context: Context, text: string): Promise<string> {
  if (!context.locate().found || !/^[\w-]+$/.test(text)) return text
  const { listRemotes } = await import('../../remote/remotes.ts')
  await using repository = await context.open()
  return (await listRemotes(repository)).find(({ name }) => name === text)?.url ?? text
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
