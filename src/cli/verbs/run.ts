import { constants } from 'node:os'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { PreflightRunOptions } from '../../node/run/preflight-run.ts'
import { checkLines } from '../check-lines.ts'
import type { Context } from '../context.ts'
import { EXIT, SIGNAL_EXIT_CODES } from '../exit-codes.ts'
import { plural, shownText } from '../format.ts'
import { outliveReaders, passOn } from '../pass-on.ts'
import { stopOptions } from '../stop-options.ts'
import { POLICY_FLAG, POLICY_TEXT, policyOf } from '../policy-flag.ts'
import { addRunOptions, type RunFlags, runRequest } from '../run-flags.ts'
import { gather } from '../setting.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends RunFlags {
  readonly tag?: readonly string[]
  readonly message?: string
  readonly strict?: boolean
  readonly policy?: string
}

const OUTCOME = 'The run is recorded as aborted, with all that was logged.'

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve run --input train=features@v3 --output model=./out --set lr=0.1 --seed 7 -- node train.mjs', 'record a training run: data, code, configuration, machine, metrics, output'],
    ["varve run --config conf.yaml -- python3 train.py --data '{inputs.train}' --rate '{config.lr}'", 'any language; what is in braces is filled in'],
  ],
  configure(command) {
    addRunOptions(command.argument('<command...>', 'the command, after --'))
      .option('-t, --tag <tag>', 'a word to find it by', gather)
      .option('-m, --message <why>', 'why it is run')
      .option('--strict', 'begin only if data, configuration, code and packages fit together and are pinned (varve check --preflight)')
      .option(POLICY_FLAG, POLICY_TEXT)
  },
  async run(context, words, flags) {
    const { superviseRun } = await import('../../node/run/supervise-run.ts')
    const request = await runRequest(flags, words, flags.strict === true ? {} : { warn: (sentence) => context.output.warn(sentence) })
    const config = await request.config()
    await using repository = await context.openOrCreate()
    const { output, interruption } = context
    const author = authorName()
    if (flags.strict === true && !(await isReady(context, repository, { ...request, config }, flags.policy))) return
    outliveReaders()
    const result = await superviseRun(repository, {
      ...request, config, environment: process.env, describe: !output.quiet, signal: interruption.watch(OUTCOME), ...stopOptions(interruption),
      ...(flags.tag === undefined ? {} : { tags: flags.tag }), ...(flags.message === undefined ? {} : { why: flags.message }), ...(author === undefined ? {} : { author }),
      // With --json, stdout is for the one document.
      onOutput: (stream, bytes) => passOn(stream === 'stdout' && !output.json ? process.stdout : process.stderr, bytes),
    })
    const { run, status, reason, exitCode, signal, badMetricLines, metricProblems } = result
    if (badMetricLines > 0) output.warn(`of ${plural(badMetricLines, 'line')} of the metrics file something was left out: ${shownText(metricProblems[0] ?? '')}`)
    if (status !== 'succeeded' && reason !== null && exitCode === null && signal === null) throw new InvalidArgumentError(`${run.label} failed: ${reason}`, { hint: 'Correct the command; the attempt is recorded.', data: { run: run.label } })
    // A command that ended well said nothing of what is missing, and a quiet run has no last lines.
    if (output.quiet && exitCode === 0 && reason !== null) process.stderr.write(`varve: ${run.label} ${status}: ${shownText(reason)}\n`)
    const interrupted = interruption.signalName
    if (interrupted !== undefined) process.exitCode = SIGNAL_EXIT_CODES[interrupted]
    else process.exitCode = exitCode === null ? exitOfSignal(signal) : exitCode === 0 && status !== 'succeeded' ? EXIT.no : exitCode
    if (output.json) await output.result({ id: run.id, run: run.label, status, reason, exitCode, signal, badMetricLines }, () => [])
  },
})

/** What `--strict` asks, before anything is begun. */
async function isReady(context: Context, repository: Repository, options: PreflightRunOptions, policyFile: string | undefined): Promise<boolean> {
  const { preflightRun } = await import('../../node/run/preflight-run.ts')
  const report = await preflightRun(repository, { ...options, variables: process.env, ...(await policyOf(context, policyFile)) })
  if (report.reached) return true
  const { output } = context
  process.exitCode = EXIT.no
  await output.result(report, () => [...checkLines(output, report), 'Nothing was begun.'])
  return false
}

/** As shells have it. */
function exitOfSignal(signal: string | null): number {
  const number = (constants.signals as Readonly<Record<string, number>>)[signal ?? '']
  return number === undefined ? EXIT.no : 128 + number
}
