import { InvalidArgumentError } from '../../errors.ts'
import { OUTCOMES } from '../context.ts'
import { parseDuration } from '../duration.ts'
import { EXIT } from '../exit-codes.ts'
import { shownText } from '../format.ts'
import { pipelineFile } from '../pipeline-file.ts'
import { gather } from '../setting.ts'
import { authorName } from '../snapshot-flags.ts'
import { reproDocument, reproLines, stepLines } from '../step-lines.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

/** For folders with edits, once, if there are folders beside the pipeline file that could have some. */
const LOOK_MS = 500

interface Flags {
  readonly set?: readonly string[]
  readonly force?: boolean
  readonly jobs: string
  readonly dryRun?: boolean
  readonly file?: string
  readonly image?: string
  readonly timeout?: string
  readonly message?: string
}

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve repro', 'bring every output of varve.yaml up to date; what is remembered is not run'],
    ['varve repro train --set train.rate=0.1', 'one step, with all it needs, and a parameter changed'],
    ['varve repro --dry-run', 'what would run, and why'],
  ],
  configure(command) {
    command
      .argument('[step...]', 'steps, with all they need; default: every step')
      .option('-s, --set <key=value>', 'a parameter in place of what the files say, such as train.rate=0.1', gather)
      .option('--force', 'run every step even if its result is remembered')
      .option('-j, --jobs <number>', 'steps that may run at the same time', '1')
      .option('-n, --dry-run', 'run nothing')
      .option('--file <path>', 'the pipeline file; default: the nearest varve.yaml upward, no further than the repository, the git work tree or your home')
      .option('--image <digest>', 'the container image that this runs in, as sha256:…')
      .option('--timeout <time>', 'give a step up after this long, such as 10min')
      .option('-m, --message <why>', 'why, for the snapshots and the log of operations')
  },
  async run(context, steps, flags) {
    if (!/^[1-9]\d*$/.test(flags.jobs)) throw new InvalidArgumentError(`"${flags.jobs}" is not a number of steps`, { hint: 'Write --jobs 2.' })
    const { repro } = await import('../../node/derive/repro.ts')
    await using repository = await context.open()
    const { output } = context
    const author = authorName()
    const file = await pipelineFile(context, flags.file)
    const isShown = !output.json && !output.quiet
    const result = await context.long(flags.dryRun === true ? OUTCOMES.unchanged : OUTCOMES.steps, ({ signal, onProgress }) => repro(repository, {
      steps, set: flags.set ?? [], force: flags.force === true, dryRun: flags.dryRun === true, lookMs: LOOK_MS, jobs: Number(flags.jobs), signal, onProgress,
      file, ...(flags.image === undefined ? {} : { image: flags.image }), ...(flags.message === undefined ? {} : { message: flags.message }),
      ...(flags.timeout === undefined ? {} : { limits: { timeMs: parseDuration(flags.timeout) } }), ...(author === undefined ? {} : { author }),
      ...(isShown ? { onOutput: (_stream, text) => process.stderr.write(shownText(text)), onWait: (id) => process.stderr.write(`waiting for process ${id}, which runs the same\n`), onStep: (report) => process.stderr.write([...stepLines(output, report, context)].map((line) => `${line}\n`).join('')) } : {}),
    }))
    if (!result.ok) process.exitCode = EXIT.no
    await output.result(reproDocument(result), () => reproLines(output, result))
  },
})
