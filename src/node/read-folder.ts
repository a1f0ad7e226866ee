import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ContentStore, FileContent, FolderReadOptions } from '../dataset/interface.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import { isPromise, type ProgressEvent } from '../types.ts'
import { below, bytesOf, type ByteText, lossyText } from './byte-text.ts'
import { type EntryFacts, type FolderCalls, isExecutable } from './folder-calls.ts'
import { ignoreRules } from './ignore-rules.ts'
import { Pace } from './pace.ts'
import { failureToOpen, readFile } from './read-file.ts'
import { ReadTroubles } from './read-troubles.ts'
import { StatCacheReader } from './stat-cache-reader.ts'
import { StatCacheWriter } from './stat-cache-writer.ts'
import { walkFolder, type WalkedEntry, type WalkObserver } from './walk.ts'

/** What a folder is read with, besides the caller's options. */
export interface FolderReadSettings {
  readonly calls: FolderCalls
  /** The folder of the repository, which is left out. */
  readonly repository: Pick<EntryFacts, 'dev' | 'ino'> | undefined
  /** Where stat caches may be kept. */
  readonly cacheFolder: string | undefined
  /** What the content is hashed for; see `NodeFoldersOptions`. */
  readonly cacheIdentity?: string | undefined
  /** See `NodeFoldersOptions`. */
  readonly trustAfterMs?: number | undefined
}

interface Totals {
  totalFiles?: number
  totalBytes?: number
}

type FileEntry = Extract<WalkedEntry, { type: 'file' }>

/**
 * Everything in a folder, in the order of manifest keys, its content given to `store`. A file whose times, size and inode are those in the stat
 * cache, and whose content `store` holds, is not opened.
 *
 * What goes wrong with files is gathered and thrown at the end. After the first that cannot be read, the rest is only opened, to find all of that kind.
 *
 * @param top absolute path without links in it
 */
export async function* readFolder(top: ByteText, store: ContentStore, options: FolderReadOptions, settings: FolderReadSettings): AsyncGenerator<ManifestEntry> {
  const troubles = new ReadTroubles(lossyText(top), options)
  const walk = (observer: WalkObserver): Iterable<WalkedEntry> => walkFolder(top, { rules: ignoreRules(options), repository: settings.repository, observer, calls: settings.calls })
  const totals: Totals = options.countFirst === true ? await countFiles(walk(SILENT), options) : {}
  const done = { files: 0, bytes: 0 }
  const report = (): void => options.onProgress?.({ type: 'hash', ...done, ...totals })
  const pace = new Pace(options.signal, report)
  const reader = new FileReader(top, store, settings, troubles, pace)
  try {
    for (const entry of walk(troubles)) {
      const pausing = pace.pause()
      if (pausing !== undefined) await pausing
      if (entry.type !== 'file') {
        yield { path: bytesOf(entry.path), value: entry.type === 'symlink' ? { kind: 'symlink', target: entry.target } : { kind: 'directory' } }
        continue
      }
      const file = await reader.read(entry)
      if (file === undefined) continue
      done.files++
      done.bytes += file.content.size
      yield { path: bytesOf(entry.path), value: { kind: isExecutable(file.facts) ? 'executable' : 'file', cid: file.content.cid, size: file.content.size } }
    }
    troubles.throwIfAny()
    await reader.commit()
    report()
  } finally {
    reader.close()
  }
}

/** Reads files in order, through a stat cache if there is one. */
class FileReader {
  readonly #top: ByteText
  readonly #store: ContentStore
  readonly #calls: FolderCalls
  readonly #troubles: ReadTroubles
  readonly #pace: Pace
  readonly #before: StatCacheReader | undefined
  readonly #after: StatCacheWriter | undefined

  constructor(top: ByteText, store: ContentStore, settings: FolderReadSettings, troubles: ReadTroubles, pace: Pace) {
    this.#top = top
    this.#store = store
    this.#calls = settings.calls
    this.#troubles = troubles
    this.#pace = pace
    if (settings.cacheFolder === undefined) return
    const name = createHash('sha256').update(bytesOf(top)).digest('hex')
    const path = join(settings.cacheFolder, 'stat', `${name}.bin`)
    const { cacheIdentity: identity = '', trustAfterMs } = settings
    this.#before = new StatCacheReader(path, identity)
    this.#after = new StatCacheWriter(path, { identity, trustAfterMs })
  }

  /** Undefined if the file is gone or could not be read. */
  async read(entry: FileEntry): Promise<{ content: FileContent; facts: EntryFacts } | undefined> {
    const key = entry.path.replaceAll('/', '\0') as ByteText
    const known = this.#before?.find(key, entry.facts)
    if (known !== undefined) {
      const holds = this.#store.holds(known)
      if (isPromise(holds) ? await holds : holds) {
        this.#after?.add(key, entry.facts, known)
        return { content: known, facts: entry.facts }
      }
    }
    const absolute = below(this.#top, entry.path)
    if (this.#troubles.isUnreadable) {
      const error = failureToOpen(absolute, this.#calls)
      if (error !== undefined) this.#troubles.onUnreadable(entry.path, error)
      return undefined
    }
    const reading = await readFile(absolute, this.#store, { calls: this.#calls, name: bytesOf(entry.path), pause: () => this.#pace.pause() })
    if (reading.outcome === 'read') {
      this.#after?.add(key, reading.facts, reading.content)
      return reading
    }
    if (reading.outcome === 'unreadable') this.#troubles.onUnreadable(entry.path, reading.error)
    if (reading.outcome === 'changed') this.#troubles.onChanged(entry.path)
    return undefined
  }

  async commit(): Promise<void> {
    await this.#after?.commit()
  }

  close(): void {
    this.#before?.close()
    this.#after?.abandon()
  }
}

const SILENT: WalkObserver = {
  onDefaultIgnore: () => undefined, onRepository: () => undefined, onSpecialFile: () => undefined,
  onUnreadable: () => undefined, onChanged: () => undefined, onLinkedIgnoreFile: () => undefined,
}

async function countFiles(entries: Iterable<WalkedEntry>, { signal, onProgress }: FolderReadOptions): Promise<Totals> {
  let files = 0
  let bytes = 0
  const report = (): void => onProgress?.({ type: 'scan', files, bytes } satisfies ProgressEvent)
  const pace = new Pace(signal, report)
  for (const entry of entries) {
    const pausing = pace.pause()
    if (pausing !== undefined) await pausing
    if (entry.type !== 'file') continue
    files++
    bytes += Number(entry.facts.size)
  }
  report()
  return { totalFiles: files, totalBytes: bytes }
}
