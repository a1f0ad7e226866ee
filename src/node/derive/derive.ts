import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '../../bytes.ts'
import { type CID, cidText } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { bringBack } from '../../dataset/evicted-data.ts'
import type { Repository } from '../../dataset/repository.ts'
import { readSnapshot } from '../../dataset/snapshot-object.ts'
import { DivergenceError, InvalidArgumentError, NotFoundError, NotHermeticError, RecipeFailedError, RefConflictError, VarveError } from '../../errors.ts'
import type { RecipeDefinition } from '../../recipe/define-recipe.ts'
import { compareDerivations, type DerivationChange } from '../../recipe/compare-derivations.ts'
import type { MappedUnits } from '../../recipe/interface.ts'
import { parseDerivedSource } from '../../recipe/derived-source.ts'
import { outputDifferences, shownDifferences } from '../../recipe/explain-difference.ts'
import { familyChange } from '../../recipe/map/map-family.ts'
import { type MapProgress, progressChange } from '../../recipe/map/map-progress.ts'
import { openManifest } from '../../manifest/manifest.ts'
import { MEMORY_REF, pinnedRun, type Realisations, recall, remember, type RememberedRun, sameOutputs } from '../../recipe/memory.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import { sweepScratches } from '../execution/scratch.ts'
import { bind } from './bind.ts'
import { findBasis } from './map-basis.ts'
import { assertOutputRefs, type GivenRefs, giveRefs, NO_REFS, outputRefs, type OutputRefs } from './give-refs.ts'
import type { CommandRecipe, DeriveOptions, DeriveResult } from './interface.ts'
import { prepare, type Prepared } from './prepare.ts'
import { type Bound, realise, type Realised, type UnfinishedUnits } from './realise.ts'
import { secretPaths } from './secret-paths.ts'
import { takeTurn } from './take-turn.ts'
import { UnstoredBlocks } from './unstored-blocks.ts'

const ACTION = 'derive'

/**
 * Carries out a recipe on exact inputs and remembers what it gave; asked again, nothing is run. The recipe's code runs in a process of its own, on a copy of what it is made of.
 *
 * @param recipe a module and its export, `steps/features.mjs#features`; a command line; or what `defineRecipe` gives, with a version and all that its function captures
 * @throws RecipeFailedError if it failed; NotHermeticError if it used what it did not declare: the attempt is remembered with its log
 * @throws DivergenceError if it gave another result than before, though it claims not to; both are kept, and the first one counts
 * @throws RefConflictError if a ref for an output has a newest snapshot that was not derived: nothing is run
 * @throws EvictedError if an input was dropped, to be made again, and the repository was not opened with `reconstruct: 'auto'`
 *
 * @example
 * const { outputs } = await derive(repository, 'steps/features.mjs', { inputs: { raw: 'raw@v1' }, params: { size: 32 }, ref: 'features' })
 */
