import type { ManifestEntry } from '../manifest/interface.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import { bytesOf, type ByteText } from './byte-text.ts'
import type { FileReader, ReadContent } from './file-reader.ts'
import { isExecutable } from './folder-calls.ts'
import type { ParallelReader, PendingFile } from './parallel/parallel-reader.ts'
import { threadCount } from './parallel/thread-count.ts'
import type { WalkedEntry } from './walk.ts'

type FileEntry = Extract<WalkedEntry, { type: 'file' }>
type Queued = { readonly entry: ManifestEntry } | PendingFile

/** How threads are used. */
export interface ThreadUse {
  /** How many; default: as many as the machine has processors, 8 at most. */
  readonly count?: number
  /** From how many bytes to read on they are started. */
  readonly fromBytes?: number
  /** From what size of the stat cache on a folder is walked by one of them, in bytes. */
  readonly walkFromBytes?: number
}

/** Work that does not pay for starting threads, which takes some 40 ms of each: about 64 MB, or 5,000 files. */
const WORK_ALONE_BYTES: number = 48 * 1024 * 1024
/** What a file costs beside its bytes, in bytes that could be read and hashed in that time. */
const FILE_WORK_BYTES = 12_000
/** Entries that are done are dropped from the queue so many at a time. */
const DROPPED_TOGETHER = 1024
/** Entries that wait for those before them. */
const MOST_QUEUED = 8192

/** Turns what a walk meets into manifest entries, in its order: reads files, by several threads once there is enough to do. */
export class EntryQueue {
  readonly #reader: FileReader
  #startThreads: ((count: number) => Promise<ParallelReader | undefined>) | undefined
  readonly #onFile: (size: number) => void
  readonly #threads: number
  readonly #fromBytes: number
  #parallel: ParallelReader | undefined
  /** The next entry, ahead of the queue: what is known when nothing waits need not stand in line. */
  #ready: ManifestEntry | undefined
  #queue: Queued[] = []
  #head = 0
  #work = 0

  /** @param startThreads absent if all must be read on this thread; @param onFile told of each file that was read or known */
  constructor(reader: FileReader, startThreads: ((count: number) => Promise<ParallelReader | undefined>) | undefined, onFile: (size: number) => void, threads: ThreadUse = {}) {
    this.#reader = reader
    this.#startThreads = startThreads
    this.#onFile = onFile
    this.#threads = threads.count ?? threadCount()
    this.#fromBytes = threads.fromBytes ?? WORK_ALONE_BYTES
  }

  /** A promise must have settled before the next call. */
  add(entry: WalkedEntry): MaybePromise<void> {
    if (entry.type === 'file') return this.#addFile(entry)
    this.#queue.push({ entry: { path: bytesOf(entry.path), value: entry.type === 'symlink' ? { kind: 'symlink', target: entry.target } : { kind: 'directory' } } })
    return this.#whileFull()
  }

  /** The next entry, if it is ready. */
  next(): ManifestEntry | undefined {
    const ready = this.#ready
    if (ready !== undefined) {
      this.#ready = undefined
      return ready
    }
    for (;;) {
      const queued = this.#queue[this.#head]
      if (queued === undefined || !isDone(queued)) return undefined
      this.#drop()
      if ('entry' in queued) return queued.entry
      this.#parallel?.forget(queued)
      if (queued.outcome?.reading !== undefined) return this.#entryOf(queued.path, queued.outcome.reading)
    }
  }

  /** Goes on with what was added. False once all of it is done. */
  async finish(): Promise<boolean> {
    this.#parallel?.send()
    return (await this.#parallel?.step()) === true
  }

  /** Bytes of a large file that were read, before it is an entry. */
  get partialBytes(): number {
    return this.#parallel?.partialBytes ?? 0
  }

  async close(): Promise<void> {
    await this.#parallel?.close()
  }

  #addFile(file: FileEntry): MaybePromise<void> {
    const known = this.#reader.known(file)
    if (isPromise(known)) return known.then((content) => this.#addKnown(file, content))
    return this.#addKnown(file, known)
  }

  #addKnown(file: FileEntry, content: ReadContent['content'] | undefined): MaybePromise<void> {
    const { path, facts } = file
    if (content !== undefined) {
      if (this.#ready === undefined && this.#head === this.#queue.length) {
        this.#ready = this.#entryOf(path, { content, facts })
        return undefined
      }
      this.#queue.push({ path, facts, outcome: { reading: { content, facts } } })
      return this.#whileFull()
    }
    return this.#read({ path, facts })
  }

  async #read(file: PendingFile): Promise<void> {
    this.#work += Number(file.facts.size) + FILE_WORK_BYTES
    if (this.#parallel === undefined && this.#work > this.#fromBytes) {
      this.#parallel = await this.#startThreads?.(this.#threads)
      // Asked for once: what cannot be had now will not be had for the next file.
      this.#startThreads = undefined
    }
    if (this.#parallel === undefined) {
      file.outcome = { reading: await this.#reader.read(file) }
      this.#queue.push(file)
      return
    }
    this.#queue.push(file)
    await this.#parallel.add(file)
    await this.#whileFull()
  }

  /** Entries must not gather without end behind one that is being read. */
  #whileFull(): Promise<void> | undefined {
    return this.#parallel !== undefined && this.#isFull() ? this.#makeRoom(this.#parallel) : undefined
  }

  async #makeRoom(parallel: ParallelReader): Promise<void> {
    parallel.send()
    while (this.#isFull() && (await parallel.step()));
  }

  #isFull(): boolean {
    const first = this.#queue[this.#head]
    return this.#queue.length - this.#head > MOST_QUEUED && first !== undefined && !isDone(first)
  }

  /** Drops the first entry. While threads read, the queue is hardly ever empty, so it does not wait for that to give memory back. */
  #drop(): void {
    if (++this.#head < DROPPED_TOGETHER && this.#head < this.#queue.length) return
    this.#queue.splice(0, this.#head)
    this.#head = 0
  }

  #entryOf(path: ByteText, reading: ReadContent): ManifestEntry {
    const { content, facts } = reading
    this.#reader.remember(path, reading)
    this.#onFile(content.size)
    return { path: bytesOf(path), value: { kind: isExecutable(facts) ? 'executable' : 'file', cid: content.cid, size: content.size } }
  }
}

function isDone(queued: Queued): boolean {
  return 'entry' in queued || queued.outcome !== undefined
}
