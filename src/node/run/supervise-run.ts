import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { canonicalJson } from '../../codec/canonical-json.ts'
import { checkoutFolder } from '../../dataset/checkout.ts'
import type { Repository } from '../../dataset/repository.ts'
import type { Session } from '../../repository/index.ts'
import { fillWords } from '../../recipe/command-words.ts'
import { seedText } from '../../recipe/seed-text.ts'
import type { RunOutcome } from '../../run/interface.ts'
import { redactArguments } from '../../run/redact.ts'
import { runVariables } from '../../run/run-variables.ts'
import { nodeFolders } from '../folder-port.ts'
import { assertCommand } from './assert-command.ts'
import { assertProgram } from './assert-program.ts'
import type { StartRunOptions } from './interface.ts'
import { OutputPlaces } from './output-places.ts'
import type { EndOptions, Run } from './run.ts'
import { type RunFiles, runFiles } from './run-folder.ts'
import { resolved, startRun, type SupervisedStart } from './start-run.ts'
import { storeLog } from './store-log.ts'
import { type JobOptions, SupervisedJob } from './supervised-job.ts'

export interface SuperviseOptions extends StartRunOptions, JobOptions, Pick<SupervisedStart, 'reproduces'> {
  /** Words, in which `{inputs.name}`, `{outputs.name}`, `{config.key}` and `{seed}` are filled in. No shell reads them. */
  readonly command: readonly string[]
  /** Files or folders that the command writes, relative to the folder, in which it is started, by the names of the artifacts that they become. */
  readonly outputs?: Readonly<Record<string, string>>
  /** Environment of the command. The library does not know one by itself. */
  readonly environment: Readonly<Record<string, string | undefined>>
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

/**
 * Runs a command as a run: it finds its inputs, its configuration and where to write its metrics in variables of its environment (`VARVE_INPUT_<NAME>`, `VARVE_OUTPUT_<NAME>`, `VARVE_CONFIG`,
 * `VARVE_METRICS`, `VARVE_SEED`, `VARVE_RUN`), and in placeholders of its words. The run is in the repository before the command is started, and is sealed when it has ended, however it has.
 *
 * @throws InvalidArgumentError for names, outputs and placeholders that cannot be, and NotFoundError for a program that is not there, before anything is begun; what `startRun` throws; StorageError if what came of it cannot be stored: the next run or `varve runs` finds it
 *
 * @example
 * const { status } = await superviseRun(repository, { name: 'train', command: ['python3', 'train.py'], inputs: { train: 'data' }, outputs: { model: 'model.bin' }, environment: process.env })
 */
export async function superviseRun(repository: Repository, options: SuperviseOptions): Promise<SupervisedResult> {
  const { command, inputs = {}, outputs = {}, folder: cwd = process.cwd(), seed = 0 } = options
  const config = resolved(options.config)
  assertCommand({ command, inputs, outputs, config, seed: seedText(seed), folder: cwd, repository: repository.location })
  const [program = ''] = command
  // What a placeholder stands for is not there yet.
  if (!/[{}]/.test(program)) assertProgram(program, { folder: cwd, environment: options.environment })
  const run = await startRun(repository, { ...options, config, variables: options.environment, command: redactArguments(command, 'command').value })
  const files = runFiles(repository, run.cid)
  const places = Object.fromEntries(Object.entries(outputs).map(([name, path]) => [name, resolve(cwd, path)]))
  let job: SupervisedJob | undefined
  let ended: EndOptions
  try {
    const prepared = await prepare(repository, run, files, places, options)
    const written = await OutputPlaces.look(places)
    job = new SupervisedJob(run, files, options)
    job.say(run.describe())
    ended = await written.store(run, await job.run(prepared.words, { cwd, environment: { ...options.environment, ...prepared.variables } }))
  } catch (error) {
    // The command was not started, or nobody knows how it ended.
    job?.close()
    const storesLog = { storeLog: (session: Session) => storeLog(session, files, repository.blocks.config.chunker) }
    await run.end({ status: options.signal?.aborted === true ? 'aborted' : 'failed', reason: error instanceof Error ? error.message : String(error), ...(job === undefined ? {} : storesLog) }).catch(() => undefined)
    throw error
  }
  const { troubledLines, problems } = job.troubles
  await seal(repository, run, job, { files, ended })
  const { status = 'succeeded', reason = null, exitCode = null, signal = null } = ended
  return { run, status, reason, exitCode, signal, badMetricLines: troubledLines, metricProblems: problems }
}

/** Tried twice, so that no blip makes a run of days look failed. If it cannot be done, the run stays as it is, with its files, for whoever looks next. */
async function seal(repository: Repository, run: Run, job: SupervisedJob, { files, ended }: { readonly files: RunFiles; readonly ended: EndOptions }): Promise<void> {
  let isSaid = false
  const options: EndOptions = {
    ...ended,
    onEnding: (text) => {
      if (!isSaid) job.say(text)
      isSaid = true
      job.close()
    },
    storeLog: (session) => storeLog(session, files, repository.blocks.config.chunker),
  }
  try {
    await run.end(options).catch(() => run.end(options))
  } finally {
    job.close()
  }
}

async function prepare(repository: Repository, run: Run, files: RunFiles, outputs: Readonly<Record<string, string>>, { command, signal }: SuperviseOptions): Promise<{ readonly words: readonly string[]; readonly variables: Readonly<Record<string, string>> }> {
  const inputs = Object.fromEntries(run.inputNames.map((name) => [name, join(files.folder, 'inputs', name)]))
  const config = join(files.folder, 'config.json')
  const words = fillWords(command, { inputs, outputs, params: run.values, paramsName: 'config', seed: run.seed })
  await mkdir(join(files.folder, 'inputs'))
  for (const [name, folder] of Object.entries(inputs)) {
    await checkoutFolder(repository.blocks, nodeFolders(), run.input(name).root, folder, { allowRepositoryNames: true, ...(signal === undefined ? {} : { signal }) })
  }
  await writeFile(config, `${canonicalJson(run.values, 'The configuration of a run')}\n`)
  await writeFile(files.metrics, '')
  return { words, variables: runVariables({ run: run.id, seed: run.seed, config, metrics: files.metrics, inputs, outputs }) }
}
