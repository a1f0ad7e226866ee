import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { type CID, cidText } from '../../cid/cid.ts'
import { checkoutFolder } from '../../dataset/checkout.ts'
import { storeFolder } from '../../dataset/store-folder.ts'
import { NotFoundError, RecipeFailedError, VarveError } from '../../errors.ts'
import type { Derivation, DerivationRun, Recipe } from '../../recipe/interface.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import type { OperationOptions } from '../../types.ts'
import type { ModuleFolder } from '../code/interface.ts'
import { FolderOutputs } from './folder-outputs.ts'
import { linkModules } from './link-modules.ts'
import type { MapBasis } from './map-basis.ts'
import type { MapProgress } from '../../recipe/map/map-progress.ts'
import { MapUnits } from './map-units.ts'
import { isFolder } from './is-folder.ts'
import { OWN } from './own-package.ts'
import { processExecutor } from '../execution/executor.ts'
import type { ExecutionOutcome, Executor, Limits } from '../execution/interface.ts'
import { makeScratch, sweepScratches } from '../execution/scratch.ts'
import { nodeFolders } from '../folder-port.ts'

export interface RealiseOptions extends OperationOptions {
  /** Where scratch folders are made. */
  readonly scratchFolder: string
  /** Installed packages that a function may load. */
  readonly modules: readonly ModuleFolder[]
  readonly limits?: Limits
  /** How many processes share the calls of a map recipe. Default: as many as the machine runs at once. */
  readonly processes?: number
  /** What the recipe is run by. Default: child processes of this one. */
  readonly executor?: Executor
  /** Of a map recipe: results to begin with. */
  readonly basis?: MapBasis | undefined
  /** Told what a run of a map recipe had done when it failed or was stopped, unless it was not hermetic or nothing was done: units that need not run again. Stored through the session, for whoever is told to commit. */
  readonly onUnfinished?: ((unfinished: UnfinishedUnits) => Promise<void>) | undefined
  /** What the recipe's process writes, as it writes it. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void
}

export interface Realised {
  readonly run: DerivationRun
  /** The end of what the process wrote, for messages. */
  readonly logEnd: string
}

/** Units that were done, those taken over not counted, and what they gave. */
export interface UnfinishedUnits {
  readonly done: number
  readonly progress: MapProgress
}

/** A derivation with its recipe. */
export interface Bound {
  readonly cid: CID
  readonly derivation: Derivation
  readonly recipe: Recipe
}

const EVERYTHING = { defaultIgnores: false, ignoreFiles: false } as const
const LOG_END_LENGTH = 4000

/**
 * Carries a derivation out from what the repository holds: its code and inputs are checked out into a scratch folder, and what it leaves in its output folders is stored through the
 * session, for the caller to commit. Of a run that did not succeed only the log is. No scratch folder stays behind, whatever happens.
 *
 * @throws what checking the inputs out and storing the outputs throws; RecipeFailedError if the calls of a map recipe clash, or the log was taken away; all else that the recipe does wrong
 * is in the run
 */