export async function derive(repository: Repository, recipe: string | CommandRecipe | RecipeDefinition, options: DeriveOptions): Promise<DeriveResult> {
  const startedAt = performance.now()
  assertRequest(repository, recipe, options)
  const { blocks } = repository
  const prepared = await prepare(recipe, { params: options.params ?? {}, cacheFolder: cacheFolder(repository), ...(options.signal === undefined ? {} : { signal: options.signal }) })
  const refs = outputRefs(prepared.recipe, options.ref)
  await blocks.refresh()
  await assertOutputRefs(blocks, refs)
  const lookUp = async (store: BlockSource & BlockSink): Promise<LookedUp> => {
    const bound = await bind(repository, store, prepared, options)
    const changes = await changesSince(blocks, store, bound.cid, Object.values(refs))
    const known = await recall(blocks, bound.cid)
    const result: LookedUp['result'] = async (status, run, { given = NO_REFS, units = null, differed = false, secrets = [] } = {}) => ({
      derivation: cidText(bound.cid), recipe: cidText(bound.recipeCid), name: bound.recipe.name, status, run: run === undefined ? null : cidText(run.cid),
      outputs: status === 'stale' || run === undefined ? [] : await outputInfos(blocks, run, refs, given), unchanged: given.unchanged, changes, lockFile: bound.recipe.environment === 'locked' ? (prepared.lockFile?.path ?? null) : null, open: bound.recipe.code.open, diverged: differed || hasDiverged(known), differed, units, secrets,
      elapsedMs: Math.round(performance.now() - startedAt),
    })
    return { bound, before: pinnedRun(known), result }
  }
  // A session is a lease, with two fsyncs: what is remembered, and has its refs, needs none.
  const unstored = new UnstoredBlocks(blocks)
  const { bound: asked, before: known, result: answer } = await lookUp(unstored)
  if (known !== undefined && options.force !== true) {
    // Whoever was killed after it had committed left its scratch folder, and nothing may be left to run.
    if (options.dryRun !== true) await sweepScratches(scratchFolder(repository))
    const given = options.dryRun === true ? NO_REFS : await giveRefs(blocks, unstored, asked.cid, known.outputs, refs, options)
    if (given.changes.length === 0) return answer('remembered', known, { given, units: unitCounts(known.units, false) })
  }
  if (options.dryRun === true) return answer('stale', known)
  return blocks.withSession(async (session) => {
    const { bound, result } = await lookUp(session)
    const recallNow = async (): Promise<DeriveResult | undefined> => {
      const moved = await moveRefs(blocks, session, bound.cid, refs, options)
      return moved === undefined ? undefined : result('remembered', moved.run, { given: moved.given, units: unitCounts(moved.run.units, false) })
    }
    const runAnyway = async (): Promise<DeriveResult> => {
      const { run, given, units, differed, secrets } = await runNow(repository, session, bound, { prepared, options, refs })
      return result('ran', run, { given, differed, secrets, units: unitCounts(units, true) })
    }
    if (options.force === true) return runAnyway()
    return (await recallNow()) ?? takeTurn(join(cacheFolder(repository), 'turns'), `${blocks.config.id}-${cidText(bound.cid)}`, { signal: options.signal, onWait: options.onWait }, async () => {
      // Another process may have been at it.
      await blocks.refresh()
      return (await recallNow()) ?? runAnyway()
    })
  })
}

interface LookedUp {
  readonly bound: Awaited<ReturnType<typeof bind>>
  /** What stands for the derivation. */
  readonly before: RememberedRun | undefined
  readonly result: (status: DeriveResult['status'], run: RememberedRun | undefined, done?: { readonly given?: GivenRefs; readonly units?: DeriveResult['units']; readonly differed?: boolean; readonly secrets?: DeriveResult['secrets'] }) => Promise<DeriveResult>
}

/** Programs without types make these mistakes. @throws InvalidArgumentError */
function assertRequest(repository: unknown, recipe: unknown, options: unknown): void {
  const isRecipe = typeof recipe === 'string' || (typeof recipe === 'object' && recipe !== null && ('run' in recipe || ('command' in recipe && 'code' in recipe)))
  const isSound = typeof repository === 'object' && repository !== null && 'blocks' in repository && isRecipe && typeof options === 'object' && options !== null && 'inputs' in options
  if (isSound) return
  throw new InvalidArgumentError('derive takes a repository, a recipe and its options', {
    hint: "Write derive(repository, 'steps/features.mjs', { inputs: { raw: 'raw@v1' } }), or { name, command, code, inputs, outputs } or defineRecipe({ … }) in place of the module.",
  })
}

function unitCounts(units: MappedUnits | null, isNew: boolean): DeriveResult['units'] {
  if (units === null) return null
  const total = units.ran + units.remembered
  return isNew ? { total, ran: units.ran, remembered: units.remembered } : { total, ran: 0, remembered: total }
}

function hasDiverged(known: Realisations): boolean {
  const first = pinnedRun(known)
  return known.runs.some(({ status, outputs }) => status === 'succeeded' && !sameOutputs(outputs, first?.outputs ?? outputs))
}

