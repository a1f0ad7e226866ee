import { lstatSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { availableParallelism, hostname } from 'node:os'
import { type CID, cidText } from '../../cid/cid.ts'
import { checkoutFolder } from '../../dataset/checkout.ts'
import type { SkippedPath } from '../../dataset/interface.ts'
import { storeFolder } from '../../dataset/store-folder.ts'
import { RecipeFailedError, VarveError } from '../../errors.ts'
import { openManifest } from '../../manifest/manifest.ts'
import { pathToText } from '../../manifest/path.ts'
import type { Derivation, DerivationRun, NamedRoot, Recipe } from '../../recipe/interface.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import type { OperationOptions } from '../../types.ts'
import type { ModuleFolder } from '../code/interface.ts'
import { linkModules } from './link-modules.ts'
import { mergeOutput } from './merge-outputs.ts'
import { OWN } from './own-package.ts'
import { execute } from '../execution/execute.ts'
import type { ExecutionOutcome, Limits, Units } from '../execution/interface.ts'
import { shown } from '../execution/run-function.ts'
import { makeScratch, type Scratch, sweepScratches } from '../execution/scratch.ts'
import { nodeFolders } from '../folder-port.ts'

export interface RealiseOptions extends OperationOptions {
  /** Where scratch folders are made. */
  readonly scratchFolder: string
  /** Installed packages that a function may load. */
  readonly modules: readonly ModuleFolder[]
  readonly limits?: Limits
  /** How many processes share the calls of a map recipe. Default: as many as the machine runs at once. */
  readonly processes?: number
  /** What the recipe's process writes, as it writes it. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void
}

export interface Realised {
  readonly run: DerivationRun
  /** The end of what the process wrote, for messages. */
  readonly logEnd: string
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
    for (const { name, root } of derivation.inputs) await checkoutFolder(blocks, port, cidText(root), scratch.input(name), { allowRepositoryNames: true, ...stop })
    const started = blocks.platform.now().toISOString()
    const units = recipe.map === 'file' ? { units: await unitsOf(blocks, scratch, bound, options) } : {}
    const outcome = await execute({
      scratch, action: recipe.action, name: recipe.name, inputs: recipe.inputs, outputs: recipe.outputs, params: derivation.params, seed: derivation.seed, packages: [...recipe.code.packages, OWN], ...stop, ...units,
      ...(limits === undefined ? {} : { limits }), ...(onOutput === undefined ? {} : { onOutput }),
      ...(onProgress === undefined ? {} : { onProgress: (done: number, total?: number) => onProgress({ type: 'derive', recipe: recipe.name, done, ...(total === undefined ? {} : { total }) }) }),
    })
    const ended = blocks.platform.now().toISOString()
    signal?.throwIfAborted()
    if (!isFolder(scratch.log)) throw new RecipeFailedError(`${recipe.name} removed the folder that its log is written to, or put something else in its place`)
    const given = await storeOutputs(blocks, session, scratch, recipe, outcome, stop)
    const { root: log } = await storeFolder(session, port, scratch.log, { chunker: blocks.config.chunker, ...EVERYTHING })
    const { exitCode, signal: endSignal, mathRandomCalls } = outcome
    const run = { derivation: cid, ...given, started, ended, host: hostname(), log, exitCode, signal: endSignal, mathRandomCalls }
    return { run, logEnd: await endOfLog(outcome) }
  } finally {
    await scratch.remove()
  }
}

/** Of a map recipe: every file of the first input by itself. */
async function unitsOf(blocks: BlockRepository, scratch: Scratch, { derivation, recipe }: Bound, { processes = availableParallelism() }: RealiseOptions): Promise<Units> {
  const [first] = derivation.inputs
  const files: string[] = []
  if (first !== undefined) for await (const { path, value } of (await openManifest(blocks, first.root)).entries()) if (value.kind === 'file' || value.kind === 'executable') files.push(pathToText(path))
  return {
    files, processes: Math.max(1, Math.min(processes, files.length)),
    onUnit: async ({ file, outputs }) => {
      for (const name of recipe.outputs) await mergeOutput(outputs[name] ?? '', scratch.output(name), file)
    },
  }
}

/** What the run gave. If it cannot be stored, as when something still writes to it, that is the recipe's failure. */
async function storeOutputs(
  blocks: BlockRepository, session: Session, scratch: Scratch, recipe: Recipe, { status, reason }: ExecutionOutcome, options: OperationOptions,
): Promise<Pick<DerivationRun, 'status' | 'reason' | 'outputs'>> {
  const failed = (why: string) => ({ status: 'failed', reason: `What it wrote cannot be stored: ${why}`, outputs: [] }) as const
  if (status !== 'succeeded') return { status, reason, outputs: [] }
  const outputs: NamedRoot[] = []
  try {
    for (const name of recipe.outputs) {
      if (!isFolder(scratch.output(name))) return failed(`the folder of the output ${name} was removed, or something else is in its place`)
      const skipped: string[] = []
      const onSkipped = ({ path, detail }: SkippedPath): number => skipped.push(`${path} in the output ${name} is ${detail}`)
      const { root } = await storeFolder(session, nodeFolders(), scratch.output(name), { chunker: blocks.config.chunker, ...EVERYTHING, ...options, onSkipped })
      if (skipped.length > 0) return failed(shown(skipped))
      outputs.push({ name, root })
    }
    return { status, reason, outputs }
  } catch (error) {
    if (!(error instanceof VarveError) || error.code === 'STORAGE_FAILED') throw error
    return failed(error.message)
  }
}

/** What a link in the place of a folder leads to, the recipe did not make. */
function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

async function endOfLog({ stdout, stderr }: ExecutionOutcome): Promise<string> {
  const texts = await Promise.all([stdout, stderr].map((path) => readFile(path, 'utf8')))
  return texts.join('').slice(-LOG_END_LENGTH)
}
