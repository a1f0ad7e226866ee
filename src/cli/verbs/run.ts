import { once } from 'node:events'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { PreflightRunOptions } from '../../node/run/preflight-run.ts'
import { checkLines } from '../check-lines.ts'
import type { Context } from '../context.ts'
import { EXIT, SIGNAL_EXIT_CODES } from '../exit-codes.ts'
import { plural, shownText } from '../format.ts'
import type { MaybePromise } from '../../types.ts'
import { POLICY_FLAG, POLICY_TEXT, policyOf } from '../policy-flag.ts'
import { gather, parseSettings, splitPair } from '../setting.ts'
import { authorName } from '../snapshot-flags.ts'
import { type AnyVerb, defineVerb } from '../verb.ts'

interface Flags {
  readonly name?: string
  readonly input?: readonly string[]
  readonly output?: readonly string[]
  readonly config?: readonly string[]
  readonly set?: readonly string[]
  readonly seed?: string
  readonly tag?: readonly string[]
  readonly image?: string
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
    command
      .argument('<command...>', 'the command, after --')
      .option('--name <name>', 'what runs of this kind are called (default: that of the script, or of the program)')
      .option('-i, --input <name=rev>', 'a dataset that the run reads; its folder is in VARVE_INPUT_<NAME> and {inputs.name}', gather)
      .option('-o, --output <name=path>', 'a file or folder that it writes, which becomes an artifact', gather)
      .option('-c, --config <file>', 'configuration, YAML or JSON; later files override earlier ones', gather)
      .option('-s, --set <key=value>', 'one value of the configuration; JSON, or else text', gather)
      .option('--seed <seed>', 'what random numbers depend on (default: 0)')
      .option('-t, --tag <tag>', 'a word to find it by', gather)
      .option('--image <digest>', 'the container image that this runs in, as sha256:…')
      .option('-m, --message <why>', 'why it is run')
      .option('--strict', 'begin only if data, configuration, code and packages fit together and are pinned (varve check --preflight)')
      .option(POLICY_FLAG, POLICY_TEXT)
  },
  async run(context, words, flags) {
    const { superviseRun } = await import('../../node/run/supervise-run.ts')
    const { loadConfigFiles } = await import('../../node/run/load-config.ts')
    const { nameOfCommand } = await import('../../node/run/name-of-command.ts')
    const inputs = Object.fromEntries((flags.input ?? []).map((text) => splitPair(text, '--input', 'train=features@v3')))
    const outputs = Object.fromEntries((flags.output ?? []).map((text) => splitPair(text, '--output', 'model=./out')))
    const config = await loadConfigFiles({ files: flags.config ?? [], environment: process.env, set: parseSettings(flags.set ?? []) })
    await using repository = await context.openOrCreate()
    const { output, interruption } = context
    const author = authorName()
    const name = flags.name ?? nameOfCommand(words)
    if (flags.strict === true && !(await isReady(context, repository, { name, command: words, inputs, outputs, config, ...(flags.seed === undefined ? {} : { seed: flags.seed }), ...(flags.image === undefined ? {} : { image: flags.image }) }, flags.policy))) return
    const result = await superviseRun(repository, {
      name, command: words, inputs, outputs, config, environment: process.env, signal: interruption.watch(OUTCOME), reachesCommand: () => process.stdin.isTTY && interruption.signalName === 'SIGINT',
      ...(flags.seed === undefined ? {} : { seed: flags.seed }), ...(flags.tag === undefined ? {} : { tags: flags.tag }), ...(flags.message === undefined ? {} : { why: flags.message }), ...(author === undefined ? {} : { author }),
      ...(flags.image === undefined ? {} : { image: flags.image }),
      // With --json, stdout is for the one document.
      onOutput: (stream, bytes) => passOn(stream === 'stdout' && !output.json ? process.stdout : process.stderr, bytes),
    })
    const { run, status, reason, exitCode, signal, badMetricLines, metricProblems } = result
    if (badMetricLines > 0) output.warn(`of ${plural(badMetricLines, 'line')} of the metrics file something was left out: ${shownText(metricProblems[0] ?? '')}`)
    if (status !== 'succeeded' && reason !== null && exitCode === null && signal === null) throw new InvalidArgumentError(`${run.label} failed: ${reason}`, { hint: 'Correct the command; the attempt is recorded.', data: { run: run.label } })
    process.exitCode = exitCode === null ? exitOfSignal(signal) : exitCode === 0 && status !== 'succeeded' ? EXIT.no : exitCode
    if (output.json) await output.result({ id: run.id, run: run.label, status, reason, exitCode, signal, badMetricLines }, () => [])
  },
})

/** As fast as it is taken. */
function passOn(stream: NodeJS.WriteStream, bytes: Uint8Array): MaybePromise<void> {
  return stream.write(bytes) ? undefined : once(stream, 'drain').then(() => undefined)
}

/** What `--strict` asks, before anything is begun. */
async function isReady({ output }: Context, repository: Repository, options: PreflightRunOptions, policyFile: string | undefined): Promise<boolean> {
  const { preflightRun } = await import('../../node/run/preflight-run.ts')
  const report = await preflightRun(repository, { ...options, variables: process.env, ...(await policyOf(policyFile)) })
  if (report.reached) return true
  process.exitCode = EXIT.no
  await output.result(report, () => [...checkLines(output, report), 'Nothing was begun.'])
  return false
}

/** As shells have it. */
function exitOfSignal(signal: string | null): number {
  return signal === null ? EXIT.done : ((SIGNAL_EXIT_CODES as Readonly<Record<string, number>>)[signal] ?? EXIT.no)
}