async function outputInfos(blocks: BlockRepository, run: RememberedRun, refs: OutputRefs, { snapshots }: GivenRefs): Promise<DeriveResult['outputs']> {
  const evicted = await blocks.evicted()
  return Promise.all(run.outputs.map(async ({ name, root }) => {
    const snapshot = snapshots[name]
    const isEvicted = evicted.has(toHex(root.multihash.digest))
    const empty = !isEvicted && (await openManifest(blocks, root)).totals.entries === 0
    return { name, root: cidText(root), ref: refs[name] ?? null, snapshot: snapshot === undefined ? null : cidText(snapshot), empty, evicted: isEvicted }
  }))
}

interface RunRequest {
  readonly prepared: Prepared
  readonly options: DeriveOptions
  readonly refs: OutputRefs
}

async function runNow(repository: Repository, session: Session, bound: Bound, { prepared, options, refs }: RunRequest): Promise<{ run: RememberedRun; given: GivenRefs; units: MappedUnits | null; differed: boolean; secrets: DeriveResult['secrets'] }> {
  const { blocks } = repository
  const { limits, processes, executor, signal, onProgress, onOutput } = options
  for (const { name, root } of bound.derivation.inputs) {
    if (!(await blocks.has(root))) throw new NotFoundError(`The input ${name} of ${bound.recipe.name} is no longer in the repository: garbage collection removed its data`, { data: { input: name, root: cidText(root) }, hint: 'Another copy of the repository may still have it.' })
    await bringBack(blocks, root)
  }
  // What the run is made from is read from the repository.
  const { files } = bound.recipe.code
  if (await blocks.isEvicted(files)) await session.commit({ action: 'restore', whole: [files] })
  else await session.checkpoint()
  // Forced, a map recipe does all of it again: what it gives is then compared with what was put together from parts.
  const isWhole = bound.recipe.map === null || options.force === true
  const basis = bound.recipe.map === null || isWhole ? undefined : await findBasis(blocks, bound.derivation, bound.recipe.map)
  let kept = 0
  const onUnfinished = isWhole ? undefined : async ({ done, progress }: UnfinishedUnits): Promise<void> => {
    await keepProgress(blocks, session, bound, progress, { message: `${bound.recipe.name}: ${done} units are done`, actor: options.author ?? null })
    kept = done
  }
  const realised = await realise(blocks, session, bound, {
    scratchFolder: scratchFolder(repository), modules: prepared.code.moduleFolders, basis, onUnfinished, ...defined({ limits, processes, executor, signal, onProgress, onOutput }),
  })
  const { run } = realised
  if (run.status !== 'succeeded') throw await failure(blocks, session, bound, realised, { options, kept })
  let given: GivenRefs = NO_REFS
  const known = await remember(blocks, session, run, {
    action: ACTION, message: options.message ?? bound.recipe.name, actor: options.author ?? null,
    // What differs from the first result, which another process may have given meanwhile, is kept and takes nobody's place.
    refs: async (realisations) => {
      const first = pinnedRun(realisations)
      const isRefused = bound.recipe.deterministic === 'bitwise' && first !== undefined && !sameOutputs(first.outputs, run.outputs)
      given = isRefused ? NO_REFS : await giveRefs(blocks, session, bound.cid, first?.outputs ?? run.outputs, refs, options)
      if (first === undefined || first.units === null || isRefused) return given.changes
      const progress = await progressChange(blocks, session, bound.derivation)
      return [...given.changes, await familyChange(blocks, session, bound.derivation, first.cid), ...(progress === undefined ? [] : [progress])]
    },
  })
  const first = pinnedRun(known) as RememberedRun
  const differed = !sameOutputs(first.outputs, run.outputs)
  if (bound.recipe.deterministic === 'bitwise' && differed) throw await divergence(blocks, session, bound, first, run)
  return { run: first, given, units: run.units, differed, secrets: await secretPaths(session, run.outputs, basis?.outputs) }
}

/** Commits what a run that did not come to its end had done, for the next try. */
async function keepProgress(blocks: BlockRepository, session: Session, { derivation }: Bound, progress: MapProgress, request: { readonly message: string; readonly actor: string | null }): Promise<void> {
  for (;;) {
    const change = await progressChange(blocks, session, derivation, progress)
    try {
      await session.commit({ action: ACTION, ...request, refs: change === undefined ? [] : [change] })
      return
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      await blocks.refresh()
    }
  }
}