export async function realise(blocks: BlockRepository, session: Session, bound: Bound, options: RealiseOptions): Promise<Realised> {
  const { cid, derivation, recipe } = bound
  const { signal, onProgress, onOutput, limits } = options
  await sweepScratches(options.scratchFolder)
  const scratch = await makeScratch(options.scratchFolder)
  const port = nodeFolders()
  const stop = signal === undefined ? {} : { signal }
  try {
    await checkoutFolder(blocks, port, cidText(recipe.code.files), scratch.code, { allowRepositoryNames: true, ...stop })
    await linkModules(scratch.code, options.modules)
    // Of a map recipe's first input, each unit gets its own part.
    for (const { name, root } of derivation.inputs.slice(recipe.map === null ? 0 : 1)) await whole(recipe.name, name, () => checkoutFolder(blocks, port, cidText(root), scratch.input(name), { allowRepositoryNames: true, ...stop }))
    const started = blocks.platform.now().toISOString()
    const { processes, basis, executor = processExecutor, onUnfinished } = options
    const mapped = recipe.map === null ? undefined : await MapUnits.begin({ cid, repository: blocks, session, derivation, recipe, rule: recipe.map }, { port, scratch, processes, basis, ...stop })
    const keep = async (): Promise<void> => {
      const unfinished = onUnfinished === undefined ? undefined : await mapped?.keep()
      if (unfinished !== undefined) await onUnfinished?.(unfinished)
    }
    const outcome = await keptIfStopped(signal, keep, () => executor.execute({
      scratch, action: recipe.action, name: recipe.name, inputs: recipe.inputs, outputs: recipe.outputs, params: derivation.params, seed: derivation.seed, packages: [...recipe.code.packages, OWN], ...stop, ...(mapped === undefined ? {} : { units: mapped.units }),
      ...(limits === undefined ? {} : { limits }), ...(onOutput === undefined ? {} : { onOutput }),
      ...(onProgress === undefined ? {} : { onProgress: (done: number, total?: number) => onProgress({ type: 'derive', recipe: recipe.name, done, ...(total === undefined ? {} : { total }) }) }),
    }))
    if (outcome.status === 'failed' || outcome.status === 'aborted') await keep()
    const ended = blocks.platform.now().toISOString()
    signal?.throwIfAborted()
    if (!isFolder(scratch.log)) throw new RecipeFailedError(`${recipe.name} removed the folder that its log is written to, or put something else in its place`)
    const given = await storeOutputs(outcome, mapped ?? new FolderOutputs(session, port, { scratch, names: recipe.outputs, chunker: blocks.config.chunker, ...stop }))
    const { root: log } = await storeFolder(session, port, scratch.log, { chunker: blocks.config.chunker, ...EVERYTHING })
    const { exitCode, signal: endSignal, mathRandomCalls } = outcome
    const run = { derivation: cid, ...given, started, ended, host: hostname(), log, exitCode, signal: endSignal, mathRandomCalls }
    return { run, logEnd: await endOfLog(outcome) }
  } finally {
    await scratch.remove()
  }
}

/** @throws NotFoundError that names the input, if something of it is not there */
async function whole<T>(recipe: string, input: string, checkOut: () => Promise<T>): Promise<T> {
  try {
    return await checkOut()
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new NotFoundError(`The input ${input} of ${recipe} is not whole: ${error.message}`, {
      cause: error, data: { ...error.data, input }, hint: 'If it was derived, derive it again from its own inputs; else take another snapshot of the same files, or `varve repair --from` another copy. `varve verify` lists what is missing.',
    })
  }
}

/** What stores the outputs of a run that succeeded. */
interface Outputs {
  /** @throws RecipeFailedError for what cannot be stored */
  finish(): Promise<Pick<DerivationRun, 'outputs' | 'units'>>
}

/** What the run gave. If it cannot be stored, as when something still writes to it, that is the recipe's failure. */
async function storeOutputs({ status, reason }: ExecutionOutcome, outputs: Outputs): Promise<Pick<DerivationRun, 'status' | 'reason' | 'outputs' | 'units'>> {
  if (status !== 'succeeded') return { status, reason, outputs: [], units: null }
  try {
    return { status, reason, ...(await outputs.finish()) }
  } catch (error) {
    if (!(error instanceof VarveError) || error.code === 'STORAGE_FAILED') throw error
    return { status: 'failed', reason: `What it wrote cannot be stored: ${error.message}`, outputs: [], units: null }
  }
}

/** Does the work; if it was stopped in the middle of storing something, what was stored before is kept. */
async function keptIfStopped<T>(signal: AbortSignal | undefined, keep: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // Calls that clash are no stop, and leave nothing that could be gone on from.
    if (signal?.aborted === true && error === signal.reason) await keep()
    throw error
  }
}

async function endOfLog({ stdout, stderr }: ExecutionOutcome): Promise<string> {
  const texts = await Promise.all([stdout, stderr].map((path) => readFile(path, 'utf8')))
  return texts.join('').slice(-LOG_END_LENGTH)
}
