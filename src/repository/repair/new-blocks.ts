import { type BlockCode, type CID, cidFromDigest } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import type { MaybePromise } from '../../types.ts'
import { encodeBlock, type PackableBlock, packable } from '../encode-block.ts'
import { BLOCK_HEADER_SIZE_BYTES, type BlockHeader } from '../pack-format.ts'
import { PackStore } from '../pack-store.ts'
import { openStoredBlock, readStored } from '../read-block.ts'
import type { SessionHost } from '../session-host.ts'

/** Blocks that a repair writes: into new packs, as a session does, but whether the repository has them already or not. */
export class NewBlocks implements BlockSink {
  readonly #host: SessionHost
  readonly #store: PackStore
  #count = 0

  constructor(host: SessionHost) {
    this.#host = host
    this.#store = new PackStore(host.storage, host.platform, host.hasher)
  }

  /** Blocks so far, and what they take in packs. */
  get amount(): { readonly blocks: number; readonly bytes: number } {
    return { blocks: this.#count, bytes: this.#store.storedBytes }
  }

  has(digest: Uint8Array): boolean {
    return this.#store.has(digest)
  }

  put(code: BlockCode, bytes: Uint8Array): MaybePromise<CID> {
    const { hasher, platform } = this.#host
    const digest = hasher.digest(bytes)
    const cid = cidFromDigest(hasher, code, digest)
    if (this.has(digest)) return cid
    const full = this.#append(code, digest, bytes.length, encodeBlock(platform, hasher, digest, bytes, 'auto'))
    return full === undefined ? cid : full.then(() => cid)
  }

  /** Copies a block as it stands in a pack, header first. */
  putStored({ code, digest, size, codec }: BlockHeader, stored: Uint8Array): Promise<void> | undefined {
    if (this.has(digest)) return undefined
    return this.#append(code, digest.slice(), size, packable(this.#host.hasher, digest, { codec, payload: stored.subarray(BLOCK_HEADER_SIZE_BYTES) }))
  }

  /** A block of these, or what `others` has. */
  source(others: BlockSource): BlockSource {
    return { get: (cid) => (this.has(cid.multihash.digest) ? this.#get(cid) : others.get(cid)) }
  }

  /** Stores the packs that are open; all since the last call of `indexed`, for an index file. */
  async flush(): Promise<ReturnType<PackStore['unindexed']>> {
    await this.#store.flush()
    return this.#store.unindexed()
  }

  /** Forgets what an index file names now. */
  indexed(): void {
    this.#store.indexed()
  }

  /** Ends what is under way: packs that no commit names are nobody's. */
  close(): Promise<void> {
    return this.#store.abandon()
  }

  #append(code: BlockCode, digest: Uint8Array, size: number, block: PackableBlock): Promise<void> | undefined {
    this.#count++
    return this.#store.add(code, digest, size, block)
  }

  async #get(cid: CID): Promise<Uint8Array> {
    const { storage, platform, hasher } = this.#host
    const own = await this.#store.locate(cid.multihash.digest)
    if (own === undefined) throw new TypeError('A block that was put is gone')
    const { location, stored = await readStored(storage, location) } = own
    return openStoredBlock(platform, hasher, cid, location, stored)
  }
}
