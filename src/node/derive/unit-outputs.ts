import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { startsWithBytes, utf8 } from '../../bytes.ts'
import { Checkpoints } from '../../dataset/checkpoints.ts'
import { ChunkedContentStore } from '../../dataset/content-store.ts'
import type { FolderPort, SkippedPath } from '../../dataset/interface.ts'
import { RecipeFailedError } from '../../errors.ts'
import type { MappedOutputs, WrittenEntry } from '../../recipe/map/mapped-outputs.ts'
import type { Session } from '../../repository/index.ts'
import type { OperationOptions } from '../../types.ts'
import type { FinishedUnit } from '../execution/interface.ts'
import { removeSmallFolder } from '../execution/scratch.ts'
import { shownNames } from '../execution/shown-names.ts'
import { isFolder } from './is-folder.ts'
import { BATCH_BYTES, BATCH_UNITS, folderInBatch } from './unit-batch.ts'

const SLASH = 0x2f
/** Between looks at other events, while folders are removed. */
const LONGEST_TURN_MS = 20
const EVERYTHING = { defaultIgnores: false, ignoreFiles: false } as const

export interface UnitOutputsOptions extends Pick<OperationOptions, 'signal'> {
  /** Where the outputs of finished units wait. */
  readonly folder: string
  /** Names, in the recipe's order. */
  readonly outputs: readonly string[]
  /** Told of each unit when all that it gave is in the result. */
  readonly onStored?: (unit: string) => void
}

/** Takes the outputs of one unit after the other, and stores those of many together. */
export class UnitOutputs {
  readonly #session: Session
  readonly #port: FolderPort
  readonly #result: MappedOutputs
  readonly #options: UnitOutputsOptions
  readonly #checkpoints: Checkpoints
  #waiting: FinishedUnit['unit'][] = []
  #waitingBytes = 0
  #batches = 0
  #isBroken = false
  #turn: Promise<void> = Promise.resolve()

  constructor(session: Session, port: FolderPort, result: MappedOutputs, options: UnitOutputsOptions) {
    this.#session = session
    this.#port = port
    this.#result = result
    this.#options = options
    this.#checkpoints = new Checkpoints(session)
  }

  /** May be called while an earlier call is under way. @throws RecipeFailedError if what units left cannot be stored, or not together */
  async take(finished: FinishedUnit): Promise<void> {
    const before = this.#turn
    let end = (): void => {}
    this.#turn = new Promise((resolve) => (end = resolve))
    await before
    try {
      await this.#take(finished)
    } finally {
      end()
    }
  }

  /** Stores what is waiting still. */
  async finish(): Promise<void> {
    await this.#turn
    if (this.#waiting.length > 0) await this.#store(this.#options.signal)
  }

  /** The same for a run that was stopped, and even if its signal was aborted. What was being stored when that failed is left out. */
  async keep(): Promise<void> {
    await this.#turn
    if (this.#waiting.length > 0 && !this.#isBroken) await this.#store(undefined)
  }

  async #take({ unit, folder, outputs }: FinishedUnit): Promise<void> {
    for (const [output, place] of Object.entries(outputs)) {
      if (!isFolder(place)) throw new RecipeFailedError(`The call for ${unit.name} was given a folder for its output ${output}, and left something else there`, { data: { unit: unit.name, output } })
    }
    if (this.#waiting.length === 0) mkdirSync(this.#batch, { recursive: true })
    renameSync(folder, join(this.#batch, folderInBatch(this.#waiting.length)))
    this.#waiting.push(unit)
    this.#waitingBytes += unit.inputBytes
    // Inputs stay until then as well.
    if (this.#waiting.length >= BATCH_UNITS || this.#waitingBytes >= BATCH_BYTES) await this.#store(this.#options.signal)
  }

  get #batch(): string {
    return join(this.#options.folder, String(this.#batches))
  }

  async #store(signal: AbortSignal | undefined): Promise<void> {
    const { outputs } = this.#options
    this.#isBroken = true
    const units = this.#waiting
    const skipped: string[] = []
    const onSkipped = ({ path, detail }: SkippedPath): number => skipped.push(`${path.slice(path.indexOf('/') + 1)} of ${units[Number(path.slice(0, path.indexOf('/')))]?.name} is ${detail}`)
    const store = new ChunkedContentStore(this.#session, this.#session, { encoded: this.#session })
    const prefixes = outputs.map((name) => utf8(`${name}/`))
    let at = 0
    let entries: WrittenEntry[] = []
    for await (const { path, value } of this.#port.read(this.#batch, store, { ...EVERYTHING, ...(signal === undefined ? {} : { signal }), onSkipped })) {
      const unit = numberOf(path)
      if (unit !== at) {
        await this.#add(units, at, entries)
        entries = []
        at = unit
      }
      const rest = path.subarray(path.indexOf(SLASH) + 1)
      const output = prefixes.findIndex((prefix) => startsWithBytes(rest, prefix))
      // The folder of an output that is empty, or of all of them.
      if (output >= 0) entries.push({ output, path: rest.slice(prefixes[output]?.length), value })
      await this.#checkpoints.perhaps()
    }
    if (skipped.length > 0) throw new RecipeFailedError(shownNames(skipped))
    await this.#add(units, at, entries)
    await this.#clear()
    this.#waiting = []
    this.#waitingBytes = 0
    this.#batches++
    this.#isBroken = false
  }

  /** By now they only take up room. */
  async #clear(): Promise<void> {
    let turnStarted = performance.now()
    for (const [at, { input }] of this.#waiting.entries()) {
      await removeSmallFolder(join(this.#batch, folderInBatch(at)))
      await removeSmallFolder(input, true)
      if (performance.now() - turnStarted < LONGEST_TURN_MS) continue
      await new Promise((resolve) => setImmediate(resolve))
      turnStarted = performance.now()
    }
    await removeSmallFolder(this.#batch)
  }

  async #add(units: readonly FinishedUnit['unit'][], at: number, entries: readonly WrittenEntry[]): Promise<void> {
    const unit = units[at]
    if (unit === undefined) return
    if (entries.length > 0) await this.#result.add(unit.name, entries)
    this.#options.onStored?.(unit.name)
  }
}

/** The number that a path begins with. */
function numberOf(path: Uint8Array): number {
  return Number(new TextDecoder().decode(path.subarray(0, 3)))
}
