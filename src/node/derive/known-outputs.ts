import { readSnapshot } from '../../dataset/snapshot-object.ts'
import { VarveError } from '../../errors.ts'
import { readDerivation } from '../../recipe/derivation-object.ts'
import { parseDerivedSource } from '../../recipe/derived-source.ts'
import type { PipelinePlan, PlannedStep } from '../../recipe/pipeline/index.ts'
import { outputRef, refFolder } from '../../recipe/pipeline/ref-targets.ts'
import { readRecipe } from '../../recipe/recipe-object.ts'
import type { BlockRepository } from '../../repository/index.ts'

/** The plan, with the outputs of recipes, which their modules declare, as far as they are known from the derivation that a step's refs have now. Runs nothing. */
export async function withKnownOutputs(blocks: BlockRepository, plan: PipelinePlan): Promise<PipelinePlan> {
  const steps: PlannedStep[] = []
  for (const step of plan.steps) steps.push(step.outputs === null ? { ...step, outputs: (await outputsOf(blocks, step)) ?? null } : step)
  return { ...plan, steps }
}

async function outputsOf(blocks: BlockRepository, step: PlannedStep): Promise<readonly string[] | undefined> {
  const names = new Set(step.refs.values())
  for await (const { name } of blocks.refs(`${refFolder(step.name)}/`)) names.add(name)
  for (const ref of names) {
    const target = await blocks.getRef(ref)
    const made = target === undefined ? undefined : parseDerivedSource((await readSnapshot(blocks, target)).source)
    if (made === undefined || outputRef(step, made.output) !== ref) continue
    try {
      return (await readRecipe(blocks, (await readDerivation(blocks, made.derivation)).recipe)).outputs
    } catch (error) {
      // Derived in another repository, or forgotten.
      if (!(error instanceof VarveError) || error.code === 'STORAGE_FAILED') throw error
    }
  }
  return undefined
}
