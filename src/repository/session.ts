import { type BlockCode, type CID, cidFromDigest, cidText, DAG_CBOR_CODE, RAW_CODE } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import type { CompressionMode } from '../codec/block-compression.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { CorruptObjectError, InvalidArgumentError, NotFoundError, SessionRevokedError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import { IndexFile } from './index-file.ts'
import { indexKey, newIndexId, type IndexedPack, type IndexName } from './index-format.ts'
import type { BlockLocation, IndexSet } from './index-set.ts'
import { encodeIndex, type WrittenIndex } from './index-writer.ts'
import { leaseKey } from './lease.ts'
import { chooseForMerge, mergedRecords } from './merge-indexes.ts'
import { appendOperation } from './operations.ts'
import { packKey } from './pack-format.ts'
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

/** A root record and the index files that it names: never one without the other. */
export interface RepositoryState {
  readonly root: ReadRecord
  readonly indexes: IndexSet
}

/** What a session may do with the repository that it belongs to. */
export interface SessionHost {
  readonly storage: Storage
  readonly platform: Platform
  readonly hasher: Hasher
  readonly log: RootLog
  readonly blocks: BlockSource
  readonly state: RepositoryState
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
  /** Puts that wait for a page of the index. */
  readonly #waiting = new Set<Promise<CID>>()
  readonly #checkedPacks = new Set<string>()
  #committing = false
  #newBlocks = 0
  #contentBytes = 0
  #closed = false

  /** Use `BlockRepository.session()`. */
  constructor(host: SessionHost, id: string, options: SessionOptions) {
    this.id = id
    this.#host = host
    const { compression = 'auto', packSizeBytes } = checkedOptions(options)
    this.#packs = new PackStore(host.storage, host.platform, host.hasher, { compression, ...(packSizeBytes === undefined ? {} : { targetSize: packSizeBytes }) })
  }

