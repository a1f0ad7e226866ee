import { join } from 'node:path'
import { toHex } from '../../bytes.ts'
import { parseCid } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, VarveError } from '../../errors.ts'
import type { PlannedStep } from '../../recipe/pipeline/index.ts'
import { outputRef } from '../../recipe/pipeline/ref-targets.ts'
import type { OperationOptions } from '../../types.ts'
import { derive } from './derive.ts'
import { type EditedInput, editedInputs } from './edited-inputs.ts'
import type { CommandRecipe, DeriveOptions, DeriveResult } from './interface.ts'
import { PIPELINE_FILE, readPlan, type ReadPlanOptions } from './read-pipeline.ts'

export interface ReproOptions extends ReadPlanOptions, OperationOptions, Pick<DeriveOptions, 'force' | 'dryRun' | 'image' | 'limits' | 'processes' | 'executor' | 'message' | 'author' | 'onOutput' | 'onWait'> {
  /** Default `varve.yaml` in the working directory. */
  readonly file?: string
  /** Steps that may run at the same time. Default 1. */
  readonly jobs?: number
  /** How long may be spent on finding folders that were edited since their snapshots, in milliseconds: 30 or so for a first small one, and some 20 for each 1,000 files. Default 0, which finds none. */
  readonly lookMs?: number
  /** Told of each step when it is done. */
  readonly onStep?: (report: StepReport) => void
}

/** What became of one step. */
export type StepReport =
  | ({ readonly step: string } & Omit<DeriveResult, 'name'>)
  /** It takes what a step before it gives, which is not known yet. Of a dry run. */
  | { readonly step: string; readonly status: 'waiting'; readonly waitsFor: readonly string[] }
  | { readonly step: string; readonly status: 'failed'; readonly error: VarveError }
  /** A step that it needs failed, or, unless this was a dry run, any one before it was its turn: `because` names it. */
  | { readonly step: string; readonly status: 'skipped'; readonly because: string }

export interface ReproResult {
  readonly ok: boolean
  /** In the order of the plan. */
  readonly steps: readonly StepReport[]
  /** Folders that were edited since the snapshots of them that steps read, as far as that is soon known. */
  readonly edited: readonly EditedInput[]
}

/**
 * Brings the outputs of a pipeline up to date: each step is derived from exactly what the steps before it gave, and what is remembered is not run. A step whose changed code gives
 * the same as before changes nothing for those behind it. After a failure nothing new is begun; what is running is waited for. A dry run goes on with all that does not need what failed.
 *
 * @throws PipelineError if the file is wrong; what stops the whole run, such as a storage that fails, is thrown too
 */
export async function repro(repository: Repository, options: ReproOptions = {}): Promise<ReproResult> {
  const { jobs = 1, file = PIPELINE_FILE, lookMs = 0 } = options
  if (!Number.isSafeInteger(jobs) || jobs < 1) throw new InvalidArgumentError(`${jobs} steps at the same time make no sense`, { hint: 'Give a whole number from 1.' })
  const { folder, plan } = await readPlan(file, options)
  const edited = await editedInputs(repository, { folder, plan }, lookMs)
  const work = new PipelineRun(repository, folder, options)
  const waiting = new Set(plan.steps)
  const running = new Map<string, Promise<void>>()
  try {
    while (waiting.size > 0 || running.size > 0) {
      options.signal?.throwIfAborted()
      for (const step of waiting) {
        if (running.size >= jobs) break
        if (!step.after.every((name) => work.isDone(name))) continue
        waiting.delete(step)
        running.set(step.name, work.run(step).finally(() => running.delete(step.name)))
      }
      await Promise.race(running.values())
    }
  } finally {
    await Promise.allSettled(running.values())
  }
  const steps = await withPresent(repository, plan.steps.map(({ name }) => work.reportOf(name)))
  return { ok: steps.every(({ status }) => status !== 'failed' && status !== 'skipped'), steps, edited }
}

