import { Argument } from 'commander'
import { InvalidArgumentError } from '../../errors.ts'
import type { JsonValue } from '../../types.ts'
import type { Context } from '../context.ts'
import { readInputText } from '../input-file.ts'
import { comparisonLines, heldLine, modelLine, modelLines, moveLine, removedLines } from '../model-lines.ts'
import { parseMoment } from '../moment.ts'
import { POLICY_FLAG, POLICY_TEXT, policyOf } from '../policy-flag.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly run?: string
  readonly artifact?: string
  readonly evaluation?: string
  readonly on?: string
  readonly why?: string
  readonly at?: string
  readonly as?: string
  readonly remove?: boolean
  readonly policy?: string
}

/** What each action takes: how many names, and which options. */
const ACTIONS = {
  register: { names: [1, 1], flags: ['run', 'artifact', 'evaluation', 'on', 'why'], usage: 'register <name> --run <run> [--artifact <name>]' },
  list: { names: [0, 1], flags: [], usage: 'list [name]' },
  show: { names: [1, 1], flags: ['at'], usage: 'show <name>@production' },
  compare: { names: [2, 2], flags: [], usage: 'compare <name>@1 <name>@2' },
  history: { names: [1, 1], flags: ['at'], usage: 'history <name>[@alias]' },
  alias: { names: [1, 2], flags: ['why', 'remove', 'policy'], usage: 'alias <name>@production <number>' },
  approve: { names: [1, 1], flags: ['as', 'why', 'policy'], usage: 'approve <name>@<number> --as <identity>' },
  remove: { names: [1, 1], flags: ['why', 'policy'], usage: 'remove <name> --why <why>' },
} as const satisfies Readonly<Record<string, { readonly names: readonly [number, number]; readonly flags: readonly (keyof Flags)[]; readonly usage: string }>>

type Action = keyof typeof ACTIONS

/** Metrics of an evaluation are some lines. */
const MOST_METRICS_SIZE_BYTES = 1024 * 1024

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve model register digits --run train#3 --artifact model --evaluation metrics.json --on test@v2 --why "fewer mistakes on sevens"', 'make the next version of a model of what a run made'],
    ['varve model show digits@production', 'all that it is made of: weights, run, data, code, configuration, evaluation'],
    ['varve model alias digits@production 3 --why "better on all counts"', 'point an alias to a version; every move stays in the history'],
    ['varve model history digits --at 2026-03-01', 'what was in production then'],
    ['varve model compare digits@production digits', 'in what two versions differ'],
    ['varve model approve digits@3 --as ada --why "reviewed"', 'say that somebody stands for it'],
    ['varve model remove digits --why "registered anew as digits-ada"', 'take a model out of this repository, so that a pull can bring that of a colleague'],
  ],
  configure(command) {
    command
      .addArgument(new Argument('<action>', 'what to do').choices(Object.keys(ACTIONS)))
      .argument('[name...]', 'digits for a model or its newest version, digits@3, or digits@production')
      .option('--run <run>', 'register: the run that made it, as train#3, or train for the newest')
      .option('--artifact <name>', 'register: which artifact of the run, if it made several')
      .option('--evaluation <file>', 'register: what it scored, a JSON object of metrics')
      .option('--on <rev>', 'register: the data that it was evaluated on')
      .option('-m, --why <why>', 'register, alias, approve, remove: why')
      .option('--at <time>', 'show, history: as of then; a date counts to its end, in UTC')
      .option('--as <identity>', 'approve: who does')
      .option('--remove', 'alias: take it away, which a policy guards as it does a move')
      .option(POLICY_FLAG, `alias, approve, remove: ${POLICY_TEXT}`)
  },
  async run(context, [word = '', ...names], flags) {
    const action = word as Action
    assertUsage(action, names, flags)
    await acts[action](context, names, flags)
  },
})

function assertUsage(action: Action, names: readonly string[], flags: Flags): void {
  const { names: [fewest, most], flags: known, usage } = ACTIONS[action]
  const hint = `Write varve model ${usage}`
  if (names.length < fewest || names.length > most) throw new InvalidArgumentError(`\`varve model ${action}\` takes ${fewest === most ? `${fewest} ${fewest === 1 ? 'name' : 'names'}` : `${fewest} or ${most} names`}, not ${names.length}`, { hint })
  const other = Object.keys(flags).find((flag) => !(known as readonly string[]).includes(flag))
  if (other !== undefined) throw new InvalidArgumentError(`\`varve model ${action}\` has no option --${other}`, { hint })
}

