import { type CID, cidText } from '../../cid/cid.ts'
import { namesHint } from '../../dataset/near-names.ts'
import type { Repository } from '../../dataset/repository.ts'
import { AlreadyExistsError, InvalidArgumentError, NotFoundError, SealedError } from '../../errors.ts'
import type { Session } from '../../repository/index.ts'
import { type Random, chacha8Random, labelledKey } from '../../recipe/random.ts'
import { type ConfigReader, configReader } from '../../run/config/config-reader.ts'
import type { JsonMap } from '../../run/config/plain-values.ts'
import { describeRunEnd, describeRunStart } from '../../run/describe-run.ts'
import type { RunArtifact, RunOutcome, RunRecord, RunStart } from '../../run/interface.ts'
import { parseRunName, runLabel, type RunNumber } from '../../run/run-key.ts'
import { commitRecord } from '../../run/run-tree.ts'
import type { CidText } from '../../types.ts'
import type { LogOptions } from './interface.ts'
import { keepMetrics } from './keep-metrics.ts'
import type { MetricJournal } from './metric-journal.ts'
import { removeRunFiles, type RunFiles } from './run-folder.ts'
import { PinnedInput } from './pinned-input.ts'
import { storeArtifact } from './store-artifact.ts'

export interface RunParts {
  readonly repository: Repository
  readonly number: RunNumber
  readonly startCid: CID
  readonly start: RunStart
  readonly files: RunFiles
  readonly journal: MetricJournal
  readonly strict: boolean
  readonly author: string | null
}

export interface EndOptions {
  /** Default `succeeded`. */
  readonly status?: Exclude<RunOutcome, 'lost'>
  readonly reason?: string
  readonly exitCode?: number | null
  readonly signal?: string | null
  /** Told the lines that say how the run ended, before `storeLog`. */
  readonly onEnding?: (text: string) => void
  /** Stores what its process wrote; gives the manifest root. */
  readonly storeLog?: (session: Session) => Promise<CID>
}

const ENDS = ['succeeded', 'failed', 'aborted'] as const

/**
 * A run that is under way. What it was begun with is in the repository already; what comes of it is sealed by `end`, once.
 *
 * @example
 * const run = await startRun(repository, { name: 'train', inputs: { train: 'features@v3' }, config: { rate: 0.1 }, seed: 7 })
 * for (let step = 0; step < 100; step++) run.log({ loss: train(run.config.rate) }, { step })
 * await run.artifact('model', './model.bin')
 * await run.end()
 */
export class Run {
  /** CID of its start: what names it for good. */
  readonly id: CidText
  /** `train#3`. */
  readonly label: string
  readonly seed: string
  /** The configuration as an object, `run.config.train.rate`; what is read is noted, and in strict mode a key that was not declared is an error. */
  readonly config: JsonMap
  readonly #reader: ConfigReader<JsonMap>
  readonly #parts: RunParts
  readonly #journal: MetricJournal
  readonly #artifacts = new Map<string, RunArtifact>()
  #turn: Promise<unknown> = Promise.resolve()
  #state: 'running' | 'ending' | 'ended' = 'running'
  #asked: EndOptions | undefined

  constructor(parts: RunParts) {
    const { startCid, number, start, journal, strict } = parts
    this.#parts = parts
    this.id = cidText(startCid)
    this.label = runLabel(number)
    this.seed = start.seed
    this.#reader = configReader(start.config, { strict })
    this.config = this.#reader.view
    this.#journal = journal
  }

  /** The same as `id`. */
  get cid(): CID {
    return this.#parts.startCid
  }

  get inputNames(): readonly string[] {
    return this.#parts.start.inputs.map(({ name }) => name)
  }

  /** The whole configuration, as plain data. */
  get values(): JsonMap {
    return this.#parts.start.config.values
  }

  /** Keys of the configuration that nobody has read yet. */
  unusedConfig(): readonly string[] {
    return this.#reader.unused()
  }

  /** True once it has ended: nothing can be added. */
  get isOver(): boolean {
    return this.#state === 'ended'
  }

  /** The pinned data of an input. @throws NotFoundError for a name that the run has none of */
  input(name: string): PinnedInput {
    const { repository, start } = this.#parts
    const found = start.inputs.find((input) => input.name === name)
    if (found !== undefined) return new PinnedInput(repository, found.root)
    const names = start.inputs.map((input) => input.name)
    throw new NotFoundError(`The run ${this.label} has no input "${name}"`, { data: { input: name }, hint: names.length === 0 ? 'It was begun without inputs.' : namesHint(name, names) })
  }

