import { InvalidArgumentError } from '../../errors.ts'
import type { DeriveResult } from '../../node/derive/interface.ts'
import { type Context, OUTCOMES } from '../context.ts'
import { changeLines, doubtLines, unitsText } from '../derivation-lines.ts'
import { parseDuration } from '../duration.ts'
import { formatDuration, shownText } from '../format.ts'
import { gather, parseSettings, splitPair } from '../setting.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly input?: readonly string[]
  readonly set?: readonly string[]
  readonly seed?: string
  readonly ref?: readonly string[]
  readonly force?: boolean
  readonly image?: string
  readonly timeout?: string
  readonly message?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve derive steps/features.mjs --input raw=covid@v1 --set country=DE --ref covid/features', 'run a recipe on a dataset, or remember what it gave'],
    ['varve derive steps/split.mjs#split --input all=data --ref train=data/train --ref test=data/test', 'a recipe with two outputs'],
  ],
  configure(command) {
    command
      .argument('<recipe>', 'a module that exports a recipe; module#export if it exports several')
      .option('-i, --input <name=rev>', 'the dataset for one input of the recipe', gather)
      .option('-s, --set <key=value>', 'one parameter; JSON, or else text', gather)
      .option('--seed <seed>', 'what random numbers depend on (default: 0)')
      .option('-r, --ref <name>', 'the ref that the output gets; output=ref if there are several', gather)
      .option('--force', 'run it again even if its result is remembered')
      .option('--image <digest>', 'the container image that this runs in, as sha256:…')
      .option('--timeout <time>', 'give up after this long, such as 10min')
      .option('-m, --message <why>', 'why, for the snapshots and the log of operations')
  },
  async run(context, [recipe = ''], flags) {
    const inputs = Object.fromEntries((flags.input ?? []).map((text) => splitPair(text, '--input', 'raw=covid@v1')))
    const params = parseSettings(flags.set ?? [])
    const ref = refOf(flags.ref ?? [])
    const { derive } = await import('../../node/derive/derive.ts')
    await using repository = await context.openOrCreate()
    const author = authorName()
    const { output } = context
    const result = await context.long(OUTCOMES.derived, ({ signal, onProgress }) => derive(repository, recipe, {
      inputs, params, signal, onProgress, force: flags.force === true,
      ...(flags.seed === undefined ? {} : { seed: flags.seed }), ...(ref === undefined ? {} : { ref }), ...(flags.image === undefined ? {} : { image: flags.image }),
      ...(flags.timeout === undefined ? {} : { limits: { timeMs: parseDuration(flags.timeout) } }), ...(flags.message === undefined ? {} : { message: flags.message }), ...(author === undefined ? {} : { author }),
      ...(output.quiet || output.json ? {} : { onOutput: (_stream, text) => process.stderr.write(shownText(text)), onWait: (id) => process.stderr.write(`waiting for process ${id}, which runs the same\n`) }),
    }))
    await output.result(result, () => deriveLines(context, result))
  },
})

function refOf(refs: readonly string[]): string | Readonly<Record<string, string>> | undefined {
  const [only] = refs
  if (only === undefined) return undefined
  if (refs.length === 1 && !only.includes('=')) return only
  const pairs = refs.map((text) => splitPair(text, '--ref', 'train=data/train'))
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw new InvalidArgumentError('An output cannot have two refs')
  return Object.fromEntries(pairs)
}

function* deriveLines({ output }: Context, result: DeriveResult): Generator<string> {
  for (const { name, root, ref, evicted } of result.outputs) {
    yield `${label(result, name)}${output.style('bold', root)}${ref === null ? '' : `  ${output.style('cyan', ref)}`}${evicted ? '  (dropped; made again when it is needed)' : ''}`
  }
  yield* changeLines(output, result)
  yield* doubtLines(output, result)
  if (output.quiet) return
  const how = result.status === 'remembered' ? output.style('green', 'remembered') : `ran${unitsText(result.units)} in ${formatDuration(result.elapsedMs)}`
  yield `${shownText(result.name)}: ${how}, derivation ${result.derivation}`
}

function label({ outputs }: DeriveResult, name: string): string {
  return outputs.length === 1 ? '' : `${name}  `
}
