import type { Hasher } from '../cid/interface.ts'
import type { Storage } from '../storage/interface.ts'
import { IndexSet } from './index-set.ts'
import { PageCache } from './page-cache.ts'
import type { RootLog } from './root-log.ts'
import { EMPTY_STATE, type ReadRecord } from './root-record.ts'
import type { RepositoryState } from './session-host.ts'

/** The state that a repository answers from: it goes forward when it is told to, and never back. */
export class CurrentState {
  readonly #storage: Storage
  readonly #hasher: Hasher
  readonly #log: RootLog
  readonly #cache = new PageCache()
  #value: RepositoryState = { root: EMPTY_STATE, indexes: new IndexSet([]) }
  #adopting: Promise<void> = Promise.resolve()

  constructor(storage: Storage, hasher: Hasher, log: RootLog) {
    this.#storage = storage
    this.#hasher = hasher
    this.#log = log
  }

  get value(): RepositoryState {
    return this.#value
  }

  /** Goes to the newest state. Costs one probe if nothing was committed. */
  async refresh(): Promise<void> {
    let newest = await this.#log.newest(this.#value.root)
    for (;;) {
      try {
        return await this.adopt(newest)
      } catch (error) {
        // While its index files were being opened, garbage collection may have put another state in its place and deleted them.
        const next = await this.#log.newest(newest)
        if (next.record.number === newest.record.number) throw error
        newest = next
      }
    }
  }

  /** Resolves once this state survives a power cut. */
  settle(): Promise<void> {
    return this.#log.settle(this.#value.root)
  }

  /** One after the other, and never back: a slow look-up must not undo what a quicker one found. */
  adopt(root: ReadRecord): Promise<void> {
    const adopted = this.#takeOver(root, this.#adopting)
    this.#adopting = adopted.catch(() => undefined)
    return adopted
  }

  async #takeOver(root: ReadRecord, before: Promise<void>): Promise<void> {
    await before
    if (root.record.number <= this.#value.root.record.number) return
    // Opened before it is taken over: a state whose index files cannot be read leaves the one before in use.
    const indexes = await IndexSet.open(this.#storage, this.#hasher, this.#cache, root.record.indexes, this.#value.indexes)
    this.#value = { root, indexes }
  }
}
