import type { Blockstore } from 'interface-blockstore'
import { equalBytes } from '../../bytes.ts'
import { assertOwnCid, type BlockCode, type CID, cidOf } from '../../cid/cid.ts'
import type { HashName, Platform } from '../../cid/interface.ts'
import { portablePlatform } from '../../cid/portable-platform.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { CorruptBlockError, InvalidArgumentError, NotFoundError, StorageError, VarveError } from '../../errors.ts'
import { collectBody } from './collect-body.ts'

export interface BlockstoreSourceOptions {
  /** The hash by which blocks that are put are named. What is read may have either. Default `sha2-256`. */
  readonly hash?: HashName
  /** What hashes. Default is the one in plain JavaScript, which runs anywhere. */
  readonly platform?: Pick<Platform, 'hasher'>
  /** Stops reads and writes with its reason. */
  readonly signal?: AbortSignal
}

/**
 * Any blockstore of IPFS's `interface-blockstore` as the place where varve reads and writes manifests and the contents of files: `ManifestBuilder`, `openManifest`, `editManifest` and `diffManifests` take it. What
 * is read is hashed before it is handed out. It holds blocks and nothing more: refs, history and garbage collection are a repository's.
 *
 * @example
 * const blocks = blockstoreSource(helia.blockstore)
 * const manifest = await openManifest(blocks, parseCid(root))
 */
export function blockstoreSource(blockstore: Pick<Blockstore, 'get' | 'put'>, options: BlockstoreSourceOptions = {}): BlockSource & BlockSink {
  return new BlockstoreBlocks(blockstore, options)
}

class BlockstoreBlocks implements BlockSource, BlockSink {
  readonly #blockstore: Pick<Blockstore, 'get' | 'put'>
  readonly #platform: Pick<Platform, 'hasher'>
  readonly #hash: HashName
  readonly #options: { readonly signal?: AbortSignal }

  constructor(blockstore: Pick<Blockstore, 'get' | 'put'>, { hash = 'sha2-256', platform = portablePlatform, signal }: BlockstoreSourceOptions) {
    this.#blockstore = blockstore
    this.#platform = platform
    this.#hash = hash
    this.#options = signal === undefined ? {} : { signal }
  }

  /**
   * @throws NotFoundError if the blockstore has no such block; @throws CorruptBlockError if what it gives is another; @throws StorageError if it fails
   * @throws MalformedDataError for a CID that varve never writes
   */
  async get(cid: CID): Promise<Uint8Array> {
    assertOwnCid(cid)
    const bytes = await this.#collected(cid)
    const hash = cid.multihash.code === 0x12 ? 'sha2-256' : 'blake3'
    if (!equalBytes(this.#platform.hasher(hash).digest(bytes), cid.multihash.digest)) throw corrupt(cid, 'do not hash to it')
    return bytes
  }

  /** @throws StorageError if the blockstore fails */
  async put(code: BlockCode, bytes: Uint8Array): Promise<CID> {
    // The caller may reuse the memory while the blockstore still writes.
    const kept = bytes.slice()
    const cid = cidOf(this.#platform.hasher(this.#hash), code, kept)
    try {
      await this.#blockstore.put(cid, kept, this.#options)
    } catch (error) {
      throw this.#explained(error, cid, 'could not be put into')
    }
    return cid
  }

  async #collected(cid: CID): Promise<Uint8Array> {
    try {
      return await collectBody(this.#blockstore.get(cid, this.#options), cid.toString(), this.#options.signal)
    } catch (error) {
      if (error instanceof InvalidArgumentError) throw corrupt(cid, 'are more than a block of varve may have', error)
      throw this.#explained(error, cid, 'could not be read from')
    }
  }

  /** Absence is what the blockstore calls by that name, and nothing else. */
  #explained(error: unknown, cid: CID, what: string): unknown {
    if (error instanceof VarveError || this.#options.signal?.aborted === true) return error
    const details = { cause: error, data: { cid: cid.toString() } }
    if (error instanceof Error && error.name === 'NotFoundError') return new NotFoundError(`Block ${cid.toString()} is not in the blockstore`, { ...details, hint: 'Take it from a peer or a repository that has it.' })
    return new StorageError(`Block ${cid.toString()} ${what} the blockstore: ${error instanceof Error ? error.message : String(error)}`, { ...details, hint: 'Mend the blockstore, then do the same again.' })
  }
}

function corrupt(cid: CID, how: string, cause?: unknown): CorruptBlockError {
  return new CorruptBlockError(`The bytes that the blockstore gives for ${cid.toString()} ${how}`, { cause, data: { cid: cid.toString() }, hint: 'Delete the block from that blockstore, and take it from a peer or a repository that has it.' })
}
