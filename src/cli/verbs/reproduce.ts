import type { ReproduceResult } from '../../node/run/reproduce-run.ts'
import { type Context, OUTCOMES } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { shownText } from '../format.ts'
import type { Output } from '../output.ts'
import { rebuildLines } from '../rebuild-lines.ts'
import { shortNumber } from '../run-lines.ts'
import { gather } from '../setting.ts'
import { authorName } from '../snapshot-flags.ts'
import { stopOptions } from '../stop-options.ts'
import { parseTolerances } from '../tolerances.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly tolerance?: readonly string[]
  readonly only?: string
}

/** Of the machine; another one may have hundreds of other packages. */
const MOST_DIFFERENCES = 20

const COLORS = { identical: 'green', 'within tolerance': 'yellow', differs: 'red', 'nothing to compare': 'yellow' } as const

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve reproduce train#3', 'run it again in a clean folder, and compare what comes out'],
    ['varve reproduce digits@production --only features', 'only a step of what its data was derived by, to verify that part'],
    ['varve reproduce digits@production --tolerance accuracy=0.005', 'the run of a model version; its accuracy may be that much off'],
  ],
  configure(command) {
    command.argument('<run>', 'a run, such as train#3, or a model version').option('--tolerance <metric=eps>', 'how far a metric may be from what it was', gather).option('--only <step>', 'not the run, but this step of what its data was derived by: the name of its recipe')
  },
  async run(context, [wanted = ''], { tolerance = [], only }) {
    if (only !== undefined) return reproduceOnly(context, wanted, only)
    const { reproduceRun } = await import('../../node/run/reproduce-run.ts')
    const { runOf } = await import('../../registry/run-of.ts')
    await using repository = await context.open()
    const { output, interruption } = context
    const author = authorName()
    const result = await reproduceRun(repository, await runOf(repository, wanted), {
      environment: process.env, signal: interruption.watch('The run is recorded as aborted.'), ...stopOptions(interruption),
      tolerances: parseTolerances(tolerance), ...(author === undefined ? {} : { author }),
      ...(output.quiet || output.json ? {} : { onOutput: (_stream, bytes) => void process.stderr.write(bytes) }),
    })
    if (result.verdict === 'differs' || result.verdict === 'nothing to compare') process.exitCode = EXIT.no
    await output.result(result, () => reproductionLines(output, result))
  },
})

async function reproduceOnly(context: Context, wanted: string, step: string): Promise<void> {
  const { reproduceStep } = await import('../../node/run/reproduce-step.ts')
  const { runOf } = await import('../../registry/run-of.ts')
  await using repository = await context.open()
  const label = await runOf(repository, wanted)
  const result = await context.long(OUTCOMES.unchanged, ({ signal, onProgress }) => reproduceStep(repository, label, step, { signal, onProgress }))
  if (!result.ok) process.exitCode = EXIT.no
  await context.output.result(result, () => rebuildLines(context.output, result, `what ${shownText(step)} gave`))
}

function* reproductionLines(output: Output, { run, again, verdict, artifacts, metrics, environment, firstDifference }: ReproduceResult): Generator<string> {
  for (const { name, isSame, first, again: root, differences } of artifacts) {
    yield `${output.style(isSame ? 'green' : 'red', isSame ? 'identical' : 'differs')}  artifact ${shownText(name)}  ${isSame ? first : `${first ?? 'none'} → ${root ?? 'none'}`}`
    for (const path of differences) yield `    ${shownText(path)}`
  }
  for (const metric of metrics) yield `${output.style(COLORS[metric.verdict], metric.verdict)}  ${shownText(metric.name)}  ${metric.verdict === 'identical' ? shortNumber(metric.first ?? Number.NaN) : `${metric.first ?? 'none'} → ${metric.again ?? 'none'}`}`
  for (const { name, first, again: now } of environment.slice(0, MOST_DIFFERENCES)) yield `${output.style('yellow', 'machine')}  ${shownText(name)}  ${shownText(first ?? 'none')} → ${shownText(now ?? 'none')}`
  if (environment.length > MOST_DIFFERENCES) yield `    and ${environment.length - MOST_DIFFERENCES} more; --json has all`
  if (environment.length === 0 && verdict === 'differs') yield `${output.style('yellow', 'machine')}  nothing that is recorded of it differs`
  yield `${shownText(run)} and ${shownText(again)}: ${output.style(COLORS[verdict], verdict)}${firstDifference === null ? '' : `; first ${shownText(firstDifference)}`}`
}
