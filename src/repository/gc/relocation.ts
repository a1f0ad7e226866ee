import { toHex } from '../../bytes.ts'
import { type BlockCode, type CID, cidFromDigest } from '../../cid/cid.ts'
import { DELTA_CODEC, type CompressionMode } from '../../codec/block-compression.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { VarveError } from '../../errors.ts'
import type { OperationOptions } from '../../types.ts'
import { DigestTable } from '../digest-table.ts'
import { encodeBlock, packable, type PackableBlock } from '../encode-block.ts'
import type { BlockLocation } from '../index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader } from '../pack-format.ts'
import { readTrailer } from '../pack-reader.ts'
import { PackStore } from '../pack-store.ts'
import { Pause } from '../pause.ts'
import { readStored } from '../read-block.ts'
import type { BlockRepository } from '../repository.ts'
import type { SessionHost } from '../session-host.ts'
import { FILE_HEADER_SIZE_BYTES } from '../tail.ts'
import type { PackUsage } from './pack-usage.ts'
import type { Recoding } from './recoding.ts'
import type { StandingCopies } from './standing-copies.ts'

/** What to do with the live blocks of packs that go. */
export interface RelocationPlan {
  readonly live: DigestTable
  /** Packs that go, by the hex of their ids: a copy in one of these does not count. */
  readonly going: ReadonlySet<string>
  /** Blocks that must not stay deltas, since what they are made from goes. */
  readonly materialise: DigestTable
  readonly recoding: Recoding | undefined
  /** Which copies will be left to read. */
  readonly standing: StandingCopies
}

/** Copies live blocks out of packs that go into new ones. Each is read, checked and copied as it is stored, or in the form that a recoding gives it. */
export class Relocation {
  readonly #repository: BlockRepository
  readonly #host: SessionHost
  readonly #store: PackStore
  readonly #compression: CompressionMode
  readonly #measured = new DigestTable()

  constructor(repository: BlockRepository, host: SessionHost, compression: CompressionMode = 'auto') {
    this.#repository = repository
    this.#host = host
    this.#store = new PackStore(repository.storage, repository.platform, repository.hasher)
    this.#compression = compression
  }

  /** Bytes in new packs so far. */
  get storedBytes(): number {
    return this.#store.storedBytes
  }

