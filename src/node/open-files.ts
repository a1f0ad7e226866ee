import { closeQuietly } from './durable-write.ts'
import type { FileCalls, FileFacts } from './file-calls.ts'

/** A file open for reading, lent to one or more readers. */
export interface OpenFile {
  readonly path: string
  readonly file: number
  /** As they were when it was lent last. */
  facts: FileFacts
  readers: number
  /** Not kept for later: closed when the last reader gives it back. */
  dropped: boolean
}

/**
 * Files that were read a moment ago and are likely to be read again, least recently used first. A file is closed only when nobody reads
 * it: the system would give its number to the next file, and the reader that file's bytes.
 */
export class OpenFiles {
  readonly #calls: FileCalls
  readonly #capacity: number
  readonly #kept = new Map<string, OpenFile>()

  constructor(calls: FileCalls, capacity: number) {
    this.#calls = calls
    this.#capacity = capacity
  }

  /**
   * Opens a file, or lends it once more. A kept file whose name is gone, in this process or another, is opened anew.
   * @param keep whether to leave it open for the next reader
   * @throws the system's error; ENOENT if there is no such file. A folder is lent too; its facts tell.
   */
  lend(path: string, keep: boolean): OpenFile {
    const kept = this.#kept.get(path)
    if (kept !== undefined) {
      this.#kept.delete(path)
      if (this.#refresh(kept)) {
        this.#kept.set(path, kept)
        kept.readers++
        return kept
      }
      this.#retire(kept)
    }
    const file = this.#calls.open(path)
    try {
      const facts = this.#calls.statOpen(file)
      const fresh: OpenFile = { path, file, facts, readers: 1, dropped: !keep || facts.kind !== 'file' || this.#capacity === 0 }
      if (!fresh.dropped) this.#keep(fresh)
      return fresh
    } catch (error) {
      closeQuietly(this.#calls, file)
      throw error
    }
  }

  /** Ends a reader's use of a file. */
  giveBack(open: OpenFile): void {
    open.readers--
    if (open.dropped && open.readers === 0) closeQuietly(this.#calls, open.file)
  }

  /** Keeps the file no longer. */
  drop(path: string): void {
    const kept = this.#kept.get(path)
    if (kept === undefined) return
    this.#kept.delete(path)
    this.#retire(kept)
  }

  /** Keeps no file any longer. */
  dropAll(): void {
    for (const path of this.#kept.keys()) this.drop(path)
  }

  #keep(open: OpenFile): void {
    this.#kept.set(open.path, open)
    if (this.#kept.size <= this.#capacity) return
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.drop(oldest)
  }

  /** Looks at the file again; false if the file has no name any more or cannot be asked (ESTALE, after a file server restarted). */
  #refresh(open: OpenFile): boolean {
    try {
      open.facts = this.#calls.statOpen(open.file)
      return open.facts.links > 0
    } catch {
      return false
    }
  }

  #retire(open: OpenFile): void {
    open.dropped = true
    if (open.readers === 0) closeQuietly(this.#calls, open.file)
  }
}
