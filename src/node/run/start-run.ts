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
import { redactVariables } from '../../run/redact.ts'
import { parseRunName } from '../../run/run-key.ts'
import { encodeRunStart } from '../../run/run-object.ts'
import { commitStart } from '../../run/run-tree.ts'
import { cacheIdentity } from '../cache-identity.ts'
import { inputRevision } from '../derive/input-revision.ts'
import type { StartRunOptions } from './interface.ts'
import { portableWords } from './portable-words.ts'
import { ownRunProcess } from './is-run-gone.ts'
import { MetricJournal } from './metric-journal.ts'
import { ownProcess } from './own-process.ts'
import { reconcileRuns } from './reconcile-runs.ts'
import { Run } from './run.ts'
import { removeRunFiles, runFiles } from './run-folder.ts'

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
  const config = resolved(options.config)
  assertNoSecrets(config)
  // Brings the repository up to date, too.
  await reconcileRuns(repository)
  const inputs = await pinnedInputs(blocks, options.inputs ?? {})
  // Only now: most who load this library begin no run.
  const { captureRun } = await import('../capture/capture-run.ts')
  return blocks.withSession(async (session) => {
    const cache = repository.workFolder === undefined ? {} : { cache: { folder: repository.workFolder, identity: cacheIdentity(blocks) } }
    const { capture, code } = await captureRun(folder, { session, chunker: blocks.config.chunker, repositoryFolder: repository.location, image, command, leaveOut: Object.values(outputs), ...ownProcess(), ...(options.argv === undefined ? {} : { argv: options.argv }), ...(options.variables === undefined ? {} : { variables: options.variables }), ...cache })
    const start: RunStart = {
      name, why, tags: [...new Set(tags)].sort(), inputs, config, seed: seedText(options.seed ?? 0), command: command === null ? null : portableWords(command, { folder, below: code?.folder ?? '', outputs }), cwd: code?.folder ?? '', outputs: Object.entries(outputs).map(([output, path]) => ({ name: output, path })), capture, code: code?.root ?? null, reproduces,
      started: blocks.platform.now().toISOString(), process: ownRunProcess(hostname()), nonce: randomBytes(8).toString('hex'),
    }
    const startCid = await session.put(DAG_CBOR_CODE, encodeRunStart(start))
    const files = runFiles(repository, startCid)
    await mkdir(files.folder, { recursive: true })
    try {
      const journal = MetricJournal.create(files.journal)
      const number = await commitStart(blocks, session, { name, start: startCid, inputs, code: start.code, reproduces, message: why ?? name, actor: author, whole: start.code === null ? [] : [start.code] })
      return new Run({ repository, number, startCid, start, files, journal, strict, author })
    } catch (error) {
      await removeRunFiles(files)
      throw error
    }
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

/** A record is for ever: what looks like a password or a key does not go into it. @throws InvalidArgumentError naming the keys */
function assertNoSecrets({ entries }: ResolvedConfig): void {
  const isSecret = (key: string, value: unknown): boolean => typeof value === 'string' && redactVariables({ [key]: value }).where.length > 0
  const keys = entries.filter(({ key, value, overrides }) => isSecret(key, value) || overrides.some((below) => isSecret(key, below.value))).map(({ key }) => key)
  if (keys.length === 0) return
  throw new InvalidArgumentError(`The configuration has what looks like a password or a key: ${keys.join(', ')}`, { data: { keys }, hint: 'Everything in it is recorded for good. Pass secrets in the environment of the program, and leave them out of the configuration.' })
}

async function pinnedInputs(blocks: BlockRepository, given: Readonly<Record<string, string>>): Promise<readonly RunInput[]> {
  const inputs: RunInput[] = []
  for (const [name, revision] of Object.entries(given)) {
    if (!isPartName(name)) throw new InvalidArgumentError(`"${String(name)}" is no name of an input`, { data: { input: name }, hint: `It must be ${PART_NAME_RULE}.` })
    const { snapshot, root, path } = await inputRevision(name, revision, (text) => resolveRevision(blocks, text))
    if (path !== undefined) throw new InvalidArgumentError(`"${revision}" names a path; an input is a whole dataset`, { data: { revision }, hint: 'Leave out the part from ":" on.' })
    inputs.push({ name, revision, snapshot: snapshot ?? null, root })
  }
  return inputs
}

/** A configuration that says where its values are from: plain ones are from the program. */
export function resolved(config: StartRunOptions['config']): ResolvedConfig {
  return isResolved(config) ? config : resolveConfig({ program: config ?? {} })
}

/** Whether a configuration says where its values are from. */
export function isResolved(config: StartRunOptions['config']): config is ResolvedConfig {
  return config !== undefined && typeof config['hash'] === 'string' && Array.isArray(config['entries']) && typeof config['values'] === 'object'
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

