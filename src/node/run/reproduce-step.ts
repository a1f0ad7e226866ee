import { cidText } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { NotFoundError } from '../../errors.ts'
import { findRun } from '../../run/find-run.ts'
import { rebuild, type RebuildOptions, type RebuiltStep } from '../derive/rebuild.ts'

export interface ReproducedSteps {
  readonly run: string
  readonly ok: boolean
  readonly steps: readonly RebuiltStep[]
}

/**
 * Carries out again, of all that the data of a run was derived by, the steps of one recipe, and compares what comes out with what is recorded: to verify one part of an outcome without training again. Stores nothing.
 * @throws NotFoundError if no input of the run was derived by such a step
 */
export async function reproduceStep(repository: Repository, wanted: string, step: string, options: Omit<RebuildOptions, 'only'> = {}): Promise<ReproducedSteps> {
  const { label, started } = await findRun(repository.blocks, wanted)
  const steps = new Map<string, RebuiltStep>()
  let absent: NotFoundError | undefined
  for (const root of new Set(started.inputs.map((input) => cidText(input.root)))) {
    try {
      for (const rebuilt of (await rebuild(repository, root, { ...options, only: step })).steps) steps.set(rebuilt.derivation, rebuilt)
    } catch (error) {
      // Another input may have been.
      if (!(error instanceof NotFoundError)) throw error
      absent = error
    }
  }
  if (steps.size === 0) throw absent ?? new NotFoundError(`The run ${label} read no data`, { data: { run: label }, hint: 'There is no step before it.' })
  return { run: label, ok: [...steps.values()].every(({ status }) => status === 'same'), steps: [...steps.values()] }
}
