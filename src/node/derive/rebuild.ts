import { type CID, cidText } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { resolveRecord } from '../../dataset/revision.ts'
import { readSnapshot } from '../../dataset/snapshot-object.ts'
import { NotFoundError } from '../../errors.ts'
import { readDerivation } from '../../recipe/derivation-object.ts'
import { parseDerivedSource } from '../../recipe/derived-source.ts'
import { type OutputDifferences, outputDifferences } from '../../recipe/explain-difference.ts'
import { sameOutputs } from '../../recipe/memory.ts'
import { readRecipe } from '../../recipe/recipe-object.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { CidText } from '../../types.ts'
import { scratchFolder } from './derive.ts'
import { type Maker, makersByRoot } from './makers.ts'
import { realise } from './realise.ts'
import { modulesOf, type ReconstructOptions } from './reconstruct.ts'

/** One derivation on the way from the sources, carried out again and compared with what is recorded. */
export interface RebuiltStep extends OutputDifferences {
  readonly derivation: CidText
  readonly recipe: string
  readonly status: 'same' | 'different' | 'failed'
  /** Why it failed; null if it did not. */
  readonly reason: string | null
}

export interface RebuildResult {
  readonly root: CidText
  readonly ok: boolean
  /** From the sources on. The last one is the first that is not the same, if any is not. */
  readonly steps: readonly RebuiltStep[]
}

/**
 * Carries out again all that a dataset was derived by, from the sources on, and compares each step with the recorded result. Stores nothing. Ends with the first step that differs.
 * @throws NotFoundError if the revision was not derived; EvictedError if a recorded result that a later step needs was dropped and may not be made again
 */
export async function rebuild(repository: Repository, revision: string, options: ReconstructOptions = {}): Promise<RebuildResult> {
  const { blocks } = repository
  const { root, snapshot } = await resolveRecord(blocks, revision)
  const makers = await makersByRoot(blocks)
  const stated = snapshot === undefined ? undefined : parseDerivedSource((await readSnapshot(blocks, snapshot)).source)?.derivation
  const order = new Map<string, Maker>()
  await addMakers(blocks, root, { makers, order, under: new Set(), stated })
  if (order.size === 0) throw new NotFoundError(`${revision} was not derived: no recipe is known that gave ${cidText(root)}`, { data: { revision, root: cidText(root) } })
  const steps: RebuiltStep[] = []
  for (const maker of order.values()) {
    const step = await rebuildStep(repository, maker, options)
    steps.push(step)
    if (step.status !== 'same') break
  }
  return { root: cidText(root), ok: steps.every(({ status }) => status === 'same'), steps }
}

interface MakerSearch {
  readonly makers: ReadonlyMap<string, readonly Maker[]>
  /** What was found, by derivation. */
  readonly order: Map<string, Maker>
  /** Derivations on the way to this root, none of which can be what it comes from. */
  readonly under: ReadonlySet<string>
  /** The derivation that the snapshot says it is from: several may give one root. */
  readonly stated?: CID | undefined
}

/** Adds the derivation of a root after those of its inputs. */
async function addMakers(blocks: BlockRepository, root: CID, { makers, order, under, stated }: MakerSearch): Promise<void> {
  const possible = (makers.get(cidText(root)) ?? []).filter(({ derivation }) => !under.has(cidText(derivation)))
  const maker = possible.find(({ derivation }) => stated?.equals(derivation) === true) ?? possible[0]
  if (maker === undefined || order.has(cidText(maker.derivation))) return
  const name = cidText(maker.derivation)
  for (const input of (await readDerivation(blocks, maker.derivation)).inputs) await addMakers(blocks, input.root, { makers, order, under: new Set([...under, name]) })
  order.set(name, maker)
}

async function rebuildStep(repository: Repository, { derivation: cid, pinned }: Maker, options: ReconstructOptions): Promise<RebuiltStep> {
  const { blocks } = repository
  const derivation = await readDerivation(blocks, cid)
  const recipe = await readRecipe(blocks, derivation.recipe)
  const modules = await modulesOf(recipe, options.modules)
  return blocks.withSession(async (session) => {
    const { run } = await realise(blocks, session, { cid, derivation, recipe }, { ...options, scratchFolder: scratchFolder(repository), modules })
    const report = { derivation: cidText(cid), recipe: recipe.name, reason: run.reason, differences: [], count: 0, untold: [] }
    if (run.status !== 'succeeded') return { ...report, status: 'failed' }
    if (sameOutputs(run.outputs, pinned.outputs)) return { ...report, status: 'same' }
    return { ...report, status: 'different', ...(await outputDifferences(blocks, session, pinned.outputs, run.outputs)) }
  })
}
