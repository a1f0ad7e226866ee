import { equalBytes } from '../bytes.ts'
import { type BlockCode, DAG_CBOR_CODE } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { DELTA_CODEC } from '../codec/block-compression.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { ObjectBody, Storage } from '../storage/interface.ts'
import { ArenaPool } from './arena.ts'
import type { BlockRun } from './block-run.ts'
import type { PackableBlock } from './encode-block.ts'
import type { IndexedPack } from './index-format.ts'
import type { BlockLocation } from './index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader, packKey } from './pack-format.ts'
import { type Loan, PackStream } from './pack-stream.ts'
import { PackWriter } from './pack-writer.ts'
import { RecordTable } from './record-table.ts'
import { FILE_HEADER_SIZE_BYTES } from './tail.ts'

/** A pack is closed when it has grown to this. */
const TARGET_PACK_SIZE_BYTES: number = 32 * 1024 * 1024
/** A pack begins to be written when this much of it is there: what is smaller takes one call. */
export const STREAM_FROM_BYTES: number = 1024 * 1024
/** Packs that are being stored at the same time. The last thing each of them does is to wait for the disk. */
const MOST_UNDER_WAY = 4

interface OpenData {
  readonly stream: PackStream
  readonly number: number
  isStarted: boolean
}

/**
 * The packs that a session writes: data packs are stored while they fill, metadata packs when they are full, and others fill meanwhile. Knows where every
 * block of the session is. Blocks that no index names yet are found here and nowhere else.
 */
export class PackStore {
  readonly #storage: Storage
  readonly #platform: Platform
  readonly #hasher: Hasher
  readonly #targetSize: number
  readonly #records = new RecordTable()
  readonly #arenas = new ArenaPool()
  #packs: IndexedPack[] = []
  readonly #committed: IndexedPack[] = []
  #data: OpenData | undefined
  #metadata: { readonly writer: PackWriter; readonly number: number } | undefined
  /** Packs that are being stored, by number. */
  readonly #storing = new Map<number, Promise<void>>()
  #failure: { readonly error: unknown } | undefined
  /** Memory of metadata packs that are stored, for those to come. */
  #spare: Uint8Array[] = []
  #storedBytes = 0

  constructor(storage: Storage, platform: Platform, hasher: Hasher, options: { targetSize?: number } = {}) {
    this.#storage = storage
    this.#platform = platform
    this.#hasher = hasher
    this.#targetSize = options.targetSize ?? TARGET_PACK_SIZE_BYTES
  }

  /** Bytes that the blocks of this session take in packs, compressed and with their headers. */
  get storedBytes(): number {
    return this.#storedBytes
  }

  /** The packs that an index names. */
  get committed(): readonly IndexedPack[] {
    return this.#committed
  }

  /** True if blocks were written that no index names yet. */
  get hasUnindexed(): boolean {
    return this.#records.count > 0
  }

  has(digest: Uint8Array): boolean {
    return this.#records.has(digest)
  }

  /** Takes a new block of `size` plain bytes; its payload is copied, or borrowed if there is a loan. A promise is to be waited for: packs cannot be stored as fast. */
  add(code: BlockCode, digest: Uint8Array, size: number, block: PackableBlock, loan?: Loan): Promise<void> | undefined {
    return code === DAG_CBOR_CODE ? this.#addMetadata(code, digest, size, block) : this.#addData(code, digest, size, block, loan)
  }

