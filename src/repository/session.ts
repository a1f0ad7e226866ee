import { type BlockCode, type CID, cidFromDigest, RAW_CODE } from '../cid/cid.ts'
import type { Hasher } from '../cid/interface.ts'
import type { CompressionMode } from '../codec/block-compression.ts'
import type { BlockSink, BlockSource, DeltaHint } from '../codec/interface.ts'
import { InvalidArgumentError, RefConflictError } from '../errors.ts'
import { isPromise, type MaybePromise } from '../types.ts'
import type { OpenedBase } from './base-cache.ts'
import { type BlockRun, blocksOf } from './block-run.ts'
import type { CommitRequest, CommitResult } from './commit.ts'
import { DeltaWriter, MIN_DELTA_SIZE_BYTES } from './delta-writer.ts'
import { DigestTable } from './digest-table.ts'
import { encodeBlock, type PackableBlock } from './encode-block.ts'
import type { IndexedPack } from './index-format.ts'
import type { BlockLocation, IndexSet } from './index-set.ts'
import { addEvicted, dropEvicted } from './evicted.ts'
import { leaseKey } from './lease.ts'
import { appendOperation } from './operations.ts'
import { assertTargets } from './assert-targets.ts'
import type { Loan } from './pack-stream.ts'
import { PackStore } from './pack-store.ts'
import { assertPacksThere } from './relied-packs.ts'
import { readStored } from './read-block.ts'
import { outliveCollection, revoked, whyNotCommitted } from './outlive-gc.ts'
import { applyRefChanges, type RefChange } from './refs.ts'
import type { RootRecord } from './root-record.ts'
import type { RepositoryState, SessionHost } from './session-host.ts'
import { checkedOptions, type SessionOptions } from './session-options.ts'
import { addIndex, dropUnnamed } from './store-index.ts'
import { yieldTo } from './yield-to.ts'

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
  /** How this session compresses, for those who encode for it. */
  readonly compression: CompressionMode
  /** The hash of the repository. */
  readonly hasher: Hasher
  readonly #isPatient: boolean
  readonly #deltas: DeltaWriter
  /** Packs of the repository that hold blocks which this session did not write again. */
  readonly #relied = new Set<IndexedPack>()
  /** What `wants` asked for and did not get yet, and what it got since the last checkpoint. */
  readonly #wanted = new DigestTable()
  /** Puts that wait for a page of the index. */
  readonly #waiting = new Set<Promise<CID>>()
  readonly #checkedPacks = new Set<string>()
  /** The collection of garbage up to which this session knows that all it relies on is there. */
  readonly #epoch: number
  /** The states of the index in which it began, and in which it last committed. */
  readonly #seen: IndexSet[]
  #committing = false
  #newBlocks = 0
  #contentBytes = 0
  #closed = false

  /** Use `BlockRepository.session()`. */
  constructor(host: SessionHost, id: string, options: SessionOptions) {
    this.id = id
    this.#host = host
    this.#epoch = host.state.root.record.gcEpoch
    this.#seen = [host.state.indexes]
    const { compression = 'auto', packSizeBytes, isPatient = false } = checkedOptions(options)
    this.#isPatient = isPatient
    this.compression = compression
    this.hasher = host.hasher
    this.#deltas = new DeltaWriter(host.platform, host.hasher, (cid) => this.#base(cid))
    this.#packs = new PackStore(host.storage, host.platform, host.hasher, packSizeBytes === undefined ? {} : { targetSize: packSizeBytes })
  }

  /** Blocks that this session added, the plain bytes of those that are file content, and what all of them take in packs; and the packs that it has committed. */
  get added(): { readonly blocks: number; readonly contentBytes: number; readonly storedBytes: number; readonly packs: readonly IndexedPack[] } {
    return { blocks: this.#newBlocks, contentBytes: this.#contentBytes, storedBytes: this.#packs.storedBytes, packs: this.#packs.committed }
  }

  /**
   * Stores a block unless the repository holds it already. Answers at once unless a pack is full or a page of the index must be read; the bytes
   * may be changed afterwards in either case. With a hint, a new block of file content may be stored as a delta against others. Not to be called
   * while `commit` is under way.
   */
  put(code: BlockCode, bytes: Uint8Array, hint?: DeltaHint): MaybePromise<CID> {
    this.#assertIdle()
    return this.#put(code, bytes, hint)
  }

  #put(code: BlockCode, bytes: Uint8Array, hint?: DeltaHint): MaybePromise<CID> {
    const digest = this.#host.hasher.digest(bytes)
    const cid = cidFromDigest(this.#host.hasher, code, digest)
    if (this.#packs.has(digest)) return cid
    const known = this.#host.state.indexes.find(digest)
    const isDelta = hint !== undefined && code === RAW_CODE && bytes.length >= MIN_DELTA_SIZE_BYTES && this.compression !== 'none'
    if (!isPromise(known) && !(isDelta && known.length === 0)) return this.#add(cid, code, bytes, known)
    const kept = new Uint8Array(bytes)
    const added = isDelta ? this.#addDelta(cid, kept, hint, known) : Promise.resolve(known).then((locations) => this.#add(cid, code, kept, locations))
    const waiting: Promise<CID> = added.finally(() => this.#waiting.delete(waiting))
    this.#waiting.add(waiting)
    return waiting
  }

  /**
   * True if no block with this digest is in the repository or in this session, so that it is worth encoding: who is told so must put it before the session
   * commits anything that needs it, and nobody else is told so. What it says no to is relied on from then on. With `putEncoded` it splits `put` for
   * callers that hash and compress elsewhere.
   */
  wants(digest: Uint8Array): MaybePromise<boolean> {
    if (this.#packs.has(digest) || this.#wanted.rowOf(digest) >= 0) return false
    const known = this.#host.state.indexes.packOf(digest)
    return isPromise(known) ? known.then((pack) => !this.#rely(pack) && this.#wanted.add(digest)) : !this.#rely(known) && this.#wanted.add(digest)
  }

  /**
   * Stores a block that was hashed and encoded elsewhere, unless it is there by now. The payload is copied before this returns, or, with a loan, borrowed
   * until it is written. A promise is to be waited for before the next block: packs cannot be stored as fast. Nothing is checked: the caller is trusted
   * with the digest.
   */
  putEncoded(code: BlockCode, digest: Uint8Array, size: number, block: PackableBlock, loan?: Loan): Promise<void> | undefined {
    this.#assertIdle()
    return this.#packs.has(digest) ? undefined : this.#append(code, digest, size, block, loan)
  }

  /** Stores content that was hashed, encoded and laid out elsewhere, as `putEncoded` does. Borrowed, with a loan; else copied, 2 MiB at most. */
  putRun(run: BlockRun, loan: Loan | undefined): Promise<void> | undefined {
    this.#assertIdle()
    if (run.blocks.some(({ digest }) => this.#packs.has(digest))) return this.#putSingly(run, loan)
    this.#newBlocks += run.blocks.length
    for (const { size } of run.blocks) this.#contentBytes += size
    return this.#packs.addRun(run, loan)
  }

  /** True if the block is in the repository or in this session. What it says yes to is checked again when the session commits. */
  has(cid: CID): MaybePromise<boolean> {
    const { digest } = cid.multihash
    if (this.#packs.has(digest)) return true
    const known = this.#host.state.indexes.packOf(digest)
    return isPromise(known) ? known.then((pack) => this.#rely(pack)) : this.#rely(known)
  }

  /** Plain size of a block of the repository or of this session in bytes, or undefined if there is no such block. */
  async sizeOf(cid: CID): Promise<number | undefined> {
    const { digest } = cid.multihash
    const known = await this.#host.state.indexes.find(digest)
    this.#rely(known[0]?.pack)
    return known[0]?.size ?? this.#packs.sizeOf(digest)
  }

  /** Reads a block of the repository or of this session. */
  async get(cid: CID): Promise<Uint8Array> {
    const own = await this.#packs.locate(cid.multihash.digest)
    if (own === undefined) return this.#host.blocks.get(cid)
    const { location, stored = await readStored(this.#host.storage, location) } = own
    return this.#host.open(cid, location, stored)
  }

  /**
   * Makes everything written so far durable and visible, and moves refs, all at once or not at all. Another writer's commit in between is
   * no conflict unless it moved the same refs.
   *
   * @throws RefConflictError if a ref is not where `refs` expects it
   * @throws SessionRevokedError if garbage collection has removed what this session relies on
   * @throws NotFoundError if a ref would point to a block that is not there, or whose data garbage collection has dropped
   */
  async commit(request: CommitRequest): Promise<CommitResult> {
    this.#assertIdle()
    this.#committing = true
    try {
      await Promise.allSettled(this.#waiting)
      await assertTargets(this.#host, this, request.refs ?? [], request.whole ?? [])
      const writer = this.#host.platform.randomBytes(16)
      for (let losses = 0; ; losses++) {
        const startedAt = performance.now()
        await this.#host.refresh()
        const result = await this.#attempt(request, this.#host.state, writer)
        if (result !== undefined) return result
        if (this.#isPatient) await yieldTo(this.#host.platform, losses, performance.now() - startedAt)
      }
    } catch (error) {
      throw await whyNotCommitted(this.#host, this.id, error)
    } finally {
      this.#committing = false
    }
  }

  /** Tries to make the record after `state`; undefined if another writer made it first. */
  async #attempt({ refs = [], action, message = '', actor = null, whole = [], dropped = async () => [], after }: CommitRequest, state: RepositoryState, writer: Uint8Array): Promise<CommitResult | undefined> {
    const { root } = state
    if (after !== undefined && root.record.number !== after) throw new RefConflictError('Something was committed meanwhile', { data: { expected: after, actual: root.record.number } })
    const gone = await dropped()
    await this.#assertStillValid(state, { refs, whole, dropped: gone })
    await assertPacksThere(this.#host.storage, this.#relied, this.#checkedPacks)
    const blocks: BlockSource & BlockSink = { get: (cid) => this.get(cid), put: (code, bytes) => this.#put(code, bytes) }
    const time = this.#host.platform.now().toISOString()
    const { tree, applied } = await applyRefChanges(blocks, root.record.refs, refs)
    const operations = await appendOperation(blocks, root.record.operations, { time, actor, action, message, changes: applied })
    const evicted = await addEvicted(blocks, await dropEvicted(blocks, root.record.evicted, whole), gone)
    await this.#packs.flush()
    const { packs, records } = this.#packs.unindexed()
    const written = await addIndex(this.#host, state.indexes.files, packs, records)
    const record: RootRecord = {
      ...root.record, number: root.record.number + 1, previous: root.digest, refs: tree, indexes: written.names, operations, evicted, writer, time,
    }
    const appended = await this.#host.log.append(record)
    await dropUnnamed(this.#host, written.created, appended === undefined ? [] : record.indexes)
    if (appended === undefined) return undefined
    // The commit is done: what fails from here on is the next reader's to find.
    const adopted = await this.#host.adopt(appended).then(() => true, () => false)
    if (!adopted) return { number: record.number, changes: applied }
    for (const pack of packs) this.#relied.add(pack)
    // What was asked for and has not come yet must not be asked for again.
    this.#wanted.drop((digest) => this.#packs.has(digest))
    this.#packs.indexed()
    this.#seen[1] = this.#host.state.indexes
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
    await this.#packs.abandon()
    // A lease that stays behind costs garbage collection some patience, and must not make a commit that is done look failed.
    await this.#host.storage.delete(leaseKey(this.id)).catch(() => undefined)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #add(cid: CID, code: BlockCode, bytes: Uint8Array, known: readonly BlockLocation[]): MaybePromise<CID> {
    // Another put of the same bytes may have come first while a page was read.
    if (this.#rely(known[0]?.pack) || this.#packs.has(cid.multihash.digest)) return cid
    const { digest } = cid.multihash
    return this.#append(code, digest, bytes.length, encodeBlock(this.#host.platform, this.#host.hasher, digest, bytes, this.compression))?.then(() => cid) ?? cid
  }

  async #addDelta(cid: CID, bytes: Uint8Array, hint: DeltaHint, found: MaybePromise<readonly BlockLocation[]>): Promise<CID> {
    const { digest } = cid.multihash
    if (this.#rely((await found)[0]?.pack) || this.#packs.has(digest)) return cid
    const { block, depth } = await this.#deltas.encode(digest, bytes, hint, this.compression)
    if (this.#packs.has(digest)) return cid
    this.#host.deltas.remember(digest, bytes, depth)
    await this.#append(RAW_CODE, digest, bytes.length, block)
    return cid
  }

  /** A base that the delta to be written will need for good. */
  async #base(cid: CID): Promise<OpenedBase | undefined> {
    if (!(await this.has(cid))) return undefined
    const { digest } = cid.multihash
    // One that is not in storage yet could only be read by this session, and is not worth the trouble.
    return this.#packs.has(digest) ? undefined : this.#host.deltas.base(digest)
  }

  async #putSingly(run: BlockRun, loan: Loan | undefined): Promise<void> {
    for (const { digest, size, block } of blocksOf(run)) await this.putEncoded(RAW_CODE, digest, size, block, loan)
  }

  #append(code: BlockCode, digest: Uint8Array, size: number, block: PackableBlock, loan?: Loan): Promise<void> | undefined {
    this.#newBlocks++
    if (code === RAW_CODE) this.#contentBytes += size
    return this.#packs.add(code, digest, size, block, loan)
  }

  #rely(pack: IndexedPack | undefined): boolean {
    if (pack !== undefined) this.#relied.add(pack)
    return pack !== undefined
  }

  #assertIdle(): void {
    if (this.#closed) throw new InvalidArgumentError('This session is closed', { hint: 'Begin another with repository.session().' })
    if (this.#committing) throw new InvalidArgumentError('A commit of this session is under way', { hint: 'Await it first, or use a session of its own.' })
  }

  async #assertStillValid(state: RepositoryState, { refs, ...ends }: { readonly refs: readonly RefChange[]; readonly whole: readonly CID[]; readonly dropped: readonly CID[] }): Promise<void> {
    const { record } = state.root
    if (record.revoked.includes(this.id)) throw revoked(this.id)
    const isWhole = record.gcEpoch === this.#epoch && [...this.#relied].every((pack) => state.indexes.hasPack(pack.id))
    if (isWhole) return
    const targets = refs.flatMap(({ target }) => (target === null ? [] : [target]))
    // Also after this was found good once: a later commit may have other targets, and lean on what no earlier one did.
    await outliveCollection(this.#host, state, { id: this.id, packs: this.#packs, relied: this.#relied, seen: this.#seen, targets, ...ends, blocks: this })
  }
}
