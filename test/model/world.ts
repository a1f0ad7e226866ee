import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import type { ObjectBody, Storage, StorageCallOptions } from '../../src/storage/interface.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { Actor } from './actor.ts'
import { assertSound, assertTidied, type Model } from './invariants.ts'
import type { Plan, Step } from './plan.ts'
import { ScheduledStorage, Scheduler } from './scheduled-storage.ts'

const EPOCH_MS: number = Date.UTC(2026, 0, 1)

/** What the storage is made to do wrong in the sight of an actor, to see that it is noticed. */
export type Spoil = (storage: Storage) => Storage

/** How much happened: a model in which nothing meets tests nothing. */
export interface Played {
  readonly calls: number
  readonly commits: number
  readonly collections: number
  readonly removed: number
  readonly revoked: number
}

/** One storage, the processes that share it, and the model of what they have been told. */
export class World {
  readonly model: Model = { committed: new Map(), targets: new Map() }
  readonly scheduler: Scheduler
  /** Packs and index files that were deleted, and records that were made: whoever looks at a state meanwhile may find it gone. */
  removed = 0
  records = 0
  revoked = 0
  collected = 0
  clocksMoved = false
  readonly #storage: Storage = new MemoryStorage()
  readonly #plan: Plan
  readonly #spoil: Spoil
  readonly #clocks = new Map<string, number>()
  readonly #lifetimes = new Map<string, number>()
  readonly #ends = new Map<string, () => void>()
  #keepLast: number | undefined
  #calls = 0
  #commits = 0
  #nonce = 0

  constructor(plan: Plan, spoil: Spoil = (storage) => storage) {
    this.#plan = plan
    this.#spoil = spoil
    this.scheduler = new Scheduler(this.#switching())
  }

  async play(): Promise<Played> {
    await BlockRepository.create(this.#storage, { platform: nodePlatform })
    const work = this.#plan.actors.map(async (steps, number) => {
      const name = `actor-${number}`
      const killed = new Promise<void>((resolve) => this.#ends.set(name, resolve))
      await Promise.race([Actor.start(this, name).then((actor) => actor.run(steps)), killed])
    })
    await this.scheduler.run(work, (turn) => (this.#calls = turn))
    await this.check()
    await assertTidied(this.#storage, this.#expectations())
    return { calls: this.#calls, commits: this.#commits, collections: this.collected, removed: this.removed, revoked: this.revoked }
  }

  /** A number that rises with every change that may take a state away from those who look at it. */
  get changes(): number {
    return this.removed + this.records
  }

  storageFor(name: string): Storage {
    const onChange = (operation: 'put' | 'delete', key: string): void => {
      if (operation === 'delete' && /^(packs|index)\//.test(key)) this.removed++
      if (operation === 'put' && key.startsWith('log/')) this.records++
    }
    return new WatchedStorage(this.#spoil(this.#storage), this.scheduler, name, this.#plan.staleListings ? 'stale' : 'instant', onChange)
  }

  check(): Promise<void> {
    return this.scheduler.standstill(() => assertSound(this.#storage, this.#expectations()))
  }

  now(name: string): Date {
    return new Date(EPOCH_MS + this.#calls * 1000 + (this.#clocks.get(name) ?? 0))
  }

  moveClock(name: string, ms: number): void {
    this.clocksMoved = true
    this.#clocks.set(name, (this.#clocks.get(name) ?? 0) + ms)
  }

  dieSoon(name: string, calls: number): void {
    this.#lifetimes.set(name, calls)
  }

  nonce(): number {
    return this.#nonce++
  }

  /** A hook for those who want to watch a plan that failed: VARVE_MODEL_TRACE=1. */
  began(name: string, step: Step): void {
    if (process.env['VARVE_MODEL_TRACE'] !== undefined) console.log(this.#calls, name, JSON.stringify(step))
  }

  committed(ref: string, snapshot: string): void {
    this.#commits++
    this.model.committed.set(ref, (this.model.committed.get(ref) ?? new Set()).add(snapshot))
  }

  collecting(keepLast: number | undefined): void {
    if (keepLast !== undefined) this.#keepLast = Math.min(keepLast, this.#keepLast ?? keepLast)
  }

  #expectations(): { model: Model; keepLast: number | undefined } {
    return { model: this.model, keepLast: this.#keepLast }
  }

  /** Lets the same actor go on until the plan says otherwise; when the plan is at its end, until it is done. */
  #switching(): (waiting: readonly string[]) => number {
    const switches = [...this.#plan.switches]
    let current: string | undefined
    let left = switches[0]?.afterCalls ?? 0
    return (waiting) => {
      if (left-- <= 0 && switches.length > 0) {
        current = this.#nameFrom(switches.shift()?.to ?? 0, waiting)
        left = switches[0]?.afterCalls ?? 0
      }
      const at = current === undefined ? -1 : waiting.indexOf(current)
      if (at < 0) current = waiting[0]
      return this.#spend(Math.max(0, at), waiting)
    }
  }

  /** The actor with that number, or the next one that waits. */
  #nameFrom(number: number, waiting: readonly string[]): string | undefined {
    const count = this.#plan.actors.length
    const names = Array.from({ length: count }, (_, index) => `actor-${(number + index) % count}`)
    return names.find((name) => waiting.includes(name))
  }

  #spend(at: number, waiting: readonly string[]): number {
    const name = waiting[at] ?? ''
    const left = this.#lifetimes.get(name)
    if (left === undefined) return at
    this.#lifetimes.set(name, left - 1)
    if (left <= 0) {
      // Its last call still happens, and nobody hears of the answer.
      queueMicrotask(() => {
        this.scheduler.kill(name)
        this.#ends.get(name)?.()
      })
    }
    return at
  }
}

/** Tells of changes. */
class WatchedStorage extends ScheduledStorage {
  readonly #onChange: (operation: 'put' | 'delete', key: string) => void

  constructor(inner: Storage, scheduler: Scheduler, actor: string, listings: 'instant' | 'stale', onChange: (operation: 'put' | 'delete', key: string) => void) {
    super(inner, scheduler, actor, listings)
    this.#onChange = onChange
  }

  override async put(key: string, body: ObjectBody, options?: StorageCallOptions): Promise<void> {
    await super.put(key, body, options)
    this.#onChange('put', key)
  }

  override async delete(key: string, options?: StorageCallOptions): Promise<void> {
    await super.delete(key, options)
    this.#onChange('delete', key)
  }
}