/** The reports, if what a step gave was dropped and then made again for one behind it. */
async function withPresent({ blocks }: Repository, steps: readonly StepReport[]): Promise<readonly StepReport[]> {
  if (!steps.some((step) => 'outputs' in step && step.outputs.some(({ evicted }) => evicted))) return steps
  await blocks.refresh()
  const evicted = await blocks.evicted()
  return steps.map((step) => ('outputs' in step ? { ...step, outputs: step.outputs.map((output) => ({ ...output, evicted: evicted.has(toHex(parseCid(output.root).multihash.digest)) })) } : step))
}

class PipelineRun {
  readonly #repository: Repository
  readonly #folder: string
  readonly #options: ReproOptions
  readonly #reports = new Map<string, StepReport>()
  /** The first step that failed. */
  #failed: string | undefined

  constructor(repository: Repository, folder: string, options: ReproOptions) {
    this.#repository = repository
    this.#folder = folder
    this.#options = options
  }

  isDone(step: string): boolean {
    return this.#reports.has(step)
  }

  /** Of a step that is done. */
  reportOf(step: string): StepReport {
    const report = this.#reports.get(step)
    if (report === undefined) throw new Error(`The step ${step} is not done`)
    return report
  }

  async run(step: PlannedStep): Promise<void> {
    const report = await this.#report(step)
    this.#reports.set(step.name, report)
    if (report.status === 'failed') this.#failed ??= step.name
    this.#options.onStep?.(report)
  }

  async #report(step: PlannedStep): Promise<StepReport> {
    const because = this.#whySkipped(step)
    if (because !== undefined) return { step: step.name, status: 'skipped', because }
    const waitsFor = step.after.filter((name) => ['stale', 'waiting'].includes(this.reportOf(name).status))
    if (waitsFor.length > 0) return { step: step.name, status: 'waiting', waitsFor }
    try {
      const { name: _name, ...result } = await derive(this.#repository, recipeOf(step, this.#folder), this.#deriveOptions(step))
      return { step: step.name, ...result }
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      if (!(error instanceof VarveError) || error.code === 'STORAGE_FAILED') throw error
      return { step: step.name, status: 'failed', error }
    }
  }

  /** The step that failed, if this one is left out for its sake. */
  #whySkipped({ after }: PlannedStep): string | undefined {
    for (const name of after) {
      const report = this.reportOf(name)
      if (report.status === 'failed') return name
      if (report.status === 'skipped') return report.because
    }
    return this.#options.dryRun === true ? undefined : this.#failed
  }

  #deriveOptions(step: PlannedStep): DeriveOptions {
    const { file: _file, jobs: _jobs, onStep: _onStep, steps: _steps, set: _set, lookMs: _lookMs, ...options } = this.#options
    const inputs = Object.fromEntries(step.inputs.map(({ name, source }) => [name, source.kind === 'revision' ? source.revision : this.#outputOf(source.step, source.output)]))
    return { ...options, inputs, params: step.params, ref: (output) => outputRef(step, output), ...(step.seed === null ? {} : { seed: step.seed }) }
  }

  /** @throws InvalidArgumentError if the step before gave no such output */
  #outputOf(step: string, output: string): string {
    const report = this.reportOf(step)
    const outputs = 'outputs' in report ? report.outputs : []
    const found = outputs.find(({ name }) => name === output)
    if (found === undefined) throw new InvalidArgumentError(`The step "${step}" has no output "${output}"; it has ${outputs.map(({ name }) => name).join(', ')}`, { hint: `Correct the input in ${PIPELINE_FILE}.` })
    return found.root
  }
}

function recipeOf({ name, action, inputs, outputs }: PlannedStep, folder: string): string | CommandRecipe {
  if (action.kind === 'recipe') return `${join(folder, action.module)}${action.exportName === null ? '' : `#${action.exportName}`}`
  const { words, code, environment, deterministic, map } = action
  return { name, command: words, code, folder, inputs: inputs.map((input) => input.name), outputs: outputs ?? [], environment, deterministic, ...(map === null ? {} : { map }) }
}
