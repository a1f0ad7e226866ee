import { Option } from 'commander'
import { InvalidArgumentError } from '../../errors.ts'
import type { Repository } from '../../dataset/repository.ts'
import type { CheckLevel, CheckOptions, CheckPort, CheckReport } from '../../registry/check/interface.ts'
import { CHECK_LEVELS } from '../../registry/check/levels.ts'
import { checkLines } from '../check-lines.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { POLICY_FLAG, POLICY_TEXT, policyOf } from '../policy-flag.ts'
import { addRunOptions, RUN_FLAGS, type RunFlags, runRequest } from '../run-flags.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags extends RunFlags {
  readonly level?: CheckLevel
  readonly policy?: string
  readonly format: 'text' | 'json' | 'junit' | 'sarif'
  readonly rerun?: boolean
  readonly preflight?: boolean
}

const OUTCOME = 'Nothing was changed: run the same command again.'

export const verb: AnyVerb = defineVerb<Flags>({
  examples: [
    ['varve check train#3', 'what is proven of a run, what is declared, and what is missing'],
    ['varve check digits@production --level reproducible --format junit > check.xml', 'the same of a model, for a build server; ends with 1 if the level is not reached'],
    ['varve check --preflight --input train=features@v3 --config conf.yaml --seed 7 -- node train.mjs', 'before anything is made: whether data, configuration, code and packages fit together and are pinned'],
  ],
  configure(command) {
    command
      .argument('[what...]', 'a run (train#3), a model (digits@2, digits@production), or, with --preflight, a command after --')
      .addOption(new Option('--level <level>', 'how much to ask for (default: that of the policy, else basic; with --preflight reproducible)').choices([...CHECK_LEVELS]))
      .option(POLICY_FLAG, POLICY_TEXT)
      .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json', 'junit', 'sarif']).default('text'))
      .option('--rerun', 'run it again, if it was not yet, where the level asks for that')
      .option('--preflight', 'check a run that has not begun, with the options of `varve run`')
    addRunOptions(command, 'preflight: ')
  },
  async run(context, what, flags) {
    if (context.output.json && flags.format !== 'text' && flags.format !== 'json') throw new InvalidArgumentError(`--json and --format ${flags.format} do not go together`)
    const { level } = flags
    const options: CheckOptions = { ...(level === undefined ? {} : { level }), ...(await policyOf(context, flags.policy)) }
    await using repository = await context.open()
    const report = flags.preflight === true ? await preflightOf(context, repository, what, flags, options) : await checkOf(context, repository, what, flags, options)
    await print(context, report, flags.format)
    if (!report.reached) process.exitCode = EXIT.no
  },
})

async function checkOf(context: Context, repository: Repository, [text, ...rest]: readonly string[], flags: Flags, options: CheckOptions): Promise<CheckReport> {
  if (text === undefined || rest.length > 0) throw new InvalidArgumentError('One run or model is to be checked', { hint: 'Write varve check train#3, or varve check digits@production.' })
  const other = RUN_FLAGS.find((flag) => flags[flag] !== undefined)
  if (other !== undefined) throw new InvalidArgumentError(`--${other} is for a run that has not begun`, { hint: 'Pass --preflight with it.' })
  const { checkNamed } = await import('../../registry/check/check-run.ts')
  return context.long(OUTCOME, ({ signal }) => checkNamed(repository, text, { ...options, signal, ...(flags.rerun === true ? { port: rerunPort(context, repository, options, signal) } : {}) }))
}

function rerunPort({ output }: Context, repository: Repository, { policy }: CheckOptions, signal: AbortSignal): CheckPort {
  return {
    async reproduce(run) {
      const { reproduceRun } = await import('../../node/run/reproduce-run.ts')
      const { findRun } = await import('../../run/find-run.ts')
      const { tolerancesFor } = await import('../../run/tolerances.ts')
      const { ended } = await findRun(repository.blocks, run)
      const author = authorName()
      return reproduceRun(repository, run, {
        environment: process.env, signal, ...(output.quiet ? {} : { onOutput: (_stream, bytes) => void process.stderr.write(bytes) }), ...(policy === undefined || ended === null ? {} : { tolerances: tolerancesFor(ended, policy.tolerances) }), ...(author === undefined ? {} : { author }),
      })
    },
  }
}

async function preflightOf(context: Context, repository: Repository, command: readonly string[], flags: Flags, options: CheckOptions): Promise<CheckReport> {
  const { preflightRun } = await import('../../node/run/preflight-run.ts')
  const { level, policy } = options
  const request = await runRequest(flags, command)
  return context.long(OUTCOME, ({ signal }) => preflightRun(repository, { ...request, signal, ...(level === undefined ? {} : { level }), ...(policy === undefined ? {} : { policy }) }))
}

async function print({ output }: Context, report: CheckReport, format: Flags['format']): Promise<void> {
  if (format === 'junit') {
    const { junitText } = await import('../../registry/check/junit.ts')
    await output.write(junitText(report))
  } else if (format === 'sarif') {
    const { sarifText } = await import('../../registry/check/sarif.ts')
    const { version } = await import('../../../package.json')
    await output.write(sarifText(report, version))
  } else if (format === 'json') await output.write(`${JSON.stringify(report, null, 2)}\n`)
  else await output.result(report, () => checkLines(output, report))
}
