import { Argument } from 'commander'
import { toHex } from '../../bytes.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { CheckedRemote } from '../../remote/check-remote.ts'
import type { Remote } from '../../remote/remote-record.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { plural, shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly singleWriter?: boolean
  readonly message?: string
  readonly force?: boolean
}

/** What each action takes. */
const ACTIONS = {
  add: { names: [2, 2], usage: 'add <name> <url>' },
  list: { names: [0, 0], usage: 'list' },
  remove: { names: [1, 1], usage: 'remove <name>' },
  check: { names: [0, 1], usage: 'check [name]' },
} as const

type Action = keyof typeof ACTIONS

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve remote add origin ../shared/.varve', 'give a repository elsewhere a name; the first push creates it'],
    ['varve remote list', 'the remotes, and how new they were when they were last seen'],
    ['varve remote check', 'whether origin can be reached, and is not older than it was'],
    ['varve remote remove origin', 'forget it; nothing is done to the repository there'],
  ],
  configure(command) {
    command
      .addArgument(new Argument('<action>', 'what to do').choices(Object.keys(ACTIONS)))
      .argument('[name]', 'the name of the remote, such as origin')
      .argument('[url]', 'add: the path of a folder, or an address')
      .option('--single-writer', 'add: declare that nobody else writes there, for a storage that cannot tell two writers apart')
      .option('--force', 'remove: also if data was left there that is not here')
      .option('-m, --message <why>', 'add, remove: why, for the log of operations')
  },
  async run(context, [action = '', ...names], flags) {
    const { names: [fewest, most], usage } = ACTIONS[action as Action]
    if (names.length < fewest || names.length > most) throw new InvalidArgumentError(`\`varve remote ${action}\` was given ${plural(names.length, 'name')}`, { hint: `Write varve remote ${usage}` })
    await acts[action as Action](context, names, flags)
  },
})

const acts: Readonly<Record<Action, (context: Context, names: readonly string[], flags: Flags) => Promise<void>>> = {
  async add(context, [name = '', url = ''], { singleWriter = false, message }) {
    const { addRemote } = await import('../../remote/add-remote.ts')
    await using repository = await context.openOrCreate()
    const remote = await addRemote(repository, name, url, { singleWriter, ...why(message) })
    await context.output.result(asJson(remote), () => [remoteLine(context.output, remote)])
  },
  async list(context) {
    const { listRemotes } = await import('../../remote/remotes.ts')
    await using repository = await context.open()
    const remotes = await listRemotes(repository)
    await context.output.result(remotes.map(asJson), () => remotes.map((remote) => remoteLine(context.output, remote)))
  },
  async remove(context, [name = ''], { message, force = false }) {
    const { removeRemote } = await import('../../remote/remotes.ts')
    await using repository = await context.open()
    const { left } = await removeRemote(repository, name, { force, ...why(message) })
    await context.output.result({ removed: name, left }, () => [`removed ${name}${left === 0 ? '' : `; the data of ${plural(left, 'root')} is left there, and is read again after varve remote add ${name} <url>`}`])
  },
  async check(context, [name]) {
    const { checkRemote } = await import('../../remote/check-remote.ts')
    await using repository = await context.open()
    const checked = await checkRemote(repository, name)
    if (!checked.ok) process.exitCode = EXIT.no
    await context.output.result(checked, () => checkLines(context.output, checked))
  },
}

function why(message: string | undefined): { readonly message?: string; readonly author?: string } {
  const author = authorName()
  return { ...(message === undefined ? {} : { message }), ...(author === undefined ? {} : { author }) }
}

function asJson({ seen, ...remote }: Remote): object {
  return { ...remote, seen: seen === null ? null : { number: seen.number, digest: toHex(seen.digest) } }
}

function remoteLine(output: Output, { name, url, singleWriter, seen }: Remote): string {
  const notes = [...(seen === null ? ['not seen yet'] : [`seen at state ${seen.number}`]), ...(singleWriter ? ['single writer'] : [])]
  return `${output.style('cyan', name)}  ${shownText(url)}  ${output.style('dim', notes.join(', '))}`
}

function* checkLines(output: Output, { url, ok, refs, problems }: CheckedRemote): Generator<string> {
  for (const problem of problems) yield `${output.style('red', 'problem')} ${shownText(problem)}`
  if (ok) yield `${output.style('green', 'good')}: ${shownText(url)} ${refs === null ? 'can be written to; the first push creates the repository' : `has ${plural(refs, 'ref')}`}`
}
