import { type CID, cidText } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { resolveRecord } from '../../dataset/revision.ts'
import { isGone } from '../../dataset/left-at-remote.ts'
import { EvictedError, ReconstructionMismatchError } from '../../errors.ts'
import { readDerivation, readEnvironment } from '../../recipe/derivation-object.ts'
import { outputDifferences, shownDifferences } from '../../recipe/explain-difference.ts'
import { remember, type RememberedRun, sameOutputs } from '../../recipe/memory.ts'
import type { Recipe } from '../../recipe/interface.ts'
import { readRecipe } from '../../recipe/recipe-object.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import type { CidText, OperationOptions } from '../../types.ts'
import type { ModuleFolder } from '../code/interface.ts'
import { scratchFolder } from './derive.ts'
import type { DeriveOptions } from './interface.ts'
import { environmentOf } from './environment.ts'
import { installedModules, nearestModules } from './link-modules.ts'
import { type Maker, makersByRoot } from './makers.ts'
import { OWN_MODULES } from './own-package.ts'
import { programDigest } from './program-digest.ts'
import { type Bound, realise } from './realise.ts'

export interface ReconstructOptions extends OperationOptions, Pick<DeriveOptions, 'executor'> {
  /** Folder in or above which the packages of function recipes are installed. Default: the working directory. */
  readonly modules?: string
}

/** One derivation that was carried out again. */
export interface ReconstructedStep {
  readonly derivation: CidText
  readonly recipe: string
  readonly outputs: readonly { readonly name: string; readonly root: CidText }[]
}

export interface ReconstructResult {
  readonly root: CidText
  /** Empty if all was there. */
  readonly steps: readonly ReconstructedStep[]
}

/**
 * Makes derived data again that garbage collection dropped, and before it whatever it was made from, as far as that was dropped too. Only what has the recorded roots is admitted.
 *
 * @throws ReconstructionMismatchError if something else came out; EvictedError if no derivation is known that gives it
 * @throws InvalidArgumentError if packages that a recipe needs are not installed as recorded
 */
export async function reconstruct(repository: Repository, revision: string, options: ReconstructOptions = {}): Promise<ReconstructResult> {
  const { root } = await resolveRecord(repository.blocks, revision)
  const work = new Reconstruction(repository.blocks, scratchFolder(repository), options)
  await work.make(root)
  return { root: cidText(root), steps: work.steps }
}

/** For a repository that makes again whatever is asked for. */
export async function remake(blocks: BlockRepository, root: CID, scratch: string): Promise<void> {
  await new Reconstruction(blocks, scratch, {}).make(root)
}

class Reconstruction {
  readonly steps: ReconstructedStep[] = []
  readonly #blocks: BlockRepository
  readonly #scratchFolder: string
  readonly #options: ReconstructOptions
  /** Roots on the way to the one that is being made. */
  readonly #under = new Set<string>()
  #makers: ReadonlyMap<string, readonly Maker[]> | undefined

  constructor(blocks: BlockRepository, scratch: string, options: ReconstructOptions) {
    this.#blocks = blocks
    this.#scratchFolder = scratch
    this.#options = options
  }

  async make(root: CID): Promise<void> {
    if (!(await isGone(this.#blocks, root))) return
    const text = cidText(root)
    if (this.#under.has(text)) throw noMaker(root)
    this.#under.add(text)
    this.#makers ??= await makersByRoot(this.#blocks)
    let failure: unknown
    try {
      for (const maker of this.#makers.get(text) ?? []) {
        try {
          return await this.#makeBy(maker)
        } catch (error) {
          this.#options.signal?.throwIfAborted()
          // Of several derivations that give it, what is wrong with the first is told.
          failure ??= error
        }
      }
    } finally {
      this.#under.delete(text)
    }
    throw failure ?? noMaker(root)
  }

  async #makeBy({ derivation: cid, pinned }: Maker): Promise<void> {
    const derivation = await readDerivation(this.#blocks, cid)
    for (const { root } of derivation.inputs) await this.make(root)
    const bound = { cid, derivation, recipe: await readRecipe(this.#blocks, derivation.recipe) }
    const modules = await modulesOf(bound.recipe, this.#options.modules)
    await this.#blocks.withSession(async (session) => {
      const { run, logEnd } = await realise(this.#blocks, session, bound, { ...this.#options, scratchFolder: this.#scratchFolder, modules })
      if (run.status !== 'succeeded' || !sameOutputs(run.outputs, pinned.outputs)) throw await this.#mismatch(session, bound, pinned, run, logEnd)
      await remember(this.#blocks, session, run, { action: 'reconstruct', message: bound.recipe.name })
    })
    this.steps.push({ derivation: cidText(cid), recipe: bound.recipe.name, outputs: pinned.outputs.map(({ name, root }) => ({ name, root: cidText(root) })) })
  }

  async #mismatch(session: Session, { cid, derivation, recipe }: Bound, pinned: RememberedRun, run: Pick<RememberedRun, 'status' | 'reason' | 'outputs'>, log: string): Promise<ReconstructionMismatchError> {
    const { action } = recipe
    const recorded = await readEnvironment(this.#blocks, derivation.environment)
    const here = recorded.policy === 'image' ? recorded : environmentOf(recorded.policy, { lockFile: new Map(recorded.facts).get('lock-file'), image: undefined, ...(action.kind === 'command' ? { program: await programDigest(action.words[0] ?? '') } : {}) })
    const environment = recorded.facts.filter(([name, value]) => new Map(here.facts).get(name) !== value).map(([name, value]) => ({ name, recorded: value, here: new Map(here.facts).get(name) ?? null }))
    const outputs = pinned.outputs.map(({ name, root }) => ({ name, recorded: cidText(root), found: textOf(run.outputs.find((output) => output.name === name)?.root) }))
    const differing = environment.map(({ name, recorded, here }) => `${name} was ${recorded} and is ${here ?? 'unknown'}`).join(', ')
    const found = await outputDifferences(this.#blocks, session, pinned.outputs, run.outputs)
    const { differences, count } = found
    const what = run.status === 'succeeded' ? `gave other outputs than recorded: ${shownDifferences(found)}` : `failed: ${run.reason ?? 'no reason was given'}`
    return new ReconstructionMismatchError(`${recipe.name} ${what}${differing === '' ? '' : `; ${differing}`}`, { data: { derivation: cidText(cid), outputs, differences, count, environment, log } })
  }
}

/** What a recipe may load: a command, whatever is installed; a function, the packages whose versions are the recorded ones, and this package. */
export async function modulesOf({ action, code }: Recipe, folder: string = process.cwd()): Promise<readonly ModuleFolder[]> {
  return action.kind === 'function' ? [...(await installedModules(folder, code.packages)), ...OWN_MODULES] : nearestModules(folder)
}

function noMaker(root: CID): EvictedError {
  return new EvictedError(`No derivation is known that could make ${cidText(root)} again`, { data: { root: cidText(root) }, hint: 'Another copy of the repository may still have it.' })
}

function textOf(cid: CID | undefined): CidText | null {
  return cid === undefined ? null : cidText(cid)
}