  /** Numbers that depend on the seed, the run's name and the label alone (FORMAT.md, section 11). */
  rng(label: string): Random {
    return chacha8Random(labelledKey(this.seed, this.#parts.start.name, label))
  }

  /** Keeps the values of some metrics at a step. Returns at once: a few µs; what is older than a second is safe from the end of the process. @throws InvalidArgumentError for what is no number */
  log(values: Readonly<Record<string, number>>, options: LogOptions = {}): void {
    if (this.#state !== 'running') throw this.#sealed()
    this.#journal.log(values, options)
  }

  /**
   * Stores something that the run made: a file, a folder, or bytes. When it resolves, it is in the repository for good, whatever becomes of the run.
   * @throws AlreadyExistsError if the run has an artifact of that name: artifacts do not change
   */
  artifact(name: string, from: string | Uint8Array): Promise<RunArtifact> {
    return this.#inTurn(async () => {
      if (this.#state !== 'running') throw this.#sealed()
      parseRunName(name)
      if (this.#artifacts.has(name)) throw new AlreadyExistsError(`The run ${this.label} has an artifact "${name}" already`, { data: { run: this.label, artifact: name }, hint: 'Give each artifact a name of its own, such as model/epoch-3.' })
      const { blocks } = this.#parts.repository
      return blocks.withSession(async (session) => {
        const artifact = await storeArtifact(session, name, from, { chunker: blocks.config.chunker })
        this.#artifacts.set(name, artifact)
        try {
          await this.#commit(session, this.#record('running'), name, [artifact.root])
        } catch (error) {
          this.#artifacts.delete(name)
          throw error
        }
        return artifact
      })
    })
  }

  /** Some ten lines for the job's own log: inputs with roots, commit, configuration with origins, seed, environment. */
  describe(): string {
    return describeRunStart(this, this.#parts.start)
  }

  /**
   * Ends the run and seals its record. @returns the CID of the record
   * @throws SealedError if it is over
   */
  end(options: EndOptions = {}): Promise<CidText> {
    return this.#inTurn(async () => cidText(await this.#end(options)))
  }

  /** A run that is left before it has ended has failed: what left it, an error as a rule, is not known here (`withRun` knows). If `end` was called and could not, it is tried once more, as it was called. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'running') await this.end(this.#asked ?? { status: 'failed', reason: 'it was left before end() was called' })
  }

  async #end(options: EndOptions): Promise<CID> {
    if (this.#state !== 'running') throw this.#sealed()
    const { status = 'succeeded', reason = null, exitCode = null, signal = null, onEnding, storeLog } = options
    if (!(ENDS as readonly string[]).includes(status)) throw new InvalidArgumentError(`A run cannot end as ${status}`, { hint: `Say ${ENDS.join(', ')}.` })
    if (exitCode !== null && !(Number.isSafeInteger(exitCode) && exitCode >= 0)) throw new InvalidArgumentError(`${exitCode} is no exit code`, { hint: 'It is a whole number from 0.' })
    this.#asked = options
    this.#state = 'ending'
    const { repository, files } = this.#parts
    const { blocks } = repository
    let record: CID
    try {
      this.#journal.close()
      record = await blocks.withSession(async (session) => {
        const kept = await keepMetrics(session, files, blocks.config.chunker)
        const ended = { ...this.#record(status), reason, exitCode, signal, ...kept, ended: blocks.platform.now().toISOString() }
        onEnding?.(describeRunEnd(this, this.#parts.start, ended))
        const log = storeLog === undefined ? null : await storeLog(session)
        return this.#commit(session, { ...ended, log }, status, [kept.metrics, log].filter((root) => root !== null))
      })
    } catch (error) {
      this.#state = error instanceof SealedError ? 'ended' : 'running'
      throw error
    }
    this.#state = 'ended'
    await removeRunFiles(files)
    return record
  }

  #commit(session: Session, record: RunRecord, what: string, whole: readonly CID[]): Promise<CID> {
    const { repository, number, startCid, author } = this.#parts
    return commitRecord(repository.blocks, session, { ...number, start: startCid }, () => record, { message: `${this.label}: ${what}`, actor: author, whole })
  }

  #record(status: RunRecord['status']): RunRecord {
    const artifacts = [...this.#artifacts.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return { start: this.#parts.startCid, status, reason: null, exitCode: null, signal: null, ended: null, final: {}, metrics: null, log: null, artifacts }
  }

  /** One after the other, whatever became of those before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  #sealed(): SealedError {
    return new SealedError(`The run ${this.label} is over, and its record is sealed`, { data: { run: this.label } })
  }
}
