import type { ContentStore, FolderReadOptions } from '../dataset/interface.ts'
import type { ManifestEntry } from '../manifest/interface.ts'
import type { ProgressEvent } from '../types.ts'
import { type ByteText, lossyText } from './byte-text.ts'
import { EntryQueue, type ThreadUse } from './entry-queue.ts'
import { FileReader } from './file-reader.ts'
import { type EntryFacts, type FolderCalls, nodeFolderCalls } from './folder-calls.ts'
import type { IgnoreOptions } from './ignore-rules.ts'
import { Pace } from './pace.ts'
import type { ParallelReader } from './parallel/parallel-reader.ts'
import { ReadTroubles } from './read-troubles.ts'
import type { WalkedEntry, WalkObserver } from './walk.ts'
import { walkStretches } from './walk-stretches.ts'

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
  /** See `NodeFoldersOptions`. */
  readonly threads?: ThreadUse | undefined
}

interface Totals {
  totalFiles?: number
  totalBytes?: number
}

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
  let totals: Totals = {}
  const done = { files: 0, bytes: 0 }
  const report = (): void => options.onProgress?.({ type: 'hash', files: done.files, bytes: done.bytes + entries.partialBytes, ...totals })
  const pace = new Pace(options.signal, report)
  const reader = new FileReader(top, store, settings, troubles, pace)
  const onFile = (size: number): void => {
    done.files++
    done.bytes += size
  }
  const entries = new EntryQueue(reader, threadStarter(reader, settings, pace), onFile, settings.threads)
  const walk = (observer: WalkObserver): AsyncIterable<Iterable<WalkedEntry>> => walkStretches(top, ignoreOptionsOf(options), settings, reader.cacheSizeBytes, observer)
  try {
    if (options.countFirst === true) totals = await countFiles(walk(SILENT), options)
    for await (const stretch of walk(troubles)) {
      for (const entry of stretch) {
        const pausing = pace.pause()
        if (pausing !== undefined) await pausing
        const adding = entries.add(entry)
        if (adding !== undefined) await adding
        for (let next = entries.next(); next !== undefined; next = entries.next()) yield next
      }
    }
    while (await entries.finish()) {
      const pausing = pace.pause()
      if (pausing !== undefined) await pausing
      for (let next = entries.next(); next !== undefined; next = entries.next()) yield next
    }
    troubles.throwIfAny()
    await reader.commit()
    report()
  } finally {
    await entries.close()
    reader.close()
  }
}

/** Threads make the system's calls themselves, hash with what Node has, and need WebAssembly. */
function threadStarter(reader: FileReader, { calls }: FolderReadSettings, pace: Pace): ((count: number) => Promise<ParallelReader | undefined>) | undefined {
  const { store, top } = reader
  const { chunks } = store
  if (chunks === undefined || chunks.hash !== 'sha2-256' || calls !== nodeFolderCalls || typeof WebAssembly === 'undefined') return undefined
  // Loaded when it is needed: most folders are small.
  return async (count) => {
    const { ParallelReader } = await import('./parallel/parallel-reader.ts')
    try {
      return new ParallelReader({ top, store, chunks, readHere: (file) => reader.read(file), pause: () => pace.pause() }, count)
    } catch {
      // No thread, or no address space for their memory (ulimit): one thread does it too.
      return undefined
    }
  }
}

const SILENT: WalkObserver = {
  onDefaultIgnore: () => undefined, onRepository: () => undefined, onSpecialFile: () => undefined,
  onUnreadable: () => undefined, onChanged: () => undefined, onLinkedIgnoreFile: () => undefined,
}

/** Only these: the rest of the options cannot be given to a thread. */
function ignoreOptionsOf({ ignore, defaultIgnores, ignoreFiles }: FolderReadOptions): IgnoreOptions {
  return { ...(ignore === undefined ? {} : { ignore }), ...(defaultIgnores === undefined ? {} : { defaultIgnores }), ...(ignoreFiles === undefined ? {} : { ignoreFiles }) }
}

async function countFiles(stretches: AsyncIterable<Iterable<WalkedEntry>>, { signal, onProgress }: FolderReadOptions): Promise<Totals> {
  let files = 0
  let bytes = 0
  const report = (): void => onProgress?.({ type: 'scan', files, bytes } satisfies ProgressEvent)
  const pace = new Pace(signal, report)
  for await (const stretch of stretches) {
    for (const entry of stretch) {
      const pausing = pace.pause()
      if (pausing !== undefined) await pausing
      if (entry.type !== 'file') continue
      files++
      bytes += Number(entry.facts.size)
    }
  }
  report()
  return { totalFiles: files, totalBytes: bytes }
}