/** Gives the refs to what is remembered, unless it is not any more: garbage collection may forget it at any time. */
async function moveRefs(blocks: BlockRepository, session: Session, derivation: CID, refs: OutputRefs, options: DeriveOptions): Promise<{ run: RememberedRun; given: GivenRefs } | undefined> {
  for (;;) {
    const memory = (await blocks.getRef(MEMORY_REF)) ?? null
    const run = pinnedRun(await recall(blocks, derivation))
    if (run === undefined) return undefined
    const given = await giveRefs(blocks, session, derivation, run.outputs, refs, options)
    try {
      const unmoved = { name: MEMORY_REF, expected: memory, target: memory, own: true }
      if (given.changes.length > 0) await session.commit({ action: ACTION, message: options.message ?? '', actor: options.author ?? null, refs: [unmoved, ...given.changes] })
      return { run, given }
    } catch (error) {
      if (!(error instanceof RefConflictError)) throw error
      await blocks.refresh()
    }
  }
}

/** In what a derivation differs from the one that the first of the refs was made by. */
async function changesSince(blocks: BlockRepository, store: BlockSource, derivation: CID, refs: readonly string[]): Promise<readonly DerivationChange[]> {
  for (const ref of refs) {
    const target = await blocks.getRef(ref)
    const before = target === undefined ? undefined : parseDerivedSource((await readSnapshot(blocks, target)).source)
    if (before !== undefined) return differences(store, before.derivation, derivation)
  }
  return []
}

/** Nothing can be said of a derivation that was made in another repository: that is no reason to stop. */
async function differences(store: BlockSource, before: CID, after: CID): Promise<readonly DerivationChange[]> {
  try {
    return await compareDerivations(store, before, after)
  } catch (error) {
    if (error instanceof VarveError && error.code !== 'STORAGE_FAILED') return []
    throw error
  }
}

async function failure(blocks: BlockRepository, session: Session, bound: Bound, { run, logEnd }: Realised, { options, kept }: { readonly options: DeriveOptions; readonly kept: number }): Promise<Error> {
  const { runs } = await remember(blocks, session, run, { action: ACTION, message: `${bound.recipe.name}: ${run.status}`, actor: options.author ?? null })
  const record = runs.at(-1)
  const data = { recipe: bound.recipe.name, derivation: cidText(bound.cid), run: record === undefined ? null : cidText(record.cid), log: logEnd, exitCode: run.exitCode, signal: run.signal, ...(kept === 0 ? {} : { unitsKept: kept }) }
  const message = `${bound.recipe.name} ${run.status === 'not-hermetic' ? 'is not hermetic' : 'failed'}: ${run.reason ?? 'no reason was given'}`
  if (run.status === 'not-hermetic') return new NotHermeticError(message, { data })
  return new RecipeFailedError(message, { data, ...(kept === 0 ? {} : { hint: `Mend what it fails of and run it again. What ${kept} units gave is kept: they do not run again unless code, parameters or their files change.` }) })
}

async function divergence(blocks: BlockRepository, session: Session, bound: Bound, before: RememberedRun, run: Realised['run']): Promise<DivergenceError> {
  const found = await outputDifferences(blocks, session, before.outputs, run.outputs)
  const { differences, count } = found
  return new DivergenceError(`${bound.recipe.name} gave another result than before, though it claims to be deterministic: ${shownDifferences(found)}`, {
    data: {
      derivation: cidText(bound.cid), differences, count,
      first: before.outputs.map(({ name, root }) => ({ name, root: cidText(root) })), second: run.outputs.map(({ name, root }) => ({ name, root: cidText(root) })),
    },
  })
}

/** Beside what else can be made again, or, for a repository that was not opened with a place for that, among the system's temporary files. */
export function scratchFolder(repository: Repository): string {
  return join(cacheFolder(repository), 'scratch')
}

function cacheFolder({ workFolder }: Repository): string {
  return workFolder ?? join(tmpdir(), 'varve')
}

function defined<T extends object>(options: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as { [Key in keyof T]?: Exclude<T[Key], undefined> }
}
