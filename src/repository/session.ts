import { type BlockCode, type CID, cidFromDigest, cidText, RAW_CODE } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import type { CompressionMode } from '../codec/block-compression.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { InvalidArgumentError, NotFoundError, SessionRevokedError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import { IndexFile } from './index-file.ts'
import { indexKey, newIndexId, type IndexedPack, type IndexName } from './index-format.ts'
import type { BlockLocation, IndexSet } from './index-set.ts'
import { encodeIndex, type WrittenIndex } from './index-writer.ts'
import { leaseKey } from './lease.ts'
import { chooseForMerge, mergedRecords } from './merge-indexes.ts'
import { appendOperation } from './operations.ts'
import { PackStore } from './pack-store.ts'
import { PageCache } from './page-cache.ts'
import { openStoredBlock, readStored } from './read-block.ts'
import { applyRefChanges, type AppliedChange, type RefChange } from './refs.ts'
import type { RootLog } from './root-log.ts'
import type { ReadRecord, RootRecord } from './root-record.ts'

export interface SessionOptions {
  /** Default `auto`. */
  readonly compression?: CompressionMode
  /** A pack is closed when it has grown to this many bytes; default 32 MiB. */
  readonly packSizeBytes?: number
}

/** What a commit changes, and what the operation log says of it. */
export interface CommitRequest {
  readonly refs?: readonly RefChange[]
  readonly action: string
  readonly message?: string
  readonly actor?: string | null
}

export interface CommitResult {
  /** Number of the root record. */
  readonly number: number
  readonly changes: readonly AppliedChange[]
}

/** What a session may do with the repository that it belongs to. */
export interface SessionHost {
  readonly storage: Storage
  readonly platform: Platform
  readonly hasher: Hasher
  readonly log: RootLog
  readonly blocks: BlockSource
  readonly state: { readonly root: ReadRecord; readonly indexes: IndexSet }
  refresh(): Promise<void>
  adopt(root: ReadRecord): Promise<void>
}

/**
 * A writer. Blocks go into packs as they come and are seen by nobody else until `commit`, which makes all of them durable and visible at
 * once; a session that is closed or dies before leaves the repository as it was.
 *
 * @example
 * await using session = await repository.session()
 * const cid = await session.put(RAW_CODE, bytes)
 */
export class Session implements BlockSource, BlockSink {
  readonly id: string
  readonly #host: SessionHost
  readonly #packs: PackStore
  /** Packs of the repository that hold blocks which this session did not write again. */
  readonly #relied = new Set<IndexedPack>()
  #newBlocks = 0
  #contentBytes = 0
  #closed = false

  /** Use `BlockRepository.session()`. */
  constructor(host: SessionHost, id: string, options: SessionOptions) {
    this.id = id
    this.#host = host
    const { compression = 'auto', packSizeBytes } = options
    this.#packs = new PackStore(host.storage, host.platform, host.hasher, { compression, ...(packSizeBytes === undefined ? {} : { targetSize: packSizeBytes }) })
  }

