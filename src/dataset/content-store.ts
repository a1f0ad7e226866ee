import { ChunkWindow } from '../chunker/index.ts'
import { type CID, cidFromDigest, RAW_CODE } from '../cid/cid.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { VarveError } from '../errors.ts'
import { ListBuilder, listChunks } from '../file/index.ts'
import { type AnyIterable, isPromise, type MaybePromise } from '../types.ts'
import { MIN_DELTA_SIZE_BYTES } from '../repository/delta-writer.ts'
import type { ChunkTaker, ContentStore, FileContent } from './interface.ts'
import type { EncodedChunks } from './encoded-chunks.ts'
import type { FilePredecessor, Predecessor } from './predecessor.ts'

/** What can tell whether content is there already. */
export type Presence = BlockSource & { has(cid: CID): MaybePromise<boolean> }

export interface ContentStoreOptions {
  readonly window?: ChunkWindow
  readonly predecessor?: Predecessor | undefined
  readonly encoded?: EncodedChunks
}

/** Cuts content into chunks, puts them into a sink and links them to list trees. One file at a time, any number one after another. */
export class ChunkedContentStore implements ContentStore {
  readonly #sink: BlockSink
  readonly #presence: Presence | undefined
  readonly #windowOption: ChunkWindow | undefined
  #ownWindow: ChunkWindow | undefined
  #list: ListBuilder
  #empty = true
  readonly #predecessor: Predecessor | undefined
  readonly chunks?: ChunkTaker
  #before: FilePredecessor | undefined
  #offset = 0

  /**
   * Without `presence`, as when a folder is only hashed, all content counts as there. With `predecessor`, chunks may be stored as deltas against those
   * of the same path in it. With `encoded`, chunks may come from elsewhere.
   */
  constructor(sink: BlockSink, presence: Presence | undefined, options: ContentStoreOptions = {}) {
    const { window, predecessor, encoded } = options
    this.#sink = sink
    this.#presence = presence
    this.#windowOption = window
    this.#list = new ListBuilder(sink)
    this.#predecessor = predecessor
    if (encoded !== undefined) {
      const { hasher, compression } = encoded
      this.chunks = {
        hash: hasher.name, compression,
        take: (digest, bytes) => this.#take(encoded, digest, bytes),
        putRun: (run, loan) => encoded.putRun(run, loan),
        putEncoded: (digest, size, block, loan) => encoded.putEncoded(RAW_CODE, digest, size, block, loan),
      }
    }
  }

  /** Made when it is first needed: who takes chunks from elsewhere needs none. */
  get #window(): ChunkWindow {
    return (this.#ownWindow ??= this.#windowOption ?? new ChunkWindow())
  }

  begin(path?: Uint8Array): void {
    this.#before = path === undefined ? undefined : this.#predecessor?.file(path)
    this.#offset = 0
    this.#ownWindow?.reset()
    this.#list = new ListBuilder(this.#sink)
    this.#empty = true
  }

  space(): Uint8Array {
    return this.#window.space()
  }

  advance(bytes: number): MaybePromise<void> {
    this.#window.advance(bytes)
    return this.#drain(false)
  }

  finish(): MaybePromise<FileContent> {
    const drained = this.#ownWindow === undefined ? undefined : this.#drain(true)
    return drained === undefined ? this.#end() : drained.then(() => this.#end())
  }

  holds(content: FileContent): MaybePromise<boolean> {
    if (this.#presence === undefined) return true
    // Most files are one chunk, and a promise for each would cost more than the look-up.
    return content.cid.code === RAW_CODE ? this.#presence.has(content.cid) : this.#holdsAll(this.#presence, content)
  }

  async #holdsAll(presence: Presence, content: FileContent): Promise<boolean> {
    try {
      for await (const { cid } of listChunks(presence, content)) if (!(await presence.has(cid))) return false
      return true
    } catch (error) {
      // A list that cannot be read is one that must be stored again.
      if (error instanceof VarveError) return false
      throw error
    }
  }

  /** Stores chunks as long as nothing has to be waited for. */
  #drain(final: boolean): Promise<void> | undefined {
    for (let chunk = this.#window.next(final); chunk !== undefined; chunk = this.#window.next(final)) {
      const stored = this.#store(chunk)
      if (stored !== undefined) return stored.then(() => this.#drain(final))
    }
    return undefined
  }

  #store(chunk: Uint8Array): Promise<void> | undefined {
    this.#empty = false
    const size = chunk.length
    const cid = this.#sink.put(RAW_CODE, chunk, this.#before?.hint(this.#offset, size))
    this.#offset += size
    if (isPromise(cid)) return cid.then((known) => this.#list.push({ cid: known, size }))
    const pushed = this.#list.push({ cid, size })
    return isPromise(pushed) ? pushed : undefined
  }

  #take(encoded: EncodedChunks, digest: Uint8Array, bytes: Uint8Array): MaybePromise<boolean> {
    this.#empty = false
    const offset = this.#offset
    const size = bytes.length
    this.#offset += size
    const wanted = encoded.wants(digest)
    const pushed = this.#list.push({ cid: cidFromDigest(encoded.hasher, RAW_CODE, digest), size })
    const mayBeDelta = this.#before !== undefined && size >= MIN_DELTA_SIZE_BYTES && encoded.compression !== 'none'
    if (!isPromise(wanted) && !isPromise(pushed) && !(wanted && mayBeDelta)) return wanted
    return this.#takeLater(wanted, pushed, bytes, mayBeDelta ? { before: this.#before as FilePredecessor, offset } : undefined)
  }

  async #takeLater(wanted: MaybePromise<boolean>, pushed: MaybePromise<void>, bytes: Uint8Array, delta: { readonly before: FilePredecessor; readonly offset: number } | undefined): Promise<boolean> {
    await pushed
    if (!(await wanted)) return false
    if (delta === undefined || !(await delta.before.resembles(delta.offset, bytes.length))) return true
    // What resembles an older chunk is encoded here, against that one.
    await this.#sink.put(RAW_CODE, bytes, delta.before.hint(delta.offset, bytes.length))
    return false
  }

  /** An empty file has one chunk too. */
  #end(): MaybePromise<FileContent> {
    const stored = this.#empty ? this.#store(new Uint8Array(0)) : undefined
    return stored === undefined ? this.#list.finish() : stored.then(() => this.#list.finish())
  }
}

/** Stores content that comes in pieces of any size, or whole. */
export async function storeContent(store: ContentStore, content: Uint8Array | AnyIterable<Uint8Array>, options: { readonly path?: Uint8Array; readonly signal?: AbortSignal | undefined } = {}): Promise<FileContent> {
  const { path, signal } = options
  store.begin(path)
  for await (const piece of content instanceof Uint8Array ? [content] : content) {
    signal?.throwIfAborted()
    for (let rest = piece; rest.length > 0; ) {
      const space = store.space()
      const length = Math.min(space.length, rest.length)
      space.set(rest.subarray(0, length))
      await store.advance(length)
      rest = rest.subarray(length)
    }
  }
  return store.finish()
}
