import { nodeFolderCalls } from '../folder-calls.ts'
import { ignoreRules } from '../ignore-rules.ts'
import { walkFolder, type WalkedEntry } from '../walk.ts'
import type { WalkTask } from './tasks.ts'
import { type WalkBatch, WalkBatchWriter } from './walk-batch.ts'

/** Enough that a message between threads does not show, and so few that whoever reads them does not wait for the first. */
const BATCH_ENTRIES = 512

/** The walk of a thread, which goes on by a batch whenever it is asked to. */
export class ThreadWalk {
  readonly #batch = new WalkBatchWriter(BATCH_ENTRIES)
  #entries: Iterator<WalkedEntry> | undefined

  /** Once the walk is over, batches are empty. */
  next({ begin }: WalkTask): WalkBatch {
    if (begin !== undefined) {
      const { top, ignore, repository } = begin
      this.#entries = walkFolder(top, { rules: ignoreRules(ignore), repository, observer: this.#batch.observer, calls: nodeFolderCalls })
    }
    while (!this.#batch.isFull) {
      const next = this.#entries?.next()
      if (next === undefined || next.done === true) return this.#batch.take(true)
      this.#batch.add(next.value)
    }
    return this.#batch.take(false)
  }
}
