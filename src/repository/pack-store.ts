import { equalBytes } from '../bytes.ts'
import { type BlockCode, DAG_CBOR_CODE } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { DELTA_CODEC } from '../codec/block-compression.ts'
import type { Storage } from '../storage/interface.ts'
import type { PackableBlock } from './encode-block.ts'
import type { IndexedPack } from './index-format.ts'
import type { BlockLocation } from './index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader, packKey } from './pack-format.ts'
import { PackWriter, type FinishedPack } from './pack-writer.ts'
import { RecordTable } from './record-table.ts'
import { FILE_HEADER_SIZE_BYTES } from './tail.ts'

/** A pack is closed when it has grown to this. */
const TARGET_PACK_SIZE_BYTES: number = 32 * 1024 * 1024

/**
 * The packs that a session writes: fills them in memory, stores each when it is full while the next one fills, and knows where every
 * block of the session is. Blocks that no index names yet are found here and nowhere else.
 */
export class PackStore {
  readonly #storage: Storage
  readonly #platform: Platform
  readonly #hasher: Hasher
  readonly #targetSize: number
  readonly #records = new RecordTable()
  #packs: IndexedPack[] = []
  #open: { data?: { writer: PackWriter; number: number }; metadata?: { writer: PackWriter; number: number } } = {}
  #storing: Promise<void> | undefined
  /** Memory of packs that are stored, for those to come. */
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

  /** True if blocks were written that no index names yet. */
  get hasUnindexed(): boolean {
    return this.#records.count > 0
  }

  has(digest: Uint8Array): boolean {
    return this.#records.find(digest) !== undefined
  }

  /** Copies a new block of `size` plain bytes in. Resolves later only if a pack was full and the one before is still being stored. */
  add(code: BlockCode, digest: Uint8Array, size: number, block: PackableBlock): Promise<void> | undefined {
    const kind = code === DAG_CBOR_CODE ? 'metadata' : 'data'
    const open = (this.#open[kind] ??= this.#begin(kind))
    const placement = open.writer.append(code, digest, size, block)
    this.#records.add(digest, { ...placement, size, pack: open.number })
    this.#storedBytes += placement.storedSize + BLOCK_HEADER_SIZE_BYTES
    return open.writer.size >= this.#targetSize ? this.#close(kind) : undefined
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

  /** Where a block of this session is; its bytes too while its pack is still being filled. */
  locate(digest: Uint8Array): { location: BlockLocation; stored?: Uint8Array } | undefined {
    const record = this.#records.find(digest)
    const pack = record && this.#packs[record.pack]
    if (record === undefined || pack === undefined) return undefined
    const location = { ...record, pack }
    const open = [this.#open.data, this.#open.metadata].find((candidate) => candidate?.number === record.pack)
    return open === undefined ? { location } : { location, stored: open.writer.stored(record) }
  }

  /** Stores every pack that is open, and waits until all are durable. */
  async flush(): Promise<void> {
    await this.#close('data')
    await this.#close('metadata')
    await this.#storing
  }

  /** Waits until every pack that was closed is durable. */
  async settled(): Promise<void> {
    await this.#storing
  }

  /** Packs and sorted records for an index file, of all that was flushed since the last call to `indexed`. */
  unindexed(): { packs: readonly IndexedPack[]; records: Iterable<Uint8Array> } {
    return { packs: this.#packs, records: this.#records.sorted() }
  }

  /** Forgets what an index file names now. */
  indexed(): void {
    this.#packs = []
    this.#records.clear()
  }

  #begin(kind: 'data' | 'metadata'): { writer: PackWriter; number: number } {
    const writer = new PackWriter(this.#platform, this.#hasher, kind, this.#spare.pop())
    // The size is filled in when the pack is finished; nobody reads it before.
    this.#packs.push({ id: writer.id, kind, size: 0 })
    return { writer, number: this.#packs.length - 1 }
  }

  async #close(kind: 'data' | 'metadata'): Promise<void> {
    const open = this.#open[kind]
    if (open === undefined) return
    delete this.#open[kind]
    const pack = open.writer.finish()
    this.#packs[open.number] = { id: pack.id, kind, size: pack.size }
    // One pack at a time is under way, so that memory is bounded by two; awaiting the one before is what slows a fast producer down.
    const before = this.#storing
    const storing = this.#store(pack, before)
    storing.catch(() => undefined)
    this.#storing = storing
    await before
  }

  async #store(pack: FinishedPack, before: Promise<void> | undefined): Promise<void> {
    await before
    await this.#storage.put(packKey(pack.id), pack.parts)
    this.#spare.push(pack.memory)
  }
}
