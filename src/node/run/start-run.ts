import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { resolveRevision } from '../../dataset/revision.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { isPartName, PART_NAME_RULE } from '../../recipe/names.ts'
import { seedText } from '../../recipe/seed-text.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { ResolvedConfig } from '../../run/config/interface.ts'
import { resolveConfig } from '../../run/config/resolve-config.ts'
import type { RunInput, RunStart } from '../../run/interface.ts'
import { parseRunName } from '../../run/run-key.ts'
import { encodeRunStart } from '../../run/run-object.ts'
import { commitStart } from '../../run/run-tree.ts'
import { captureRun } from '../capture/capture-run.ts'
import { cacheIdentity } from '../cache-identity.ts'
import { hostId } from '../maker.ts'
import type { StartRunOptions } from './interface.ts'
import { ownProcess } from './own-process.ts'
import { reconcileRuns } from './reconcile-runs.ts'
import { Run } from './run.ts'
import { runFiles } from './run-folder.ts'

/** What a command adds to what programs say of a run. */
export interface SupervisedStart extends StartRunOptions {
  readonly command?: readonly string[]
  /** What it is to write, relative to the folder. */
  readonly outputs?: Readonly<Record<string, string>>
  readonly reproduces?: RunStart['reproduces']
}

/**
 * Begins a run: pins its inputs, and records code, packages, machine and configuration. All of it is in the repository, safe from a power cut, when this resolves.
 *
 * @throws NotFoundError if an input is not there; InvalidArgumentError for a name or an option that cannot be
 *
 * @example
 * await using run = await startRun(repository, { name: 'train', inputs: { train: 'features@v3' }, config: { rate: 0.1 }, seed: 7, why: 'a smaller rate' })
 */
export async function startRun(repository: Repository, options: SupervisedStart): Promise<Run> {
  const { blocks } = repository
  const name = parseRunName(options.name)
  const { folder = process.cwd(), tags = [], why = null, author = null, strict = false, command = null, outputs = {}, reproduces = null, image } = options
  const config = isResolved(options.config) ? options.config : resolveConfig({ program: options.config ?? {} })
  await reconcileRuns(repository)
  await blocks.refresh()
  const inputs = await pinnedInputs(blocks, options.inputs ?? {})
  return blocks.withSession(async (session) => {
    const cache = repository.workFolder === undefined ? {} : { cache: { folder: repository.workFolder, identity: cacheIdentity(blocks) } }
    const { capture, code } = await captureRun(folder, { session, chunker: blocks.config.chunker, repositoryFolder: repository.location, image, leaveOut: Object.values(outputs), ...ownProcess(), ...(options.argv === undefined ? {} : { argv: options.argv }), ...(options.variables === undefined ? {} : { variables: options.variables }), ...cache })
    const start: RunStart = {
      name, why, tags: [...new Set(tags)].sort(), inputs, config, seed: seedText(options.seed ?? 0), command, cwd: code?.folder ?? '', outputs: Object.entries(outputs).map(([output, path]) => ({ name: output, path })), capture, code: code?.root ?? null, reproduces,
      started: blocks.platform.now().toISOString(), process: { host: hostname(), hostId: hostId(), id: process.pid }, nonce: randomBytes(8).toString('hex'),
    }
    const startCid = await session.put(DAG_CBOR_CODE, encodeRunStart(start))
    const number = await commitStart(blocks, session, { name, start: startCid, inputs, code: start.code, reproduces, message: why ?? name, actor: author })
    const files = runFiles(repository, startCid)
    await mkdir(files.folder, { recursive: true })
    return new Run({ repository, number, startCid, start, files, strict, author })
  })
}

/**
 * Begins a run, does the work, and ends it: as failed with the error if it throws.
 *
 * @example
 * await withRun(repository, { name: 'train', inputs: { train: 'features' } }, async (run) => run.log({ loss: await train(run.input('train')) }))
 */
export async function withRun<T>(repository: Repository, options: StartRunOptions, work: (run: Run) => T | Promise<T>): Promise<T> {
  const run = await startRun(repository, options)
  let result: T
  try {
    result = await work(run)
  } catch (error) {
    // What made it fail is what the caller must see, whether or not it could be recorded.
    if (!run.isOver) await run.end({ status: 'failed', reason: reasonOf(error) }).catch(() => undefined)
    throw error
  }
  if (!run.isOver) await run.end()
  return result
}

async function pinnedInputs(blocks: BlockRepository, given: Readonly<Record<string, string>>): Promise<readonly RunInput[]> {
  const inputs: RunInput[] = []
  for (const [name, revision] of Object.entries(given)) {
    if (!isPartName(name)) throw new InvalidArgumentError(`"${String(name)}" is no name of an input`, { data: { input: name }, hint: `It must be ${PART_NAME_RULE}.` })
    const { snapshot, root, path } = await resolveRevision(blocks, revision)
    if (path !== undefined) throw new InvalidArgumentError(`"${revision}" names a path; an input is a whole dataset`, { data: { revision }, hint: 'Leave out the part from ":" on.' })
    inputs.push({ name, revision, snapshot: snapshot ?? null, root })
  }
  return inputs
}

/** Whether a configuration says where its values are from. */
export function isResolved(config: StartRunOptions['config']): config is ResolvedConfig {
  return config !== undefined && typeof config['hash'] === 'string' && Array.isArray(config['entries']) && typeof config['values'] === 'object'
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

