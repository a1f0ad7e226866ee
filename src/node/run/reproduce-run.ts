import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, isAbsolute, join, normalize, resolve, sep } from 'node:path'
import { cidText } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { isGone } from '../../dataset/left-at-remote.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { compareEnvironments, type EnvironmentDifference } from '../../run/compare-environments.ts'
import { compareOutcomes, type Reproduction } from '../../run/compare-outcomes.ts'
import { findRun, type FoundRun } from '../../run/find-run.ts'
import { readRunRecord } from '../../run/run-checkpoint.ts'
import { REDACTED } from '../../run/secret-shapes.ts'
import { assertTolerances, type Tolerances } from '../../run/tolerances.ts'
import type { CidText, OperationOptions } from '../../types.ts'
import { reconstruct } from '../derive/reconstruct.ts'
import { fetchRun } from './fetch-run.ts'
import { linkEnvironment } from './link-environment.ts'
import { type SuperviseOptions, superviseRun } from './supervise-run.ts'

export interface ReproduceOptions extends Pick<OperationOptions, 'signal'>, Pick<SuperviseOptions, 'environment' | 'onOutput' | 'stopWith' | 'killSignal' | 'ownGroup' | 'author'> {
  /** How far metrics may be from what they were; of metrics that the run has. */
  readonly tolerances?: Tolerances
  /** Folder in or above which packages, or the virtual environment of Python, are. Default: the working directory. */
  readonly modules?: string
}

export interface ReproduceResult extends Reproduction {
  /** Labels of the first run and of this one, whose start leads to the first. */
  readonly run: string
  readonly again: string
  readonly id: CidText
  /** In what the machine is not as it was for the first run: what may explain that something differs. Empty if nothing that is recorded differs. */
  readonly environment: readonly EnvironmentDifference[]
}

/**
 * Runs a recorded run again, in a clean folder with its code and its inputs, and compares what comes out. Data that was dropped is made again first.
 *
 * @throws InvalidArgumentError for a run that a program began by itself (there is no command to start), that is not over, or whose code was not stored; for a tolerance of a metric that it has not
 */
export async function reproduceRun(repository: Repository, wanted: string, options: ReproduceOptions): Promise<ReproduceResult> {
  const { blocks } = repository
  const first = await findRun(blocks, wanted)
  const { started, ended, label } = first
  const command = needed(first)
  assertTolerances(`the run ${label}`, Object.keys(ended?.final ?? {}), options.tolerances ?? {})
  for (const { root } of started.inputs) if (await isGone(blocks, root)) await reconstruct(repository, cidText(root), options.signal === undefined ? {} : { signal: options.signal })
  const place = await mkdtemp(join(tmpdir(), 'varve-reproduce-'))
  try {
    const folder = join(place, 'run')
    await fetchRun(repository, label, folder, options.signal === undefined ? {} : { signal: options.signal })
    const top = join(folder, 'code')
    const cwd = join(top, started.cwd)
    await mkdir(cwd, { recursive: true })
    for (const { name } of started.outputs) await mkdir(join(place, 'outputs', name), { recursive: true })
    await linkPackages(top, resolve(options.modules ?? process.cwd()))
    await linkEnvironment(top, started.capture, resolve(options.modules ?? process.cwd()))
    const { tolerances, modules: _modules, ...rest } = options
    const { run } = await superviseRun(repository, {
      ...rest, name: started.name, inputs: Object.fromEntries(started.inputs.map(({ name, root }) => [name, cidText(root)])), config: started.config, seed: started.seed, tags: started.tags,
      why: `reproduces ${label}`, folder: cwd, command, outputs: Object.fromEntries(started.outputs.map(({ name, path }) => [name, isBelow(path) ? path : join(place, 'outputs', name, basename(path))])), reproduces: first.start,
    })
    const again = await findRun(blocks, run.label)
    if (ended === null || again.ended === null || again.record === null) throw new Error('A run that was supervised is over')
    const compared = await compareOutcomes(blocks, ended, await readRunRecord(blocks, again.record), tolerances)
    return { run: label, again: again.label, id: run.id, environment: compareEnvironments(started, again.started), ...compared }
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

function needed({ label, isOver, started: { command, code } }: FoundRun): readonly string[] {
  const why = !isOver ? 'it is not over' : command === null ? 'a program began it by itself, so that there is no command to start' : code === null ? 'its code was not stored' : command.some((word) => word.includes(REDACTED)) ? 'its command had a secret in it, which was not recorded' : undefined
  if (command !== null && why === undefined) return command
  throw new InvalidArgumentError(`The run ${label} cannot be run again: ${why}`, { data: { run: label }, hint: `\`varve fetch-run ${label} <folder>\` brings back what there is, with what a person has to do. Runs of \`varve run\` can be reproduced.` })
}

/** What was written elsewhere must not be written over. */
function isBelow(path: string): boolean {
  return !isAbsolute(path) && normalize(path).split(sep)[0] !== '..'
}

/** What the code imports is where it was installed: in the nearest node_modules of the project. */
async function linkPackages(top: string, from: string): Promise<void> {
  for (let folder = from; ; folder = dirname(folder)) {
    const packages = join(folder, 'node_modules')
    if (existsSync(packages)) return existsSync(join(top, 'node_modules')) ? undefined : symlink(packages, join(top, 'node_modules'), 'junction')
    if (dirname(folder) === folder) return
  }
}
