import type { Argument, Command, Option } from 'commander'
import { isReservedName } from '../repository/reserved-name.ts'
import { shownTracked } from '../repository/tracked-ref.ts'
import { Context } from './context.ts'
import { configureVerb } from './program.ts'
import { VERBS } from './verbs.ts'

/** One thing that may stand where the cursor is. */
interface Candidate {
  readonly value: string
  readonly description?: string
}

/** What else fits, as the shells' scripts understand it. */
const OTHERS = { files: 0, none: 4, folders: 16 } as const

interface Answer {
  readonly candidates: readonly Candidate[]
  readonly others: (typeof OTHERS)[keyof typeof OTHERS]
}

const REVISION_ARGUMENTS = new Set(['rev', 'rev:path', 'rev[:path]', 'ref', 'prefix', 'rev:path|root'])

/**
 * Answers a shell that asks what may come next. `words` are those after the program's name, the last the one that is being typed.
 * Never fails: no answer is better than a message in the middle of a command line.
 */
export async function printCompletions(program: Command, words: readonly string[]): Promise<void> {
  const typed = words.at(-1) ?? ''
  const { candidates, others } = await answer(program, words.slice(0, -1), typed).catch((): Answer => ({ candidates: [], others: OTHERS.files }))
  const lines = candidates.filter(({ value }) => value.startsWith(typed)).map(({ value, description }) => (description === undefined ? value : `${value}\t${description}`))
  process.stdout.write(`${[...lines, `:${others}`].join('\n')}\n`)
}

async function answer(program: Command, before: readonly string[], typed: string): Promise<Answer> {
  const verbAt = before.findIndex((word, index) => !word.startsWith('-') && before[index - 1] !== '--repo')
  const entry = VERBS.find(({ name }) => name === before[verbAt])
  const command = entry === undefined ? undefined : program.commands.find((each) => each.name() === entry.name)
  if (entry === undefined || command === undefined) {
    if (before.at(-1) === '--repo') return { candidates: [], others: OTHERS.folders }
    const candidates = typed.startsWith('-') ? optionsOf(program) : VERBS.map(({ name, summary }) => ({ value: name, description: summary }))
    return { candidates, others: OTHERS.none }
  }
  const context = new Context(before.includes('--repo') ? { repo: before[before.indexOf('--repo') + 1] ?? '' } : {})
  configureVerb(command, (await entry.load()).verb, () => context)
  if (typed.startsWith('-')) return { candidates: [...optionsOf(command), ...optionsOf(program)], others: OTHERS.none }
  const options = [...command.options, ...program.options]
  const option = options.find((each) => isNamed(each, before.at(-1)))
  if (option !== undefined && takesValue(option)) return valuesOf(option, context)
  const given = before.slice(verbAt + 1).filter((word, index, rest) => !word.startsWith('-') && !options.some((each) => takesValue(each) && isNamed(each, rest[index - 1])))
  return argumentsAt(command, given.length, context)
}

async function argumentsAt(command: Command, position: number, context: Context): Promise<Answer> {
  const { registeredArguments } = command
  const last = registeredArguments.at(-1)
  const argument: Argument | undefined = registeredArguments[position] ?? (last?.variadic === true ? last : undefined)
  if (argument === undefined) return { candidates: [], others: OTHERS.none }
  if (argument.argChoices !== undefined) return { candidates: argument.argChoices.map((value) => ({ value })), others: OTHERS.none }
  const name = argument.name()
  if (name === 'dir' || name === 'location') return { candidates: [], others: OTHERS.folders }
  if (name === 'a' || name === 'b') return { candidates: await refs(context), others: OTHERS.folders }
  if (REVISION_ARGUMENTS.has(name)) return { candidates: await refs(context), others: OTHERS.none }
  return { candidates: [], others: name === 'file' ? OTHERS.files : OTHERS.none }
}

async function valuesOf(option: Option, context: Context): Promise<Answer> {
  if (option.argChoices !== undefined) return { candidates: option.argChoices.map((value) => ({ value })), others: OTHERS.none }
  if (option.long === '--ref' || option.long === '--delete') return { candidates: await refs(context), others: OTHERS.none }
  if (option.long === '--repo') return { candidates: [], others: OTHERS.folders }
  return { candidates: [], others: OTHERS.files }
}

async function refs(context: Context): Promise<readonly Candidate[]> {
  await using repository = await context.open()
  const names: Candidate[] = []
  for await (const { name } of repository.blocks.refs()) {
    const value = shownTracked(name) ?? name
    if (!isReservedName(value)) names.push({ value })
  }
  return names
}

function optionsOf(command: Command): readonly Candidate[] {
  return command.options.flatMap(({ long, description }) => (long === undefined || long === null ? [] : [{ value: long, description }]))
}

function isNamed({ short, long }: Option, word: string | undefined): boolean {
  return word !== undefined && (word === short || word === long)
}

function takesValue(option: Option): boolean {
  return option.required || option.optional
}
