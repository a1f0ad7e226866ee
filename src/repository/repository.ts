import { type CID, parseCid } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import type { BlockSource } from '../codec/interface.ts'
import { NotFoundError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import { OverlayStorage } from '../storage/overlay-storage.ts'
import type { AnyIterable, MaybePromise } from '../types.ts'
import { isPromise } from '../types.ts'
import { collectGarbage } from './gc/collect-garbage.ts'
import type { GcOptions, GcReport } from './gc/interface.ts'
import { evictedDigests, isEvicted } from './evicted.ts'
import { BlockReader, type BlockRequest, type ReadManyOptions, type ReadResult } from './block-reader.ts'
import { CONFIG_KEY, decodeConfig, MAX_CONFIG_SIZE_BYTES, newConfig, type RepositoryConfig, storeNewConfig } from './config.ts'
import type { RepackOptions, RepackReport } from './repack/interface.ts'
import { CurrentState } from './current-state.ts'
import { loadPortablePlatform } from './default-platform.ts'
import { type BlocksElsewhere, type BlocksHere, Elsewhere, lent } from './elsewhere.ts'
import type { BlockLocation, IndexSet } from './index-set.ts'
import { encodeLease, type Lease, leaseKey, newSessionId } from './lease.ts'
import { listOperations, type Operation } from './operations.ts'
import { type PackScanner, sequentialScanner } from './pack-scanner.ts'
import type { BlockRepositoryOptions, CreateOptions } from './repository-options.ts'
import { parseRefName } from './ref-name.ts'
import { getRef, listRefs, type Ref } from './refs.ts'
import type { RepairOptions, RepairReport } from './repair/interface.ts'
import { RootLog } from './root-log.ts'
import type { RootRecord } from './root-record.ts'
import { Session } from './session.ts'
import type { SessionHost } from './session-host.ts'
import type { SessionOptions } from './session-options.ts'

/**
 * Blocks, refs and the log of operations over one storage backend: what other tools embed. It knows nothing of files or datasets, prints
 * nothing and keeps no state outside the storage.
 *
 * @example
 * const repository = await BlockRepository.create(new MemoryStorage())
 * await using session = await repository.session()
 * const cid = await session.put(RAW_CODE, new TextEncoder().encode('hello'))
 * await session.commit({ action: 'greet' })
 * await repository.get(cid)
 */
export class BlockRepository implements BlockSource {
  readonly storage: Storage
  readonly platform: Platform
  readonly hasher: Hasher
  readonly config: RepositoryConfig
  /** What `verify` reads packs with. */
  readonly scanner: PackScanner
  /** See `BlockRepositoryOptions`. */
  readonly remake: BlockRepositoryOptions['remake']
  readonly #log: RootLog
  readonly #reader: BlockReader
  readonly #writer: { readonly host: string; readonly process: number }
  readonly #isGone: (lease: Lease) => boolean
  readonly #state: CurrentState
  readonly #elsewhere: Elsewhere | undefined
  /** The blocks of this storage alone. */
  readonly here: BlocksHere

  private constructor(storage: Storage, config: RepositoryConfig, platform: Platform, { writer = { host: '', process: 0 }, isGone = () => false, bulkReading, remake, elsewhere }: BlockRepositoryOptions) {
    this.storage = storage
    this.platform = platform
    this.config = config
    this.remake = remake
    this.#writer = writer
    this.#isGone = isGone
    this.hasher = platform.hasher(config.hash)
    const bulk = bulkReading?.(this.hasher)
    this.scanner = bulk?.scanner ?? sequentialScanner(storage, platform, this.hasher)
    this.#log = new RootLog(storage, this.hasher)
    this.#state = new CurrentState(storage, this.hasher, this.#log)
    this.#elsewhere = elsewhere === undefined ? undefined : new Elsewhere(() => elsewhere(this), () => this.root.number)
    this.#reader = new BlockReader(storage, platform, this.hasher, () => this.indexes, () => this.refresh(), { startOpener: bulk?.startOpener, elsewhere: this.#elsewhere })
    this.here = { get: (cid) => this.#reader.getHere(cid), has: (cid) => this.has(cid), readMany: (requests) => this.#reader.readMany(requests, { onlyHere: true }) }
  }

  /**
   * Creates a repository in storage that holds none.
   * @throws AlreadyExistsError if it holds one; @throws CorruptObjectError if it holds one whose config.json is gone
   */
  static async create(storage: Storage, options: CreateOptions = {}): Promise<BlockRepository> {
    const { platform = await loadPortablePlatform(), hash = 'sha2-256' } = options
    const config = newConfig(platform, hash)
    await storeNewConfig(storage, config)
    return new BlockRepository(storage, config, platform, options)
  }

  /**
   * Opens a repository at its newest state.
   * @throws NotFoundError if there is none
   * @throws UnsupportedFormatError if it was written by a newer version
   * @throws CorruptObjectError if its state cannot be read
   */
  static async open(storage: Storage, options: BlockRepositoryOptions = {}): Promise<BlockRepository> {
    const repository = await BlockRepository.openDamaged(storage, options)
    await repository.refresh()
    return repository
  }

  /**
   * Opens a repository without looking at its state, which may be unreadable: for `repair`. Until then, or until `refresh`, it seems to be empty; nothing can be committed
   * on that ground.
   * @throws NotFoundError if there is none; @throws UnsupportedFormatError as `open` does; @throws CorruptObjectError if config.json cannot be read
   */
  static async openDamaged(storage: Storage, options: BlockRepositoryOptions = {}): Promise<BlockRepository> {
    let bytes: Uint8Array
    try {
      bytes = await storage.get(CONFIG_KEY, { range: { start: 0, end: MAX_CONFIG_SIZE_BYTES } })
    } catch (cause) {
      if (!(cause instanceof NotFoundError)) throw cause
      throw new NotFoundError(`There is no repository at ${storage.location}`, {
        cause, data: { location: storage.location }, hint: 'Create one with `varve init`, or name one with --repo.',
      })
    }
    return new BlockRepository(storage, decodeConfig(bytes, storage.location), options.platform ?? (await loadPortablePlatform()), options)
  }

  /** The state that reads are answered from. It stays the same until `refresh` or a commit. */
  get root(): RootRecord {
    return this.#state.value.root.record
  }

  /** The index files of that state. */
  get indexes(): IndexSet {
    return this.#state.value.indexes
  }

  /** Goes to the newest state. Costs one probe if nothing was committed. */
  refresh(): Promise<void> {
    return this.#state.refresh()
  }

  /**
   * Resolves once the state that reads are answered from survives a power cut. What another process commits is seen before that is sure; whoever tells a user
   * that something is stored, or deletes what that state does not need, must wait for it. Commits of one's own need no waiting.
   */
  settle(): Promise<void> {
    return this.#state.settle()
  }

  /**
   * The bytes of a block, checked against its CID; of one that is not here, from elsewhere, if the repository has such a place.
   * @throws NotFoundError if no index names it
   * @throws CorruptBlockError if no sound copy is left
   */
  get(cid: CID | string): Promise<Uint8Array> {
    return this.#reader.get(typeof cid === 'string' ? parseCid(cid) : cid)
  }

  /** The plain bytes of a block as it was read from a place that the index names. @throws CorruptBlockError */
  openBlock(cid: CID, location: BlockLocation, stored: Uint8Array): MaybePromise<Uint8Array> {
    return this.#reader.open(cid, location, stored)
  }

  /** True if an index names the block; its bytes are not looked at. */
  has(cid: CID): MaybePromise<boolean> {
    const found = this.indexes.packOf(cid.multihash.digest)
    return isPromise(found) ? found.then((pack) => pack !== undefined) : found !== undefined
  }

  /** Many blocks in order, by few large reads. What cannot be read, or has another size than the request says, is reported in its place. See `ReadManyOptions`. */
  readMany(requests: AnyIterable<BlockRequest>, options?: ReadManyOptions): AsyncGenerator<ReadResult> {
    return this.#reader.readMany(requests, options)
  }

  /** What a ref or tag points to, or undefined. @throws InvalidArgumentError if it is no name */
  async getRef(name: string): Promise<CID | undefined> {
    return getRef(this, this.root.refs, parseRefName(name))
  }

  /** All refs and tags whose name begins with `prefix`, in order. */
  refs(prefix = ''): AsyncGenerator<Ref> {
    return listRefs(this, this.root.refs, prefix)
  }

  /** Every commit, oldest first. */
  operations(): AsyncGenerator<Operation> {
    return listOperations(this, this.root.operations)
  }

  /** Begins to write, from the newest state. Close the session when done; many may be open at once, here and in other processes. */
  async session(options: SessionOptions = {}): Promise<Session> {
    return new Session(this.#host(), await this.#announce(), options)
  }

  /** Runs `work` with a session that is closed afterwards, whatever happens. */
  async withSession<T>(work: (session: Session) => Promise<T>, options: SessionOptions = {}): Promise<T> {
    const session = await this.session(options)
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  }

  /**
   * Drops what nothing leads to and deletes it when nobody can need it any more. Others go on reading and writing meanwhile.
   * @throws CorruptObjectError if the repository is not whole or a listing is not complete: nothing was removed
   */
  collectGarbage(options: GcOptions = {}): Promise<GcReport> {
    return collectGarbage(this, this.#host(), { isGone: this.#isGone, ...options })
  }

  /**
   * Makes the repository whole as far as that can be done: rebuilds the index from packs, drops damaged blocks from it, takes them from elsewhere. Damage
   * is in the result, not an error. If it dies half-way the repository is as it was, and the next repair begins anew.
   */
  async repair(options: RepairOptions = {}): Promise<RepairReport> {
    // Loaded when it is needed, which is seldom.
    const { Repair } = await import('./repair/repair.ts')
    return new Repair(this.#host(), options).run(this)
  }

  /** This repository, over a storage that keeps what is written elsewhere, by default in memory: whatever is done to it leaves the real one as it is. */
  rehearsal(written?: Storage): BlockRepository {
    return new BlockRepository(new OverlayStorage(this.storage, written), this.config, this.platform, { writer: this.#writer, isGone: this.#isGone, elsewhere: async () => lent(await this.elsewhere()) })
  }

  /**
   * Stores what is live in less room: finds better deltas, gathers small packs, drops garbage and second copies. Others go on reading and writing meanwhile.
   * @throws CorruptObjectError if the repository is not whole: nothing was changed
   */
  async repack(options: RepackOptions = {}): Promise<RepackReport> {
    const { repack } = await import('./repack/repack.ts')
    return repack(this, this.#host(), { isGone: this.#isGone, ...options })
  }

  /** True if garbage collection dropped what this block alone led to. */
  isEvicted(cid: CID): Promise<boolean> {
    return isEvicted(this, this.root.evicted, cid)
  }

  /** The digests, in hex, of all blocks of which that is true. */
  evicted(): Promise<ReadonlySet<string>> {
    return evictedDigests(this, this.root.evicted)
  }

  /** Where blocks are read that are not in this storage; undefined for a repository that holds all it leads to. Opens no connection. */
  async elsewhere(): Promise<BlocksElsewhere | undefined> {
    return this.#elsewhere?.get()
  }

  /** Says that blocks are at another place too from now on. */
  lookElsewhereAnew(): void {
    this.#elsewhere?.lookAnew()
  }

  async close(): Promise<void> {
    await this.#elsewhere?.close()
    await this.storage.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #announce(): Promise<string> {
    const id = await this.#leaveLease(this.root.number)
    await this.refresh()
    return id
  }

  async #leaveLease(base: number): Promise<string> {
    const id = newSessionId(this.platform)
    await this.storage.put(leaseKey(id), encodeLease(this.hasher, { id, ...this.#writer, started: this.platform.now().toISOString(), base }))
    return id
  }

  #host(): SessionHost {
    const current = this.#state
    return {
      storage: this.storage,
      platform: this.platform,
      hasher: this.hasher,
      log: this.#log,
      blocks: this,
      get state() {
        return current.value
      },
      open: (cid, location, stored) => this.openBlock(cid, location, stored),
      deltas: this.#reader.deltas,
      refresh: () => this.refresh(),
      adopt: (root) => current.adopt(root),
      announce: () => this.#announce(),
      leaveLease: (base) => this.#leaveLease(base),
    }
  }
}
