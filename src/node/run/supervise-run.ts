import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { canonicalJson } from '../../codec/canonical-json.ts'
import { checkoutFolder } from '../../dataset/checkout.ts'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { fillWords } from '../../recipe/command-words.ts'
import { isPartName, PART_NAME_RULE } from '../../recipe/names.ts'
import type { RunOutcome } from '../../run/interface.ts'
import { redactArguments } from '../../run/redact.ts'
import { isPromise, type MaybePromise, type OperationOptions } from '../../types.ts'
import { BoundedLog } from '../execution/bounded-log.ts'
import { nodeFolders } from '../folder-port.ts'
import { errorCode } from '../system-errors.ts'
import { MetricFollower } from './follow-metrics.ts'
import type { EndOptions, Run } from './run.ts'
import type { StartRunOptions } from './interface.ts'
import { type RunFiles, runFiles } from './run-folder.ts'
import { startRun, type SupervisedStart } from './start-run.ts'
import { storeLog } from './store-log.ts'

export interface SuperviseOptions extends StartRunOptions, Pick<SupervisedStart, 'reproduces'>, Pick<OperationOptions, 'signal'> {
  /** Words, in which `{inputs.name}`, `{outputs.name}`, `{config.key}` and `{seed}` are filled in. No shell reads them. */
  readonly command: readonly string[]
  /** Files or folders that the command writes, relative to the folder, in which it is started, by the names of the artifacts that they become. */
  readonly outputs?: Readonly<Record<string, string>>
  /** Environment of the command. The library does not know one by itself. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What the command writes, as it does, and the lines about the run before and after. The command waits for a promise with what it writes next. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => MaybePromise<void>
  /** Asked when the run is stopped: whether what stops this process reaches the command by itself, as Ctrl-C on a terminal does. */
  readonly reachesCommand?: () => boolean
}

export interface SupervisedResult {
  readonly run: Run
  readonly status: RunOutcome
  readonly reason: string | null
  readonly exitCode: number | null
  readonly signal: string | null
  /** Lines of the metrics file that could not be read. */
  readonly badMetricLines: number
  /** What was wrong with the first of them, in words. */
  readonly metricProblems: readonly string[]
}

/** How long a command that is asked to end has for that. */
const GRACE_MS = 10_000

/**
 * Runs a command as a run: it finds its inputs, its configuration and where to write its metrics in variables of its environment (`VARVE_INPUT_<NAME>`, `VARVE_OUTPUT_<NAME>`, `VARVE_CONFIG`,
 * `VARVE_METRICS`, `VARVE_SEED`, `VARVE_RUN`), and in placeholders of its words. The run is in the repository before the command is started, and is sealed when it has ended, however it has.
 */
export async function superviseRun(repository: Repository, options: SuperviseOptions): Promise<SupervisedResult> {
  const { command, outputs = {}, folder: cwd = process.cwd() } = options
  const wrong = Object.keys(outputs).find((name) => !isPartName(name))
  if (wrong !== undefined) throw new InvalidArgumentError(`"${String(wrong)}" is no name of an output`, { data: { output: wrong }, hint: `It must be ${PART_NAME_RULE}.` })
  if (command.length === 0) throw new InvalidArgumentError('There is no command to run', { hint: 'Write it after --: varve run -- node train.mjs' })
  const run = await startRun(repository, { ...options, variables: options.environment, command: redactArguments(command, 'command').value })
  const files = runFiles(repository, run.cid)
  const places = Object.fromEntries(Object.entries(outputs).map(([name, path]) => [name, resolve(cwd, path)]))
  let ended: EndOptions
  let troubles: SupervisedJob['troubles']
  try {
    const prepared = await prepare(repository, run, files, places, options)
    const job = new SupervisedJob(run, files, options)
    try {
      job.say(run.describe())
      ended = await job.run(prepared.words, { cwd, environment: { ...options.environment, ...prepared.variables } })
      troubles = job.troubles
      ended = await storeOutputs(run, places, ended)
      job.say(await run.endAndDescribe({ ...ended, storeLog: async (session) => (job.close(), storeLog(session, files, repository.blocks.config.chunker)) }))
    } finally {
      job.close()
    }
  } catch (error) {
    if (!run.isOver) await run.end({ status: options.signal?.aborted === true ? 'aborted' : 'failed', reason: error instanceof Error ? error.message : String(error) }).catch(() => undefined)
    throw error
  }
  const { status = 'succeeded', reason = null, exitCode = null, signal = null } = ended
  return { run, status, reason, exitCode, signal, badMetricLines: troubles.troubledLines, metricProblems: troubles.problems }
}

