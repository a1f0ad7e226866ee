import { join } from 'node:path'
import type { StopSwitch } from './attend.ts'
import { changesSince, type FolderFacts, freezeFolder } from './folder-facts.ts'
import type { ExecutionJob, Unit, Units } from './interface.ts'
import { removeSmallFolder } from './scratch.ts'
import { shownNames } from './shown-names.ts'
import { type Verdict, verdictOfStop } from './verdict.ts'

/** A unit that somebody has taken. */
export interface TakenUnit {
  readonly unit: Unit
  /** Absolute folders by name of output, in a folder that is not there yet. */
  readonly outputs: Readonly<Record<string, string>>
  readonly folder: string
  readonly facts: FolderFacts
}

/** The units of a run, which several processes share, and what came of them. */
export class UnitQueue {
  readonly #job: ExecutionJob
  readonly #units: Units
  readonly #stop: StopSwitch
  readonly #source: AsyncIterator<Unit> | Iterator<Unit>
  #taken = 0
  #done = 0
  #mathRandomCalls: number | null = 0
  #failure: Verdict | undefined

  constructor(job: ExecutionJob, units: Units, stop: StopSwitch) {
    this.#job = job
    this.#units = units
    this.#stop = stop
    this.#source = Symbol.asyncIterator in units.units ? units.units[Symbol.asyncIterator]() : units.units[Symbol.iterator]()
  }

  /** The next unit, with its input made read-only; undefined if there is none, or everything is to stop. */
  async take(): Promise<TakenUnit | undefined> {
    if (this.#stop.first !== undefined) return undefined
    const { value: unit, done } = await this.#source.next()
    if (done === true) return undefined
    const folder = join(this.#job.scratch.units, String(this.#taken++))
    return { unit, folder, outputs: Object.fromEntries(this.#job.outputs.map((name) => [name, join(folder, name)])), facts: await freezeFolder(unit.input, 'data') }
  }

  /** True if the call for a unit was a success; else everything stops. */
  async judge(taken: TakenUnit, verdict: Verdict, isStop = false): Promise<boolean> {
    const judged = verdict.status === 'succeeded' ? await withInput(taken, verdict) : verdict
    if (judged.status !== 'succeeded') {
      if (!isStop) this.#failure ??= { ...judged, reason: `${taken.unit.name}: ${judged.reason}` }
      this.#stop.pull(judged.status, judged.reason ?? '')
      return false
    }
    this.#mathRandomCalls = this.#mathRandomCalls === null || judged.mathRandomCalls === null ? null : this.#mathRandomCalls + judged.mathRandomCalls
    return true
  }

  /** Hands over what the call for a unit gave. Need not be waited for before the next call: if it fails, everything stops. */
  handOver(taken: TakenUnit, { mathRandomCalls }: Verdict): Promise<void> {
    const handedOver = this.#handOver(taken, mathRandomCalls ?? 0)
    handedOver.catch(() => this.#stop.pull('failed', 'what it gave could not be taken over'))
    return handedOver
  }

  /** How all of it ended. */
  get verdict(): Verdict {
    if (this.#failure !== undefined) return this.#failure
    if (this.#stop.first !== undefined) return verdictOfStop(this.#stop.first)
    return { status: 'succeeded', reason: null, exitCode: 0, signal: null, mathRandomCalls: this.#mathRandomCalls }
  }

  /** Lets go of the units that were not taken. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }

  async #handOver({ unit, folder, outputs }: TakenUnit, mathRandomCalls: number): Promise<void> {
    await this.#units.onUnit({ unit, folder, outputs, mathRandomCalls })
    await removeSmallFolder(folder)
    this.#job.onProgress?.(++this.#done, this.#units.count)
  }
}

/** The verdict, if the unit's part of the input is as it was. */
async function withInput({ unit, facts }: TakenUnit, verdict: Verdict): Promise<Verdict> {
  const changes = await changesSince(facts, unit.input, 'data')
  return changes.length === 0 ? verdict : { ...verdict, status: 'not-hermetic', reason: `its input did not stay as it was: ${shownNames(changes)}` }
}

