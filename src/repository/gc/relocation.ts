import { toHex } from '../../bytes.ts'
import { type BlockCode, type CID, cidFromDigest } from '../../cid/cid.ts'
import type { CompressionMode } from '../../codec/block-compression.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { VarveError } from '../../errors.ts'
import type { OperationOptions } from '../../types.ts'
import type { DigestTable } from '../digest-table.ts'
import { encodeBlock, packable } from '../encode-block.ts'
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

/** What to do with the live blocks of packs that go. */
export interface RelocationPlan {
  readonly live: DigestTable
  /** Packs that go, by the hex of their ids: a copy in one of these does not count. */
  readonly going: ReadonlySet<string>
  /** Blocks that must not stay deltas, since what they are made from goes. */
  readonly materialise: DigestTable
}

/** Copies live blocks out of packs that go into new ones. Each is read, checked and copied as it is stored. */
export class Relocation {
  readonly #repository: BlockRepository
  readonly #host: SessionHost
  readonly #store: PackStore
  readonly #compression: CompressionMode

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
   */
  async move({ pack }: PackUsage, plan: RelocationPlan, options: OperationOptions, onBlock: (bytes: number) => void): Promise<boolean> {
    const { storage, hasher } = this.#repository
    const pause = new Pause(options.signal)
    let offset = FILE_HEADER_SIZE_BYTES
    let isWhole = true
    for (const header of await unlessDamaged(readTrailer(storage, hasher, pack)) ?? []) {
      await pause.take()
      const { storedSize, size, codec, digest } = header
      if (plan.live.rowOf(digest) >= 0 && !this.#store.has(digest)) {
        const moved = await unlessDamaged(this.#moveBlock(header, { pack, offset, storedSize, size, codec }, plan))
        isWhole &&= moved !== undefined
      }
      offset += BLOCK_HEADER_SIZE_BYTES + storedSize
      onBlock(storedSize)
    }
    return isWhole && offset > FILE_HEADER_SIZE_BYTES
  }

  /** Stores the packs that are open. */
  async flush(): Promise<ReturnType<PackStore['unindexed']>> {
    await this.#store.flush()
    return this.#store.unindexed()
  }

  async #moveBlock(header: BlockHeader, location: BlockLocation, { going, materialise }: RelocationPlan): Promise<true> {
    const { hasher, platform } = this.#repository
    const digest = header.digest.slice()
    const cid = cidFromDigest(hasher, header.code, digest)
    const changes = materialise.rowOf(digest) >= 0
    if (!changes && (await this.#isSoundElsewhere(cid, going))) return true
    const stored = await readStored(this.#repository.storage, location)
    const bytes = await this.#host.open(cid, location, stored)
    const block = changes
      ? encodeBlock(platform, hasher, digest, bytes, this.#compression)
      : packable(hasher, digest, { codec: header.codec, payload: stored.subarray(BLOCK_HEADER_SIZE_BYTES) })
    const full = this.#store.add(header.code, digest, header.size, block)
    if (full !== undefined) await full
    return true
  }

  /** True if a pack that stays has a copy which reads well. */
  async #isSoundElsewhere(cid: CID, going: ReadonlySet<string>): Promise<boolean> {
    for (const location of await this.#repository.indexes.find(cid.multihash.digest)) {
      if (going.has(toHex(location.pack.id))) continue
      try {
        await this.#host.open(cid, location, await readStored(this.#repository.storage, location))
        return true
      } catch (error) {
        if (!(error instanceof VarveError)) throw error
      }
    }
    return false
  }

  async #own(cid: CID): Promise<Uint8Array> {
    const own = this.#store.locate(cid.multihash.digest)
    if (own === undefined) return this.#repository.get(cid)
    if (own.stored !== undefined) return this.#host.open(cid, own.location, own.stored)
    await this.#store.settled()
    return this.#host.open(cid, own.location, await readStored(this.#repository.storage, own.location))
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
