import type { Session } from '../repository/session.ts'

/** What is stored is made visible this often, so that a run that is killed need not be repeated from the start. */
const INTERVAL_MS = 30_000
/** A session remembers each block that is not indexed yet, at some 100 bytes: so many of them take no more than the rest of a snapshot does. */
const MOST_BLOCKS = 100_000

/** Commits what a session has stored from time to time, without moving a ref. */
export class Checkpoints {
  readonly #session: Session
  #at: number
  #blocks: number

  constructor(session: Session) {
    this.#session = session
    this.#at = performance.now() + INTERVAL_MS
    this.#blocks = session.added.blocks + MOST_BLOCKS
  }

  /** Asked between any two steps of work; answers at once as a rule. */
  perhaps(): Promise<void> | undefined {
    return performance.now() > this.#at || this.#session.added.blocks > this.#blocks ? this.#now() : undefined
  }

  async #now(): Promise<void> {
    await this.#session.checkpoint()
    this.#at = performance.now() + INTERVAL_MS
    this.#blocks = this.#session.added.blocks + MOST_BLOCKS
  }
}