  /** Takes data blocks that none of this session's are equal to, laid out as in a pack; borrows them if there is a loan, else copies them, 2 MiB at most. See `add` for the promise. */
  addRun({ bytes, blocks }: BlockRun, loan: Loan | undefined): Promise<void> | undefined {
    const open = (this.#data ??= this.#beginData())
    const start = open.stream.appendRun(bytes, Uint32Array.from(blocks, ({ offset }) => offset), loan)
    for (const { digest, offset, storedSize, size, codec } of blocks) this.#records.add(digest, { pack: open.number, offset: start + offset, storedSize, size, codec })
    this.#storedBytes += bytes.length
    return this.#afterData(open)
  }

  /** Packs that no index names yet, open ones included. */
  get packCount(): number {
    return this.#packs.length
  }

  /** Takes a pack that is in storage already, so that the next index names it and all its blocks. Returns those that are deltas; none if it was taken before. */
  adopt(pack: IndexedPack, headers: readonly BlockHeader[]): readonly BlockLocation[] {
    if (this.#packs.some(({ id }) => equalBytes(id, pack.id))) return []
    const number = this.#packs.push(pack) - 1
    const deltas: BlockLocation[] = []
    let offset = FILE_HEADER_SIZE_BYTES
    for (const { digest, storedSize, size, codec } of headers) {
      this.#records.addCopy(digest, { pack: number, offset, storedSize, size, codec })
      if (codec === DELTA_CODEC) deltas.push({ pack, offset, storedSize, size, codec })
      offset += BLOCK_HEADER_SIZE_BYTES + storedSize
    }
    return deltas
  }

  /** Plain size of a block of this session, or undefined if it is none. */
  sizeOf(digest: Uint8Array): number | undefined {
    return this.#records.find(digest)?.size
  }

  /** Where a block of this session is: its stored bytes, while its pack fills in memory, or the place in storage, once it is there. */
  async locate(digest: Uint8Array): Promise<{ location: BlockLocation; stored?: Uint8Array } | undefined> {
    const record = this.#records.find(digest)
    if (record === undefined) return undefined
    if (record.pack === this.#metadata?.number) return { location: this.#locationOf(record), stored: this.#metadata.writer.stored(record) }
    if (record.pack === this.#data?.number) await this.#closeData()
    // Not for all packs: one that is still open waits for blocks to come.
    await this.#storing.get(record.pack)
    return { location: this.#locationOf(record) }
  }

  /** Stores every pack that is open, and waits until all are durable. */
  async flush(): Promise<void> {
    await this.#closeData()
    await this.#closeMetadata()
    await Promise.all(this.#storing.values())
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Ends everything that is under way. Nothing can be added afterwards. */
  async abandon(): Promise<void> {
    this.#data?.stream.fail(new InvalidArgumentError('This session is closed'))
    await Promise.allSettled(this.#storing.values())
  }

  /** Packs and sorted records for an index file, of all that was flushed since the last call to `indexed`. */
  unindexed(): { packs: readonly IndexedPack[]; records: Iterable<Uint8Array> } {
    return { packs: this.#packs, records: this.#records.sorted() }
  }

  /** Forgets what an index file names now. */
  indexed(): void {
    this.#committed.push(...this.#packs)
    this.#packs = []
    this.#records.clear()
  }

  #addData(code: BlockCode, digest: Uint8Array, size: number, block: PackableBlock, loan: Loan | undefined): Promise<void> | undefined {
    const open = (this.#data ??= this.#beginData())
    const placement = open.stream.append(code, digest, size, block, loan)
    this.#records.add(digest, { ...placement, size, pack: open.number })
    this.#storedBytes += placement.storedSize + BLOCK_HEADER_SIZE_BYTES
    return this.#afterData(open)
  }

  #afterData(open: OpenData): Promise<void> | undefined {
    if (open.stream.size >= this.#targetSize) return this.#closeData()
    if (!open.isStarted && open.stream.size >= STREAM_FROM_BYTES) this.#startData(open)
    return open.stream.room()
  }

  #addMetadata(code: BlockCode, digest: Uint8Array, size: number, block: PackableBlock): Promise<void> | undefined {
    const open = (this.#metadata ??= this.#beginMetadata())
    const placement = open.writer.append(code, digest, size, block)
    this.#records.add(digest, { ...placement, size, pack: open.number })
    this.#storedBytes += placement.storedSize + BLOCK_HEADER_SIZE_BYTES
    return open.writer.size >= this.#targetSize ? this.#closeMetadata() : undefined
  }

  #beginData(): OpenData {
    const stream = new PackStream(this.#platform, this.#hasher, 'data', this.#arenas)
    return { stream, number: this.#expect(stream.id, 'data'), isStarted: false }
  }

  #beginMetadata(): { writer: PackWriter; number: number } {
    const writer = new PackWriter(this.#platform, this.#hasher, 'metadata', this.#spare.pop())
    return { writer, number: this.#expect(writer.id, 'metadata') }
  }

  /** The number of a pack that is begun. Its size is filled in when it is finished; nobody reads it before. */
  #expect(id: Uint8Array, kind: 'data' | 'metadata'): number {
    return this.#packs.push({ id, kind, size: 0 }) - 1
  }

  #locationOf(record: Omit<BlockLocation, 'pack'> & { readonly pack: number }): BlockLocation {
    return { ...record, pack: this.#packs[record.pack] as IndexedPack }
  }

  #startData(open: OpenData): void {
    open.isStarted = true
    this.#store(open, open.stream, (failure) => failure !== undefined && open.stream.fail(failure))
  }

  async #closeData(): Promise<void> {
    const open = this.#data
    if (open === undefined) return
    this.#data = undefined
    open.stream.finish()
    this.#packs[open.number] = { id: open.stream.id, kind: 'data', size: open.stream.size }
    if (!open.isStarted) this.#startData(open)
    await this.#place()
  }

  async #closeMetadata(): Promise<void> {
    const open = this.#metadata
    if (open === undefined) return
    this.#metadata = undefined
    const { id, kind, size, parts, memory } = open.writer.finish()
    this.#packs[open.number] = { id, kind, size }
    this.#store(open, parts, () => this.#spare.push(memory))
    await this.#place()
  }

  #store({ number }: { readonly number: number }, body: ObjectBody, onEnd: (failure: unknown) => void): void {
    const { id } = this.#packs[number] as IndexedPack
    const storing: Promise<void> = this.#storage.put(packKey(id), body).then(
      () => onEnd(undefined),
      (error: unknown) => {
        this.#failure ??= { error }
        onEnd(error)
        throw error
      },
    ).finally(() => this.#storing.delete(number))
    storing.catch(() => undefined)
    this.#storing.set(number, storing)
  }

  /** Waits until few enough packs are under way: this is what slows a fast producer down, and bounds memory. */
  async #place(): Promise<void> {
    while (this.#storing.size >= MOST_UNDER_WAY) await Promise.race(this.#storing.values())
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
