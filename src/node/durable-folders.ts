import { dirname, sep } from 'node:path'
import type { FileCalls } from './file-calls.ts'
import { errorCode } from './system-errors.ts'

type Calls = Pick<FileCalls, 'makeFolder' | 'syncFolder' | 'stat'>

/** Codes by which a system says that a folder is not ours to sync. */
const NOT_OURS: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS'])

interface Round {
  readonly running: Promise<void>
  next: Promise<void> | undefined
}

/** Creates folders and makes the names in them durable, once for many callers where it can. */
export class DurableFolders {
  readonly #calls: Calls
  readonly #root: string
  readonly #rounds = new Map<string, Round>()
  readonly #durable = new Map<string, Promise<void>>()

  /** @param root absolute path of the folder that the others are in */
  constructor(calls: Calls, root: string) {
    this.#calls = calls
    this.#root = root
  }

  /**
   * Resolves once every name that is in the folder now survives a power cut. Callers that come while a sync runs share the next one: the
   * running one may have missed their names. If it fails they fail with it, since the system may have dropped their names too and a later
   * sync would not tell (https://www.usenix.org/conference/atc20/presentation/rebello).
   */
  sync(folder: string): Promise<void> {
    const round = this.#rounds.get(folder)
    if (round === undefined) return this.#startRound(folder)
    round.next ??= round.running.then(() => this.#startRound(folder))
    return round.next
  }

  /**
   * Creates the folder and those above it where they are missing, and resolves once they survive a power cut. Also syncs, once for each
   * folder, what it finds there: another process may have created it a moment ago and not have synced it yet.
   */
  ensure(folder: string): Promise<void> {
    let done = this.#durable.get(folder)
    if (done === undefined) {
      done = this.#ensureOnce(folder)
      this.#durable.set(folder, done)
      done.catch(() => this.#durable.delete(folder))
    }
    return done
  }

  /** Forgets what exists, after a sign that someone removed folders. */
  forget(): void {
    this.#durable.clear()
  }

  #startRound(folder: string): Promise<void> {
    const round: Round = { running: this.#calls.syncFolder(folder), next: undefined }
    this.#rounds.set(folder, round)
    const end = (succeeded: boolean): void => {
      if (!(succeeded && round.next !== undefined) && this.#rounds.get(folder) === round) this.#rounds.delete(folder)
    }
    round.running.then(() => end(true), () => end(false))
    return round.running
  }

  async #ensureOnce(folder: string): Promise<void> {
    const parent = dirname(folder)
    const isOurs = folder.startsWith(`${this.#root}${sep}`)
    if (!isOurs && this.#calls.stat(folder)?.kind === 'folder') return this.#syncForeign(parent)
    await this.ensure(parent)
    this.#make(folder)
    await this.sync(parent)
  }

  /**
   * From the root of the repository up, what exists is most likely somebody else's. But a process of ours may have made it and been killed before it could
   * sync its name, and nobody else would. Where that is not allowed, nothing of ours was made.
   */
  async #syncForeign(folder: string): Promise<void> {
    try {
      await this.sync(folder)
    } catch (error) {
      if (!NOT_OURS.has(errorCode(error))) throw error
    }
  }

  #make(folder: string): void {
    try {
      this.#calls.makeFolder(folder)
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
  }
}
