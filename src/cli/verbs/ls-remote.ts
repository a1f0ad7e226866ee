import { shownText } from '../format.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

export const verb: AnyVerb = defineVerb<object>({
  examples: [['varve ls-remote ../shared/.varve', 'list the refs and tags of a repository elsewhere; none is needed here']],
  configure: (command) => void command.argument('<url>', 'the path of a folder, or an address'),
  async run(context, [address = '']) {
    const { listRemote } = await import('../../remote/list-remote.ts')
    const refs = await listRemote(address)
    const { output } = context
    await output.result(refs, () => refs.map(({ name, root, time, message }) => `${output.style('cyan', name)}  ${root}  ${output.style('dim', time)}  ${shownText(message)}`))
  },
})
