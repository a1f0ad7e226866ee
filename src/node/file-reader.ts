import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ContentStore, FileContent } from '../dataset/interface.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import { below, bytesOf, type ByteText } from './byte-text.ts'
import type { EntryFacts, FolderCalls } from './folder-calls.ts'
import type { Pace } from './pace.ts'
import { failureToOpen, readFile } from './read-file.ts'
import type { FolderReadSettings } from './read-folder.ts'
import type { ReadTroubles } from './read-troubles.ts'
import { type CachedContent, StatCacheReader } from './stat-cache-reader.ts'
import { StatCacheWriter } from './stat-cache-writer.ts'

/** What a file held, and how it stood when that was read. */
export interface ReadContent {
  readonly content: FileContent | CachedContent
  readonly facts: EntryFacts
}

/** A file that the walk has met. */
export interface MetFile {
  readonly path: ByteText
  readonly facts: EntryFacts
}

/** Reads the files of one folder, in order, through a stat cache if there is one. */
export class FileReader {
  readonly top: ByteText
  readonly store: ContentStore
  readonly #calls: FolderCalls
  readonly #troubles: ReadTroubles
  readonly #pace: Pace
  readonly #before: StatCacheReader | undefined
  readonly #after: StatCacheWriter | undefined
  #path = '' as ByteText
  #key = '' as ByteText

  constructor(top: ByteText, store: ContentStore, settings: FolderReadSettings, troubles: ReadTroubles, pace: Pace) {
    this.top = top
    this.store = store
    this.#calls = settings.calls
    this.#troubles = troubles
    this.#pace = pace
    if (settings.cacheFolder === undefined) return
    const name = createHash('sha256').update(bytesOf(top)).digest('hex')
    const path = join(settings.cacheFolder, 'stat', `${name}.bin`)
    const { cacheIdentity: identity = '', trustAfterMs } = settings
    this.#before = new StatCacheReader(path, identity)
    this.#after = new StatCacheWriter(path, { identity, trustAfterMs, before: this.#before })
  }

  /** Size of the stat cache that is there: how much is known of the folder. */
  get cacheSizeBytes(): number {
    return this.#before?.sizeBytes ?? 0
  }

  /** What a file holds, if that is known without opening it, and in the store. Files must be asked for in order. */
  known({ path, facts }: MetFile): MaybePromise<CachedContent | undefined> {
    const known = this.#before?.find(this.#keyOf(path), facts)
    if (known === undefined) return undefined
    const holds = this.store.holds(known)
    return isPromise(holds) ? holds.then((is) => (is ? known : undefined)) : holds ? known : undefined
  }

  /** Undefined if the file is gone or could not be read. */
  async read({ path }: MetFile): Promise<ReadContent | undefined> {
    const absolute = below(this.top, path)
    if (this.#troubles.isUnreadable) {
      const error = failureToOpen(absolute, this.#calls)
      if (error !== undefined) this.#troubles.onUnreadable(path, error)
      return undefined
    }
    const reading = await readFile(absolute, this.store, { calls: this.#calls, name: bytesOf(path), pause: () => this.#pace.pause() })
    if (reading.outcome === 'read') return reading
    if (reading.outcome === 'unreadable') this.#troubles.onUnreadable(path, reading.error)
    if (reading.outcome === 'changed') this.#troubles.onChanged(path)
    return undefined
  }

  /** Keeps what a file held for the next time. Files must come in order. */
  remember(path: ByteText, { content, facts }: ReadContent): void {
    this.#after?.add(this.#keyOf(path), facts, content, 'record' in content ? content.record : undefined)
  }

  async commit(): Promise<void> {
    await this.#after?.commit()
  }

  close(): void {
    this.#after?.abandon()
    this.#before?.close()
  }

  /** Mostly asked for twice in a row. */
  #keyOf(path: ByteText): ByteText {
    if (path === this.#path) return this.#key
    this.#path = path
    this.#key = path.replaceAll('/', '\0') as ByteText
    return this.#key
  }
}