  /** Blocks that this session added, the plain bytes of those that are file content, and what all of them take in packs. */
  get added(): { readonly blocks: number; readonly contentBytes: number; readonly storedBytes: number } {
    return { blocks: this.#newBlocks, contentBytes: this.#contentBytes, storedBytes: this.#packs.storedBytes }
  }

  /** Stores a block unless the repository holds it already. Answers at once unless a pack is full or a page of the index must be read. */
  put(code: BlockCode, bytes: Uint8Array): MaybePromise<CID> {
    this.#assertOpen()
    const digest = this.#host.hasher.digest(bytes)
    const cid = cidFromDigest(this.#host.hasher, code, digest)
    if (this.#packs.has(digest)) return cid
    const known = this.#host.state.indexes.find(digest)
    return isPromise(known) ? known.then((locations) => this.#add(cid, code, bytes, locations)) : this.#add(cid, code, bytes, known)
  }

  /** True if the block is in the repository or in this session. What it says yes to is checked again when the session commits. */
  has(cid: CID): MaybePromise<boolean> {
    const { digest } = cid.multihash
    if (this.#packs.has(digest)) return true
    const known = this.#host.state.indexes.find(digest)
    return isPromise(known) ? known.then((locations) => this.#rely(locations)) : this.#rely(known)
  }

  /** Plain size of a block of the repository or of this session in bytes, or undefined if there is no such block. */
  async sizeOf(cid: CID): Promise<number | undefined> {
    const { digest } = cid.multihash
    const [known] = await this.#host.state.indexes.find(digest)
    return known?.size ?? this.#packs.locate(digest)?.location.size
  }

  /** Reads a block of the repository or of this session. */
  async get(cid: CID): Promise<Uint8Array> {
    const own = this.#packs.locate(cid.multihash.digest)
    if (own === undefined) return this.#host.blocks.get(cid)
    const { platform, hasher, storage } = this.#host
    if (own.stored !== undefined) return openStoredBlock(platform, hasher, cid, own.location, own.stored)
    await this.#packs.settled()
    const { location } = own
    return openStoredBlock(platform, hasher, cid, location, await readStored(storage, location))
  }

  /**
   * Makes everything written so far durable and visible, and moves refs, all at once or not at all. Another writer's commit in between is
   * no conflict unless it moved the same refs.
   *
   * @throws RefConflictError if a ref is not where `refs` expects it
   * @throws SessionRevokedError if garbage collection has removed what this session relies on
   * @throws NotFoundError if a ref would point to a block that is not there
   */
  async commit(request: CommitRequest): Promise<CommitResult> {
    this.#assertOpen()
    const { refs = [], action, message = '', actor = null } = request
    for (const { target } of refs) {
      if (target !== null && !(await this.has(target))) throw new NotFoundError(`A ref cannot point to ${cidText(target)}: that block is not in the repository`)
    }
    const writer = this.#host.platform.randomBytes(16)
    for (;;) {
      await this.#host.refresh()
      const { root } = this.#host.state
      this.#assertStillValid()
      const time = this.#host.platform.now().toISOString()
      const { tree, applied } = await applyRefChanges(this, root.record.refs, refs)
      const operations = await appendOperation(this, root.record.operations, { time, actor, action, message, changes: applied })
      const index = await this.#writeIndex()
      const record: RootRecord = {
        ...root.record, number: root.record.number + 1, previous: root.digest, refs: tree, indexes: await this.#mergeIndexes(index), operations, writer, time,
      }
      const appended = await this.#host.log.append(record)
      if (appended === undefined) {
        await this.#host.storage.delete(indexKey(index.id))
        continue
      }
      await this.#host.adopt(appended)
      this.#packs.indexed()
      return { number: record.number, changes: applied }
    }
  }

  /** Commits what was written so far without moving a ref, so that a later session need not store it again. */
  async checkpoint(): Promise<void> {
    if (this.#packs.hasUnindexed) await this.commit({ action: 'checkpoint' })
  }

  /** Ends the session. What was not committed is gone. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    // A pack that fails to be stored now is one that nobody will miss.
    await this.#packs.settled().catch(() => undefined)
    await this.#host.storage.delete(leaseKey(this.id))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #add(cid: CID, code: BlockCode, bytes: Uint8Array, known: readonly BlockLocation[]): MaybePromise<CID> {
    // Another put of the same bytes may have come first while a page was read.
    if (this.#rely(known) || this.#packs.has(cid.multihash.digest)) return cid
    this.#newBlocks++
    if (code === RAW_CODE) this.#contentBytes += bytes.length
    const full = this.#packs.add(code, cid.multihash.digest, bytes)
    return full === undefined ? cid : full.then(() => cid)
  }

  #rely(locations: readonly BlockLocation[]): boolean {
    const [first] = locations
    if (first === undefined) return false
    this.#relied.add(first.pack)
    return true
  }

  #assertOpen(): void {
    if (this.#closed) throw new InvalidArgumentError('This session is closed', { hint: 'Begin another with repository.session().' })
  }

  #assertStillValid(): void {
    const { root, indexes } = this.#host.state
    const lost = [...this.#relied].some((pack) => !indexes.hasPack(pack.id))
    if (lost || root.record.revoked.includes(this.id)) {
      throw new SessionRevokedError('Garbage collection removed data that this session relied on; nothing was committed', { data: { session: this.id } })
    }
  }

  /** Stores all open packs, then an index file that names every block of the session. */
  async #writeIndex(): Promise<IndexName> {
    await this.#packs.flush()
    const { packs, records } = this.#packs.unindexed()
    return this.#storeIndex(packs, records)
  }

  async #storeIndex(packs: readonly IndexedPack[], records: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<IndexName> {
    const { storage, hasher, platform } = this.#host
    const id = newIndexId((length) => platform.randomBytes(length))
    let written: WrittenIndex | undefined
    await storage.put(indexKey(id), encodeIndex(hasher, packs, records, (end) => (written = end)))
    if (written === undefined) throw new TypeError('A storage backend resolved before it had read the whole body')
    return { id, ...written }
  }

  /** The index files of the next record: those of the state and the new one, merged where they are many. */
  async #mergeIndexes(added: IndexName): Promise<readonly IndexName[]> {
    const { storage, hasher, state } = this.#host
    const files = [...state.indexes.files, await IndexFile.open(storage, hasher, new PageCache(), added)]
    const chosen = chooseForMerge(files)
    const kept = files.filter((file) => !chosen.includes(file)).map((file) => file.name)
    if (chosen.length === 0) return kept
    const { packs, records } = mergedRecords(chosen)
    return [...kept, await this.#storeIndex(packs, records)]
  }
}