  /** Where the blocks are that belong to the commit itself. */
  get blocks(): BlockSource & BlockSink {
    const { hasher, platform } = this.#repository
    return {
      get: async (cid) => (this.#store.has(cid.multihash.digest) ? this.#own(cid) : this.#repository.get(cid)),
      put: (code: BlockCode, bytes: Uint8Array) => {
        const digest = hasher.digest(bytes)
        const cid = cidFromDigest(hasher, code, digest)
        if (this.#store.has(digest)) return cid
        const full = this.#store.add(code, digest, bytes.length, encodeBlock(platform, hasher, digest, bytes, this.#compression))
        return full === undefined ? cid : full.then(() => cid)
      },
    }
  }

  /**
   * Moves what is live in a pack. False if a block of it is damaged and has no sound copy elsewhere: the pack must then stay as it is, since
   * some day its bytes may be all there is to mend it with. The others are moved all the same: what they are deltas against may go.
   * @throws CorruptBlockError, CorruptObjectError for such a block where there is a recoding, which is carried out whole or not at all
   */
  async move({ pack }: PackUsage, plan: RelocationPlan, options: OperationOptions, onBlock: (bytes: number) => void): Promise<boolean> {
    const { storage, hasher } = this.#repository
    const pause = new Pause(options.signal)
    let offset = FILE_HEADER_SIZE_BYTES
    let isWhole = true
    const toleratingDamage = plan.recoding === undefined ? unlessDamaged : <T>(work: Promise<T>): Promise<T | undefined> => work
    for (const header of await toleratingDamage(readTrailer(storage, hasher, pack)) ?? []) {
      await pause.take()
      const { storedSize, size, codec, digest } = header
      if (plan.live.rowOf(digest) >= 0 && !this.#store.has(digest)) {
        const moved = await toleratingDamage(this.#moveBlock(header, { pack, offset, storedSize, size, codec }, plan))
        isWhole &&= moved !== undefined
      }
      offset += BLOCK_HEADER_SIZE_BYTES + storedSize
      onBlock(storedSize)
    }
    return isWhole && offset > FILE_HEADER_SIZE_BYTES
  }

  /** What `move` would store of a pack, block headers included, and whether it would say that the pack may go. Stores nothing, and reads no block that would be copied as it is. */
  async measure({ pack }: PackUsage, plan: RelocationPlan, options: OperationOptions): Promise<{ isWhole: boolean; bytes: number }> {
    const { storage, hasher } = this.#repository
    const pause = new Pause(options.signal)
    let offset = FILE_HEADER_SIZE_BYTES
    let isWhole = true
    let bytes = 0
    for (const header of (await unlessDamaged(readTrailer(storage, hasher, pack))) ?? []) {
      await pause.take()
      const { storedSize, size, codec, digest } = header
      if (plan.live.rowOf(digest) >= 0 && this.#measured.rowOf(digest) < 0) {
        const form = await unlessDamaged(this.#formOf(header, { pack, offset, storedSize, size, codec }, plan))
        isWhole &&= form !== undefined
        if (form?.storedSize !== undefined && this.#measured.add(digest)) bytes += BLOCK_HEADER_SIZE_BYTES + form.storedSize
      }
      offset += BLOCK_HEADER_SIZE_BYTES + storedSize
    }
    return { isWhole: isWhole && offset > FILE_HEADER_SIZE_BYTES, bytes }
  }

  /** How long the payload would be that is stored; none for a block that a pack which stays holds well. */
  async #formOf(header: BlockHeader, location: BlockLocation, plan: RelocationPlan): Promise<{ storedSize?: number }> {
    const digest = header.digest.slice()
    const isCopied = plan.materialise.rowOf(digest) < 0 && (await this.#repository.indexes.find(digest)).length === 1
    if (isCopied) return { storedSize: header.storedSize }
    const block = await this.#unchanged(cidFromDigest(this.#repository.hasher, header.code, digest), header, location, plan)
    return block === undefined ? {} : { storedSize: block.payload.length }
  }

  /** Ends what is under way: packs that no commit names are nobody's. */
  close(): Promise<void> {
    return this.#store.abandon()
  }

  /** Stores the packs that are open. */
  async flush(): Promise<ReturnType<PackStore['unindexed']>> {
    await this.#store.flush()
    return this.#store.unindexed()
  }

  async #moveBlock(header: BlockHeader, location: BlockLocation, plan: RelocationPlan): Promise<true> {
    const digest = header.digest.slice()
    const cid = cidFromDigest(this.#repository.hasher, header.code, digest)
    const block = plan.recoding?.has(digest) === true
      ? await plan.recoding.encode(digest, await this.#repository.get(cid))
      : await this.#unchanged(cid, header, location, plan)
    const full = block === undefined ? undefined : this.#store.add(header.code, digest, header.size, block)
    if (full !== undefined) await full
    return true
  }

  /** The block as it is, or by itself where it must not stay a delta; undefined if a pack that stays has a copy which reads well. */
  async #unchanged(cid: CID, header: BlockHeader, location: BlockLocation, plan: RelocationPlan): Promise<PackableBlock | undefined> {
    const { hasher, platform, storage } = this.#repository
    const { digest } = cid.multihash
    const copies = await this.#repository.indexes.find(digest)
    const isOrphan = plan.materialise.rowOf(digest) >= 0
    if (!isOrphan && (await this.#isSoundElsewhere(cid, copies, plan))) return undefined
    const stored = await readStored(storage, location)
    const bytes = await this.#host.open(cid, location, stored)
    // Which copies of its bases will be left is not known; where there is one copy of a block, it is as good as it was.
    const standsAlone = isOrphan || (header.codec === DELTA_CODEC && copies.length > 1)
    return standsAlone ? encodeBlock(platform, hasher, digest, bytes, this.#compression) : packable(hasher, digest, { codec: header.codec, payload: stored.subarray(BLOCK_HEADER_SIZE_BYTES) })
  }

  async #isSoundElsewhere(cid: CID, copies: readonly BlockLocation[], { going, standing }: RelocationPlan): Promise<boolean> {
    for (const location of copies) {
      if (going.has(toHex(location.pack.id))) continue
      try {
        await this.#host.open(cid, location, await readStored(this.#repository.storage, location))
        if (await standing.stands(location)) return true
      } catch (error) {
        if (!(error instanceof VarveError)) throw error
      }
    }
    return false
  }

  async #own(cid: CID): Promise<Uint8Array> {
    const own = await this.#store.locate(cid.multihash.digest)
    if (own === undefined) return this.#repository.get(cid)
    const { location, stored = await readStored(this.#repository.storage, location) } = own
    return this.#host.open(cid, location, stored)
  }
}

/** Undefined instead of damage. */
async function unlessDamaged<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof VarveError && (error.code === 'CORRUPT_BLOCK' || error.code === 'CORRUPT_OBJECT')) return undefined
    throw error
  }
}