const acts: Readonly<Record<Action, (context: Context, names: readonly string[], flags: Flags) => Promise<void>>> = {
  async register(context, [name = ''], { run, artifact, evaluation, on, why }) {
    if (run === undefined) throw new InvalidArgumentError('It must be said which run made the model', { hint: 'Pass --run train#3; `varve runs` lists them.' })
    if ((evaluation === undefined) !== (on === undefined)) throw new InvalidArgumentError('An evaluation is metrics on data: --evaluation and --on go together', { hint: 'Write --evaluation metrics.json --on test@v2' })
    const scores = evaluation === undefined || on === undefined ? {} : { evaluation: { metrics: await readMetrics(evaluation), on } }
    const { registerModel } = await import('../../registry/register-model.ts')
    await using repository = await context.open()
    const model = await context.long('Nothing was registered: run the same command again.', ({ signal }) => registerModel(repository, name, { run, ...(artifact === undefined ? {} : { artifact }), ...scores, ...who(why), signal }))
    await context.output.result(model, () => modelLines(context.output, model))
  },
  async list(context, [name]) {
    const { listModels } = await import('../../registry/models.ts')
    await using repository = await context.open()
    await context.output.records(listModels(repository, name), (model) => modelLine(context.output, model))
  },
  async show(context, [name = ''], { at }) {
    const { resolveModel } = await import('../../registry/models.ts')
    await using repository = await context.open()
    const model = await resolveModel(repository, name, at === undefined ? {} : { at: parseMoment(at, '--at') })
    await context.output.result(model, () => modelLines(context.output, model))
  },
  async compare(context, [a = '', b = '']) {
    const { compareModels } = await import('../../registry/compare-models.ts')
    await using repository = await context.open()
    const comparison = await compareModels(repository, a, b)
    await context.output.result(comparison, () => comparisonLines(context.output, comparison))
  },
  async history(context, [text = ''], { at }) {
    const { modelAliasesAt, modelHistory } = await import('../../registry/models.ts')
    const [name = '', alias] = text.split('@')
    await using repository = await context.open()
    const { output } = context
    const moves = at === undefined ? await modelHistory(repository, name, alias) : (await modelAliasesAt(repository, name, parseMoment(at, '--at'))).filter((move) => alias === undefined || move.alias === alias)
    await output.result(moves, () => moves.map((move) => (at === undefined ? moveLine(output, move) : heldLine(output, move))))
  },
  async alias(context, [text = '', number], { why, remove = false, policy }) {
    const [name = '', alias = '', ...rest] = text.split('@')
    if (alias === '' || rest.length > 0) throw new InvalidArgumentError(`"${text}" does not name an alias`, { hint: 'Write varve model alias digits@production 3' })
    if (remove === (number !== undefined) || (number !== undefined && !/^\d+$/.test(number))) throw new InvalidArgumentError('An alias needs the number of a version, or --remove', { hint: `Write varve model alias ${text} 3` })
    const { moveAlias } = await import('../../registry/models.ts')
    const allowed = await policyOf(context, policy)
    await using repository = await context.open()
    const move = await moveAlias(repository, name, alias, number === undefined ? null : Number(number), { ...who(why), ...allowed })
    await context.output.result(move, () => [moveLine(context.output, move)])
  },
  async approve(context, [name = ''], { as, why, policy }) {
    if (as === undefined) throw new InvalidArgumentError('An approval needs the name of who approves', { hint: 'Pass --as <identity>.' })
    const { approveModel } = await import('../../registry/models.ts')
    const allowed = await policyOf(context, policy)
    await using repository = await context.open()
    const model = await approveModel(repository, name, { ...who(why), by: as, ...allowed })
    await context.output.result(model, () => modelLines(context.output, model))
  },
  async remove(context, [name = ''], { why, policy }) {
    if (why === undefined) throw new InvalidArgumentError(`It must be said why ${name} is removed`, { hint: 'Pass --why <why>: it stands in the log of operations.' })
    const { removeModel } = await import('../../registry/remove-model.ts')
    const allowed = await policyOf(context, policy)
    await using repository = await context.open()
    const removed = await removeModel(repository, name, { ...who(why), why, ...allowed })
    await context.output.result(removed, () => removedLines(context.output, removed))
  },
}

function who(why: string | undefined): { readonly why?: string; readonly by?: string } {
  const by = authorName()
  return { ...(why === undefined ? {} : { why }), ...(by === undefined ? {} : { by }) }
}

async function readMetrics(file: string): Promise<{ readonly [metric: string]: JsonValue }> {
  const text = await readInputText(file, MOST_METRICS_SIZE_BYTES)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvalidArgumentError(`${file} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidArgumentError(`${file} must hold an object of metrics`, { hint: 'Such as {"accuracy": 0.98}' })
  return value as { readonly [metric: string]: JsonValue }
}
