import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, VarveError } from '../../errors.ts'
import { chacha8Random, labelledKey } from '../../recipe/random.ts'
import { loadRun } from '../../run/find-run.ts'
import type { RunRecord } from '../../run/interface.ts'
import { listRuns } from '../../run/run-tree.ts'
import { assertTolerances, tolerancesFor } from '../../run/tolerances.ts'
import { type ReproduceOptions, reproduceRun, type ReproduceResult } from './reproduce-run.ts'

export interface RehearseOptions extends ReproduceOptions {
  /** How many runs to try. */
  readonly sample: number
  /** Only runs that began at this time (Unix, ms) or later. */
  readonly since?: number
  /** What decides which runs are tried. Default 0. */
  readonly seed?: number | string
  /** Told of each run when it has been tried. */
  readonly onRehearsed?: (rehearsed: RehearsedRun) => void
}

export interface RehearsedRun {
  readonly run: string
  readonly verdict: ReproduceResult['verdict'] | 'impossible'
  /** The run that it was tried with; null if none could be begun. */
  readonly again: string | null
  /** What differs first, or why it could not be run again; null if all is the same. */
  readonly why: string | null
}

export interface RehearseResult {
  /** Runs that there were to choose from: of commands, that succeeded, and are no reproductions themselves. */
  readonly candidates: number
  readonly rehearsed: readonly RehearsedRun[]
  /** How many of those that were tried gave the same, or nearly; from 0 to 1, and null if none was tried. */
  readonly rate: number | null
}

/**
 * Runs a random sample of past runs again, and says how many gave the same: whether an audit would find what is recorded to be true. Which ones depends on the seed and on what is recorded alone.
 * A tolerance counts for the runs that have such a metric.
 * @throws InvalidArgumentError for a sample that is no number of runs, and for a tolerance of a metric that none of them has; what stops everything, such as a storage that fails, is thrown too
 */
export async function rehearseRuns(repository: Repository, { sample, since, seed = 0, onRehearsed, tolerances = {}, ...options }: RehearseOptions): Promise<RehearseResult> {
  if (!Number.isSafeInteger(sample) || sample < 1) throw new InvalidArgumentError(`${sample} is no number of runs to try`, { hint: 'Write --sample 3.' })
  const { blocks } = repository
  /** With their last values. */
  const candidates = new Map<string, RunRecord['final']>()
  for await (const listed of listRuns(blocks)) {
    if (!listed.isOver) continue
    const { label, started, ended } = await loadRun(blocks, listed)
    if (ended?.status === 'succeeded' && started.command !== null && started.reproduces === null && (since === undefined || Date.parse(started.started) >= since)) candidates.set(label, ended.final)
  }
  if (candidates.size > 0) assertTolerances('the runs to choose from', [...candidates.values()].flatMap((final) => Object.keys(final)), tolerances)
  const chosen = chacha8Random(labelledKey(String(seed), 'varve', 'rehearse')).shuffle([...candidates.keys()].sort()).slice(0, sample)
  const rehearsed: RehearsedRun[] = []
  for (const run of chosen) {
    options.signal?.throwIfAborted()
    const result = await rehearse(repository, run, { ...options, tolerances: tolerancesFor({ final: candidates.get(run) ?? {} }, tolerances) })
    rehearsed.push(result)
    onRehearsed?.(result)
  }
  const good = rehearsed.filter(({ verdict }) => verdict === 'identical' || verdict === 'within tolerance').length
  return { candidates: candidates.size, rehearsed, rate: rehearsed.length === 0 ? null : good / rehearsed.length }
}

async function rehearse(repository: Repository, run: string, options: ReproduceOptions): Promise<RehearsedRun> {
  try {
    const { verdict, again, firstDifference } = await reproduceRun(repository, run, options)
    return { run, verdict, again, why: firstDifference }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof VarveError && error.code === 'STORAGE_FAILED') throw error
    return { run, verdict: 'impossible', again: null, why: error instanceof Error ? error.message : String(error) }
  }
}
