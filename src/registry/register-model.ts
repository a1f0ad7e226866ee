import { cidText } from '../cid/cid.ts'
import { firstNames, namesHint } from '../dataset/near-names.ts'
import type { Repository } from '../dataset/repository.ts'
import { resolveRevision } from '../dataset/revision.ts'
import { verifyRevision } from '../dataset/verify.ts'
import { isGone } from '../dataset/left-at-remote.ts'
import { CorruptBlockError, CorruptObjectError, EvictedError, InvalidArgumentError, MalformedDataError, NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { findRun, type FoundRun } from '../run/find-run.ts'
import type { RunArtifact } from '../run/interface.ts'
import type { CidText, JsonValue, OperationOptions } from '../types.ts'
import type { Evaluation, ModelInfo } from './interface.ts'
import { modelInfo } from './model-info.ts'
import { parseModelName } from './model-key.ts'
import { commitVersion } from './model-tree.ts'

/** In a hint. */
const MOST_ARTIFACTS_NAMED = 10

export interface RegisterModelOptions extends Pick<OperationOptions, 'signal'> {
  /** The run that made it: `train#3`, or `train` for the newest. */
  readonly run: string
  /** Name of the artifact; may be left out where the run has only one. */
  readonly artifact?: string
  /** What it scored, and on which data: any revision, pinned as it is now. */
  readonly evaluation?: { readonly metrics: { readonly [metric: string]: JsonValue }; readonly on: string }
  readonly why?: string
  readonly by?: string
}

/**
 * Makes the next version of a model of an artifact. Reads all of the artifact: what is missing or damaged cannot be registered.
 *
 * @throws NotFoundError if there is no such run, artifact or data; InvalidArgumentError for a run that is under way, failed, was given up or is lost; CorruptObjectError for damage; EvictedError for data that was dropped
 *
 * @example
 * const { label } = await registerModel(repository, 'digits', { run: 'train#3', artifact: 'model', evaluation: { metrics: { accuracy: 0.98 }, on: 'test@v2' } })
 */
export async function registerModel(repository: Repository, model: string, { run: wanted, artifact: artifactName, evaluation, why, by, signal }: RegisterModelOptions): Promise<ModelInfo> {
  const { blocks } = repository
  const name = parseModelName(model)
  const run = await findRun(blocks, wanted)
  const artifact = artifactOf(run, artifactName)
  await assertWhole(blocks, run, artifact, signal)
  const version = await commitVersion(blocks, {
    name, artifact: artifact.name, root: artifact.root, run: run.start, record: sealedRecord(run), evaluation: evaluation === undefined ? null : await pinned(blocks, evaluation), why: why ?? null, by: by ?? null,
    at: blocks.platform.now().toISOString(),
  })
  return modelInfo(blocks, version)
}

async function assertWhole(blocks: BlockRepository, { label }: FoundRun, { name, root }: RunArtifact, signal: AbortSignal | undefined): Promise<void> {
  const data = { run: label, artifact: name, root: cidText(root) }
  if (await isGone(blocks, root)) throw new EvictedError(`The data of the artifact ${name} of ${label} was dropped`, { data })
  const trouble = await troubleOf(blocks, data.root, signal)
  if (trouble === undefined) return
  throw new CorruptObjectError(`The artifact ${name} of ${label} is damaged or not all there: ${trouble.message}`, { cause: trouble, data, hint: '`varve verify` names what is damaged, `varve repair` mends what it can.' })
}

/** Reads and hashes all of it. */
async function troubleOf(blocks: BlockRepository, root: CidText, signal: AbortSignal | undefined): Promise<Error | undefined> {
  try {
    const { damaged } = await verifyRevision(blocks, root, signal === undefined ? {} : { signal })
    const [first] = damaged
    return first === undefined ? undefined : new CorruptBlockError(`${damaged.length === 1 ? 'a block' : `${damaged.length} blocks`}, of ${first.paths[0]?.replace(/^[^:]*:/, '') ?? root}: ${first.reason}`)
  } catch (error) {
    // Where its first block is damaged, or gone, nothing else can be looked at.
    if (error instanceof CorruptBlockError || error instanceof NotFoundError || error instanceof MalformedDataError) return error
    throw error
  }
}

function sealedRecord({ label, record, isOver, ended }: FoundRun): NonNullable<FoundRun['record']> {
  if (record !== null && isOver && ended?.status === 'succeeded') return record
  throw new InvalidArgumentError(`The run ${label} ${isOver ? `has ${ended?.status === 'lost' ? 'been lost' : ended?.status === 'aborted' ? 'been given up' : 'failed'}` : 'is not over'}, and no model is made of it`, { data: { run: label, status: ended?.status ?? 'running' }, hint: 'Register an artifact of a run that succeeded.' })
}

function artifactOf(run: FoundRun, name: string | undefined): RunArtifact {
  // First of all: what there is of a run that did not succeed is no choice.
  sealedRecord(run)
  const artifacts = run.ended?.artifacts ?? []
  const [only, second] = artifacts
  const found = name === undefined && second === undefined ? only : artifacts.find((artifact) => artifact.name === name)
  if (found !== undefined) return found
  const names = artifacts.map((artifact) => artifact.name)
  throw new NotFoundError(name === undefined ? `It must be said which artifact of ${run.label} is meant` : `The run ${run.label} has no artifact "${name}"`, {
    data: { run: run.label, artifacts: names }, hint: names.length === 0 ? 'It has none: what a run makes is kept if it is begun with --output model=<path>, or calls run.artifact().' : name === undefined ? `It has ${firstNames(names, MOST_ARTIFACTS_NAMED)}: pass one with --artifact.` : namesHint(name, names),
  })
}

async function pinned(blocks: BlockRepository, { metrics, on }: NonNullable<RegisterModelOptions['evaluation']>): Promise<Evaluation> {
  const { snapshot, root, path } = await resolveRevision(blocks, on)
  if (path !== undefined) throw new InvalidArgumentError(`"${on}" names a path; a model is evaluated on a whole dataset`, { data: { revision: on }, hint: 'Leave out the part from ":" on.' })
  return { metrics, revision: on, snapshot: snapshot ?? null, root }
}