async function prepare(repository: Repository, run: Run, files: RunFiles, outputs: Readonly<Record<string, string>>, { command, signal }: SuperviseOptions): Promise<{ readonly words: readonly string[]; readonly variables: Readonly<Record<string, string>> }> {
  const inputs: Record<string, string> = {}
  for (const name of run.inputNames) {
    const folder = join(files.folder, 'inputs', name)
    await mkdir(join(files.folder, 'inputs'), { recursive: true })
    await checkoutFolder(repository.blocks, nodeFolders(), run.input(name).root, folder, { allowRepositoryNames: true, ...(signal === undefined ? {} : { signal }) })
    inputs[name] = folder
  }
  const config = join(files.folder, 'config.json')
  await writeFile(config, `${canonicalJson(run.values, 'The configuration of a run')}\n`)
  await writeFile(metricsOf(files), '')
  const variable = (kind: string, name: string): string => `VARVE_${kind}_${name.toUpperCase().replaceAll('-', '_')}`
  const variables = {
    VARVE_RUN: run.id, VARVE_SEED: run.seed, VARVE_CONFIG: config, VARVE_METRICS: metricsOf(files),
    ...Object.fromEntries(Object.entries(inputs).map(([name, folder]) => [variable('INPUT', name), folder])),
    ...Object.fromEntries(Object.entries(outputs).map(([name, path]) => [variable('OUTPUT', name), path])),
  }
  return { words: fillWords(command, { inputs, outputs, params: run.values, paramsName: 'config', seed: run.seed }), variables }
}

function metricsOf({ folder }: RunFiles): string {
  return join(folder, 'metrics.jsonl')
}

/** Records what the command was to write. A command that says it was done, and did not write all of it, has failed. */
async function storeOutputs(run: Run, places: Readonly<Record<string, string>>, ended: EndOptions): Promise<EndOptions> {
  const absent: string[] = []
  for (const [name, path] of Object.entries(places)) {
    if (existsSync(path)) await run.artifact(name, path)
    else absent.push(name)
  }
  if (ended.status !== 'succeeded' || absent.length === 0) return ended
  return { ...ended, status: 'failed', reason: `the command did not write ${absent.map((name) => `its output ${name} (${places[name]})`).join(', ')}` }
}

/** The process of a command, with what it writes and logs. */
class SupervisedJob {
  readonly #options: SuperviseOptions
  readonly #follower: MetricFollower
  readonly #logs: { readonly stdout: BoundedLog; readonly stderr: BoundedLog }
  #isClosed = false
  troubles: ReturnType<MetricFollower['stop']> = { troubledLines: 0, problems: [] }

  constructor(run: Run, files: RunFiles, options: SuperviseOptions) {
    this.#options = options
    this.#follower = new MetricFollower(metricsOf(files), (values, given) => run.log(values, given))
    this.#logs = { stdout: new BoundedLog(files.stdout), stderr: new BoundedLog(files.stderr) }
  }

  /** Lines of ours in the job's own log. */
  say(text: string): void {
    void this.#write('stderr', Buffer.from(`${text.trimEnd()}\n`))
  }

  async run([program = '', ...words]: readonly string[], { cwd, environment }: { readonly cwd: string; readonly environment: Readonly<Record<string, string | undefined>> }): Promise<EndOptions> {
    const { signal } = this.#options
    signal?.throwIfAborted()
    const child = spawn(program, words, { cwd, env: { ...environment }, stdio: ['inherit', 'pipe', 'pipe'] })
    for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (bytes: Buffer) => this.#pass(child[name], this.#write(name, bytes)))
    const forget = this.#forwardStop(child)
    try {
      const { exitCode, endSignal, trouble } = await endOf(child)
      this.troubles = this.#follower.stop()
      if (trouble !== undefined) return { status: 'failed', reason: errorCode(trouble) === 'ENOENT' ? `there is no program ${program}` : `${program} could not be started: ${trouble.message}` }
      if (signal?.aborted === true) return { status: 'aborted', reason: 'it was stopped', exitCode, signal: endSignal }
      if (exitCode === 0) return { status: 'succeeded', exitCode, signal: null }
      return { status: 'failed', reason: endSignal === null ? `the command ended with exit code ${exitCode}` : `the command was ended by ${endSignal}`, exitCode, signal: endSignal }
    } finally {
      forget()
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#logs.stdout.close()
    this.#logs.stderr.close()
  }

  #forwardStop(child: ChildProcess): () => void {
    const { signal, reachesCommand = () => false } = this.#options
    let timer: NodeJS.Timeout | undefined
    const stop = (): void => {
      if (!reachesCommand()) child.kill('SIGTERM')
      timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
    }
    signal?.addEventListener('abort', stop, { once: true })
    return () => {
      signal?.removeEventListener('abort', stop)
      clearTimeout(timer)
    }
  }

  /** Whoever takes it slowly slows the command down, and fills no memory. */
  #pass(from: Readable, taken: MaybePromise<void> | undefined): void {
    if (!isPromise(taken)) return
    from.pause()
    void taken.catch(() => undefined).then(() => from.resume())
  }

  #write(stream: 'stdout' | 'stderr', bytes: Buffer): MaybePromise<void> | undefined {
    if (!this.#isClosed) this.#logs[stream].write(bytes)
    return this.#options.onOutput?.(stream, bytes)
  }
}

function endOf(child: ChildProcess): Promise<{ readonly exitCode: number | null; readonly endSignal: string | null; readonly trouble?: Error }> {
  return new Promise((settle) => {
    child.once('error', (trouble) => settle({ exitCode: null, endSignal: null, trouble }))
    // All that it wrote has come by then.
    child.once('close', (exitCode, endSignal) => settle({ exitCode, endSignal }))
  })
}
