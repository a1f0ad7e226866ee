import type { Repository } from '../../dataset/repository.ts'
import { InvalidArgumentError, SealedError } from '../../errors.ts'
import { findRun, type FoundRun, runInfo } from '../../run/find-run.ts'
import type { RunInfo } from '../../run/interface.ts'
import { hostId } from '../maker.ts'
import { commandOf } from './command-of.ts'
import { isRunGone } from './is-run-gone.ts'
import { runFiles } from './run-folder.ts'
import { sealLost } from './seal-lost.ts'

export interface CloseRunOptions {
  /** How it is known that it runs no more. */
  readonly why: string
  /** Who says so. */
  readonly by?: string
}

/**
 * Declares a run lost that does not say so itself: one of a machine or a container that is no more, of which nothing can be found out from here. It is sealed with the artifacts that it had recorded, and what else of it is
 * on this machine; who said so, when and why is in its record, and in the log of operations. Whoever carries it on after all cannot end it.
 *
 * @param wanted `train#3`, or the beginning of an identity
 * @throws NotFoundError; SealedError if it is over; InvalidArgumentError without a why, and for a run whose process lives on this machine: that one is to be stopped
 *
 * @example
 * await closeRun(repository, 'train#3', { why: 'the node was taken down', by: 'Ada' })
 */
export async function closeRun(repository: Repository, wanted: string, { why, by }: CloseRunOptions): Promise<RunInfo> {
  const { blocks } = repository
  if (why.trim() === '') throw new InvalidArgumentError('It must be said why a run counts as lost', { hint: 'Such as --why "the node was taken down".' })
  await blocks.refresh()
  const run = await findRun(blocks, wanted)
  const { label, isOver, ended } = run
  if (isOver) throw new SealedError(`The run ${label} is over${ended === null ? '' : `: it ended as ${ended.status}`}`, { data: { run: label, status: ended?.status ?? null } })
  const files = runFiles(repository, run.start)
  assertGone(run, commandOf(files))
  await sealLost(repository, run, files, { reason: `declared lost${by === undefined ? '' : ` by ${by}`}: ${why}`, actor: by ?? null })
  return runInfo(await findRun(blocks, label))
}

/** Of this machine it is known what lives. */
function assertGone({ label, started }: FoundRun, command: FoundRun['started']['process'] | undefined): void {
  const since = Date.parse(started.started)
  const after = { 'its process': 'A run says by itself that it was stopped.', 'its command': 'What supervised it is gone: the next `varve runs` then finds the run lost, with all that was logged.' } as const
  for (const [what, process] of [['its process', started.process], ['its command', command]] as const) {
    if (process === undefined || process.hostId !== hostId() || isRunGone(process, since)) continue
    throw new InvalidArgumentError(`The run ${label} is not lost: ${what} lives on this machine, as number ${process.id}`, { data: { run: label, process: process.id }, hint: `Stop it: kill ${process.id}. ${after[what]}` })
  }
}
