import type { ByteRange, ObjectBody, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from '../../src/storage/interface.ts'

/** So often nobody asked for a turn: whoever is not done waits in vain. */
const MAX_IDLE_ROUNDS = 2000

/** Says which of the calls that wait, given by their actors in the order in which they came, is next. */
export type ChooseCall = (waiting: readonly string[]) => number

/** Lets one storage call at a time happen, and `choose` say which: every order in which the calls of several actors can meet is within reach. */
export class Scheduler {
  readonly #choose: ChooseCall
  readonly #waiting: { readonly actor: string; readonly go: () => void }[] = []
  readonly #dead = new Set<string>()
  #standstill: Promise<unknown> = Promise.resolve()

  constructor(choose: ChooseCall) {
    this.#choose = choose
  }

  /** Does something between two calls, however long it takes: no actor gets a turn meanwhile. */
  standstill<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#standstill.then(work)
    this.#standstill = done.catch(() => undefined)
    return done
  }

  /** Waits for this actor's turn; for ever if it is dead. */
  turn(actor: string): Promise<void> {
    return new Promise((go) => {
      if (!this.#dead.has(actor)) this.#waiting.push({ actor, go })
    })
  }

  /** The actor's process is gone: no call of it happens any more. */
  kill(actor: string): void {
    this.#dead.add(actor)
    for (let at = this.#waiting.length - 1; at >= 0; at--) if (this.#waiting[at]?.actor === actor) this.#waiting.splice(at, 1)
  }

  isDead(actor: string): boolean {
    return this.#dead.has(actor)
  }

  /** Gives turns until all work is done. `onTurn` is told how many there were. */
  async run(work: readonly Promise<unknown>[], onTurn: (turn: number) => void): Promise<void> {
    const state: { open: number; failure?: unknown } = { open: work.length }
    for (const done of work) {
      done.catch((error: unknown) => (state.failure ??= error)).finally(() => state.open--)
    }
    for (let turn = 0, idle = 0; state.open > 0 && idle < MAX_IDLE_ROUNDS; ) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      await this.#standstill
      const [next] = this.#waiting.splice(this.#waiting.length === 0 ? 0 : this.#choose(this.#waiting.map(({ actor }) => actor)), 1)
      idle = next === undefined ? idle + 1 : 0
      if (next === undefined) continue
      onTurn(turn++)
      next.go()
    }
    if (state.failure !== undefined) throw new Error('An actor failed', { cause: state.failure })
    if (state.open > 0) throw new Error(`${state.open} actors wait for something that never comes`)
  }
}

/** One actor's sight of a storage. */
export class ScheduledStorage implements Storage {
  readonly location = 'memory'
  readonly #inner: Storage
  readonly #turn: () => Promise<void>
  readonly #listings: 'instant' | 'stale'

  /** Stale listings show what there was when they began and nothing that came since, even if it has been deleted meanwhile: the contract promises no more. */
  constructor(inner: Storage, scheduler: Scheduler, actor: string, listings: 'instant' | 'stale' = 'instant') {
    this.#inner = inner
    this.#turn = () => scheduler.turn(actor)
    this.#listings = listings
  }

  async put(key: string, body: ObjectBody, options?: StorageCallOptions): Promise<void> {
    await this.#turn()
    return this.#inner.put(key, body, options)
  }

  async get(key: string, options?: StorageCallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    await this.#turn()
    return this.#inner.get(key, options)
  }

  async stat(key: string, options?: StorageCallOptions): Promise<ObjectStat | undefined> {
    await this.#turn()
    return this.#inner.stat(key, options)
  }

  async *list(prefix: string, options?: StorageCallOptions): AsyncGenerator<ObjectEntry> {
    await this.#turn()
    if (this.#listings === 'instant') {
      yield* this.#inner.list(prefix, options)
      return
    }
    const began: ObjectEntry[] = []
    for await (const entry of this.#inner.list(prefix, options)) began.push(entry)
    await this.#turn()
    yield* began
  }

  async delete(key: string, options?: StorageCallOptions): Promise<void> {
    await this.#turn()
    return this.#inner.delete(key, options)
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }
}
