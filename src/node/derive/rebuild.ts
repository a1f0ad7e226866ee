import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type CID, cidText } from '../../cid/cid.ts'
import { namesHint } from '../../dataset/near-names.ts'
import type { Repository } from '../../dataset/repository.ts'
import { resolveRecord } from '../../dataset/revision.ts'
import { readSnapshot } from '../../dataset/snapshot-object.ts'
import { isGone } from '../../dataset/left-at-remote.ts'
import { NotFoundError } from '../../errors.ts'
import { readDerivation } from '../../recipe/derivation-object.ts'
import { parseDerivedSource } from '../../recipe/derived-source.ts'
import { type OutputDifferences, outputDifferences } from '../../recipe/explain-difference.ts'
import { sameOutputs } from '../../recipe/memory.ts'
import type { DerivationRun } from '../../recipe/interface.ts'
import { readRecipe } from '../../recipe/recipe-object.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import type { CidText } from '../../types.ts'
import { makeScratch } from '../execution/scratch.ts'
import { FolderStorage } from '../folder-storage.ts'
import { scratchFolder } from './derive.ts'
import { type Maker, makersByRoot } from './makers.ts'
import { realise } from './realise.ts'
import { modulesOf, type ReconstructOptions } from './reconstruct.ts'

/** One derivation on the way from the sources, carried out again and compared with what is recorded. */
export interface RebuiltStep extends OutputDifferences {
  readonly derivation: CidText
  readonly recipe: string
  readonly status: 'same' | 'different' | 'failed'
  /** True if the recipe claims to give the same bits each time. */
  readonly claimed: boolean
  /** Why it failed; null if it did not. */
  readonly reason: string | null
}

export interface RebuildOptions extends ReconstructOptions {
  /** Only steps whose recipe has this name; those before them too if what they gave was dropped. */
  readonly only?: string
}

export interface RebuildResult {
  readonly root: CidText
  readonly ok: boolean
  /** From the sources on. The last one is the first that is not the same, if any is not. */
  readonly steps: readonly RebuiltStep[]
}

/**
 * Carries out again all that a dataset was derived by, from the sources on, and compares each step with the recorded result. Stores nothing. Ends with the first step that differs.
 * A recorded result on the way that was dropped is not needed: what comes out in its place is kept among the scratch folders until this is done.
 * @throws NotFoundError if the revision was not derived; EvictedError if a source was dropped
 */
export async function rebuild(repository: Repository, revision: string, { only, ...options }: RebuildOptions = {}): Promise<RebuildResult> {
  const { blocks } = repository
  const { root, snapshot } = await resolveRecord(blocks, revision)
  const makers = await makersByRoot(blocks)
  const stated = snapshot === undefined ? undefined : parseDerivedSource((await readSnapshot(blocks, snapshot)).source)?.derivation
  const order = new Map<string, Maker>()
  await addMakers(blocks, root, { makers, order, under: new Set(), stated })
  if (order.size === 0) throw new NotFoundError(`${revision} was not derived: no recipe is known that gave ${cidText(root)}`, { data: { revision, root: cidText(root) } })
  const all = [...order.values()]
  const chosen = only === undefined ? all : await named(blocks, all, only)
  const request = { makers: chosen, scratch: scratchFolder(repository), options }
  const steps = (await needsDropped(blocks, chosen)) ? await withoutDropped(blocks, { ...request, makers: all.slice(0, all.indexOf(chosen.at(-1) as Maker) + 1) }) : await rebuildSteps(blocks, request)
  return { root: cidText(root), ok: steps.every(({ status }) => status === 'same'), steps }
}

/** @throws NotFoundError if there is no such step on the way */
async function named(blocks: BlockRepository, makers: readonly Maker[], name: string): Promise<readonly Maker[]> {
  const names = await Promise.all(makers.map(async ({ derivation }) => (await readRecipe(blocks, (await readDerivation(blocks, derivation)).recipe)).name))
  const found = makers.filter((_maker, at) => names[at] === name)
  if (found.length === 0) throw new NotFoundError(`There is no step "${name}" on the way from the sources`, { data: { step: name, steps: names }, hint: namesHint(name, [...new Set(names)]) })
  return found
}

interface RebuildRequest {
  /** From the sources on. */
  readonly makers: readonly Maker[]
  readonly scratch: string
  readonly options: ReconstructOptions
}

async function needsDropped(blocks: BlockRepository, makers: readonly Maker[]): Promise<boolean> {
  for (const { derivation } of makers) {
    for (const { root } of (await readDerivation(blocks, derivation)).inputs) if (await isGone(blocks, root)) return true
  }
  return false
}

/** Rebuilds in a rehearsal, to which what comes out is committed for the steps behind it. */
async function withoutDropped(blocks: BlockRepository, request: RebuildRequest): Promise<readonly RebuiltStep[]> {
  const scratch = await makeScratch(request.scratch)
  try {
    // The session keeps what is read from being collected: those of the rehearsal are not seen by others.
    return await blocks.withSession(async () => {
      const folder = join(scratch.path, 'repository')
      await mkdir(folder)
      const rehearsal = blocks.rehearsal(new FolderStorage(folder))
      await rehearsal.refresh()
      return rebuildSteps(rehearsal, request, (session, { outputs }) => session.commit({ action: 'rebuild', whole: outputs.map(({ root }) => root) }))
    })
  } finally {
    await scratch.remove()
  }
}

async function rebuildSteps(blocks: BlockRepository, { makers, scratch, options }: RebuildRequest, onSame?: OnSame): Promise<readonly RebuiltStep[]> {
  const steps: RebuiltStep[] = []
  for (const maker of makers) {
    const step = await rebuildStep(blocks, maker, { scratchFolder: scratch, options, onSame })
    steps.push(step)
    if (step.status !== 'same') break
  }
  return steps
}

/** What is done with a result that came out again. */
type OnSame = (session: Session, run: Pick<DerivationRun, 'outputs'>) => Promise<unknown>

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

async function rebuildStep(
  blocks: BlockRepository, { derivation: cid, pinned }: Maker, { scratchFolder, options, onSame }: { readonly scratchFolder: string; readonly options: ReconstructOptions; readonly onSame: OnSame | undefined },
): Promise<RebuiltStep> {
  const derivation = await readDerivation(blocks, cid)
  const recipe = await readRecipe(blocks, derivation.recipe)
  const modules = await modulesOf(recipe, options.modules)
  return blocks.withSession(async (session) => {
    const { run } = await realise(blocks, session, { cid, derivation, recipe }, { ...options, scratchFolder, modules })
    const report = { derivation: cidText(cid), recipe: recipe.name, claimed: recipe.deterministic === 'bitwise', reason: run.reason, differences: [], count: 0, untold: [] }
    if (run.status !== 'succeeded') return { ...report, status: 'failed' }
    if (!sameOutputs(run.outputs, pinned.outputs)) return { ...report, status: 'different', ...(await outputDifferences(blocks, session, pinned.outputs, run.outputs)) }
    await onSame?.(session, run)
    return { ...report, status: 'same' }
  })
}