  /** Blocks that this session added, the plain bytes of those that are file content, and what all of them take in packs. */
  get added(): { readonly blocks: number; readonly contentBytes: number; readonly storedBytes: number } {
    return { blocks: this.#newBlocks, contentBytes: this.#contentBytes, storedBytes: this.#packs.storedBytes }
  }

  /**
   * Stores a block unless the repository holds it already. Answers at once unless a pack is full or a page of the index must be read; the bytes
   * may be changed afterwards in either case. Not to be called while `commit` is under way.
   */
  put(code: BlockCode, bytes: Uint8Array): MaybePromise<CID> {
    this.#assertIdle()
    return this.#put(code, bytes)
  }

  #put(code: BlockCode, bytes: Uint8Array): MaybePromise<CID> {
    const digest = this.#host.hasher.digest(bytes)
    const cid = cidFromDigest(this.#host.hasher, code, digest)
    if (this.#packs.has(digest)) return cid
    const known = this.#host.state.indexes.find(digest)
    if (!isPromise(known)) return this.#add(cid, code, bytes, known)
    const kept = new Uint8Array(bytes)
    const waiting: Promise<CID> = known.then((locations) => this.#add(cid, code, kept, locations)).finally(() => this.#waiting.delete(waiting))
    this.#waiting.add(waiting)
    return waiting
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
    const known = await this.#host.state.indexes.find(digest)
    this.#rely(known)
    return known[0]?.size ?? this.#packs.locate(digest)?.location.size
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
    this.#assertIdle()
    this.#committing = true
    try {
      await Promise.allSettled(this.#waiting)
      await this.#assertTargets(request.refs ?? [])
      const writer = this.#host.platform.randomBytes(16)
      for (;;) {
        await this.#host.refresh()
        const result = await this.#attempt(request, this.#host.state, writer)
        if (result !== undefined) return result
      }
    } finally {
      this.#committing = false
    }
  }

  /** Tries to make the record after `state`; undefined if another writer made it first. */
  async #attempt({ refs = [], action, message = '', actor = null }: CommitRequest, state: RepositoryState, writer: Uint8Array): Promise<CommitResult | undefined> {
    const { root } = state
    this.#assertStillValid(state)
    await this.#assertReliedPacks()
    const blocks: BlockSource & BlockSink = { get: (cid) => this.get(cid), put: (code, bytes) => this.#put(code, bytes) }
    const time = this.#host.platform.now().toISOString()
    const { tree, applied } = await applyRefChanges(blocks, root.record.refs, refs)
    const operations = await appendOperation(blocks, root.record.operations, { time, actor, action, message, changes: applied })
    const written = await this.#writeIndexes(state)
    const record: RootRecord = {
      ...root.record, number: root.record.number + 1, previous: root.digest, refs: tree, indexes: written.names, operations, writer, time,
    }
    const appended = await this.#host.log.append(record)
    // Index files that no record names, because they were merged at once or the race was lost, are in nobody's way but waste room.
    const named = appended === undefined ? [] : record.indexes
    for (const { id } of written.created) if (!named.some((index) => index.id === id)) await this.#host.storage.delete(indexKey(id)).catch(() => undefined)
    if (appended === undefined) return undefined
    // The commit is done: what fails from here on is the next reader's to find.
    const adopted = await this.#host.adopt(appended).then(() => true, () => false)
    if (adopted) this.#packs.indexed()
    return { number: record.number, changes: applied }
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
    // A lease that stays behind costs garbage collection some patience, and must not make a commit that is done look failed.
    await this.#host.storage.delete(leaseKey(this.id)).catch(() => undefined)
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

  #assertIdle(): void {
    if (this.#closed) throw new InvalidArgumentError('This session is closed', { hint: 'Begin another with repository.session().' })
    if (this.#committing) throw new InvalidArgumentError('A commit of this session is under way', { hint: 'Await it first, or use a session of its own.' })
  }

  async #assertTargets(refs: readonly RefChange[]): Promise<void> {
    for (const { name, target } of refs) {
      if (target === null) continue
      if (target.code !== DAG_CBOR_CODE) throw new InvalidArgumentError(`${name} cannot point to ${cidText(target)}: a ref points to a dag-cbor block`)
      if (!(await this.has(target))) throw new NotFoundError(`A ref cannot point to ${cidText(target)}: that block is not in the repository`)
    }
  }

  #assertStillValid({ root, indexes }: RepositoryState): void {
    const lost = [...this.#relied].some((pack) => !indexes.hasPack(pack.id))
    if (lost || root.record.revoked.includes(this.id)) {
      throw new SessionRevokedError('Garbage collection removed data that this session relied on; nothing was committed', { data: { session: this.id } })
    }
  }

  /** A pack that an index names may have been lost all the same. To rely on one costs a look at its size, once a session. */
  async #assertReliedPacks(): Promise<void> {
    for (const pack of this.#relied) {
      const key = packKey(pack.id)
      if (this.#checkedPacks.has(key)) continue
      const size = (await this.#host.storage.stat(key))?.size
      if (size !== pack.size) {
        throw new CorruptObjectError(`${key} is ${size === undefined ? 'missing' : 'truncated'}, and data to be committed is in it`, { data: { key, size, expected: pack.size } })
      }
      this.#checkedPacks.add(key)
    }
  }

  /** Stores all open packs, then an index file that names every block of the session, merged with others where they are many. */
  async #writeIndexes(state: RepositoryState): Promise<{ names: readonly IndexName[]; created: readonly IndexName[] }> {
    const { storage, hasher } = this.#host
    await this.#packs.flush()
    const { packs, records } = this.#packs.unindexed()
    const added = await this.#storeIndex(packs, records)
    const files = [...state.indexes.files, await IndexFile.open(storage, hasher, new PageCache(), added)]
    const chosen = chooseForMerge(files)
    const kept = files.filter((file) => !chosen.includes(file)).map((file) => file.name)
    if (chosen.length === 0) return { names: kept, created: [added] }
    const joint = mergedRecords(chosen)
    const merged = await this.#storeIndex(joint.packs, joint.records)
    return { names: [...kept, merged], created: [added, merged] }
  }

  async #storeIndex(packs: readonly IndexedPack[], records: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<IndexName> {
    const { storage, hasher, platform } = this.#host
    const id = newIndexId((length) => platform.randomBytes(length))
    let written: WrittenIndex | undefined
    await storage.put(indexKey(id), encodeIndex(hasher, packs, records, (end) => (written = end)))
    if (written === undefined) throw new TypeError('A storage backend resolved before it had read the whole body')
    return { id, ...written }
  }
}

/** Offsets in a pack are 32-bit numbers. */
const MAX_PACK_SIZE_BYTES: number = 1024 * 1024 * 1024

function checkedOptions(options: SessionOptions): SessionOptions {
  const { compression = 'auto', packSizeBytes = 1 } = options
  if (compression !== 'auto' && compression !== 'none') throw new InvalidArgumentError(`There is no compression "${String(compression)}"`, { hint: 'Use auto or none.' })
  if (!Number.isInteger(packSizeBytes) || packSizeBytes < 1 || packSizeBytes > MAX_PACK_SIZE_BYTES) {
    throw new InvalidArgumentError(`Packs of ${packSizeBytes} bytes cannot be made`, { hint: `Use 1 to ${MAX_PACK_SIZE_BYTES} bytes.` })
  }
  return options
}
