import { concatBytes, equalBytes, toHex } from '../bytes.ts'
import { type CID, cidFromDigest, RAW_CODE } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { DELTA_CODEC } from '../codec/block-compression.ts'
import { decodeDeltaPayload, type DeltaPayload, undoDelta } from '../codec/delta-payload.ts'
import { CorruptBlockError, MalformedDataError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import type { BlockLocation, IndexSet } from './index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES } from './pack-format.ts'
import { PageCache } from './page-cache.ts'
import { assertStoredHeader, corruptBlock, openStoredBlock, readStored } from './read-block.ts'

/** Neighbouring chunks of a file are deltas against the same few blocks, so what was opened for one is kept for the next. */
const CACHE_SIZE_BYTES: number = 32 * 1024 * 1024
/** Writers keep chains far shorter (`MAX_CHAIN` in choose-delta.ts). Beyond this the blocks lead round in a circle, or somebody wishes harm. */
const MAX_DEPTH = 64
const MAX_BASES_READ = 4096

/** Opens blocks that are stored as deltas: reads the blocks that they are made from, which may be deltas too. */
export class DeltaReader {
  readonly #storage: Pick<Storage, 'get'>
  readonly #platform: Platform
  readonly #hasher: Hasher
  readonly #indexes: () => IndexSet
  readonly #bases = new PageCache(CACHE_SIZE_BYTES)

  constructor(storage: Pick<Storage, 'get'>, platform: Platform, hasher: Hasher, indexes: () => IndexSet) {
    this.#storage = storage
    this.#platform = platform
    this.#hasher = hasher
    this.#indexes = indexes
  }

  /** @throws CorruptBlockError saying what does not match, be it here or in a block that this one is made from */
  open(cid: CID, location: BlockLocation, stored: Uint8Array): Promise<Uint8Array> {
    return this.#open(cid, location, stored, { depth: MAX_DEPTH, reads: { left: MAX_BASES_READ } })
  }

  async #open(cid: CID, location: BlockLocation, stored: Uint8Array, limits: Limits): Promise<Uint8Array> {
    assertStoredHeader(cid, location, stored)
    const payload = payloadOf(cid, location, stored)
    const bases: Uint8Array[] = []
    for (const digest of payload.bases) {
      if (limits.depth === 0 || limits.reads.left-- === 0) throw corruptBlock(cid, location, 'the chain of deltas that it ends does not begin anywhere')
      bases.push(await this.#base(digest, cid, location, { ...limits, depth: limits.depth - 1 }))
    }
    let bytes: Uint8Array
    try {
      bytes = undoDelta(this.#platform, payload, concatBytes(bases), location.size)
    } catch (cause) {
      if (!(cause instanceof MalformedDataError)) throw cause
      throw corruptBlock(cid, location, 'its delta cannot be applied', cause)
    }
    if (!equalBytes(this.#hasher.digest(bytes), cid.multihash.digest)) throw corruptBlock(cid, location, 'its bytes do not hash to its CID')
    return bytes
  }

  async #base(digest: Uint8Array, dependent: CID, at: BlockLocation, limits: Limits): Promise<Uint8Array> {
    const name = toHex(digest)
    const cached = this.#bases.get(name)
    if (cached !== undefined) return cached
    const cid = cidFromDigest(this.#hasher, RAW_CODE, digest)
    let damage: unknown
    for (const location of await this.#indexes().find(digest)) {
      try {
        const stored = await readStored(this.#storage, location)
        const isDelta = location.codec === DELTA_CODEC
        const bytes = isDelta ? await this.#open(cid, location, stored, limits) : openStoredBlock(this.#platform, this.#hasher, cid, location, stored)
        this.#bases.set(name, bytes)
        return bytes
      } catch (error) {
        damage ??= error
      }
    }
    if (damage !== undefined && !(damage instanceof CorruptBlockError)) throw damage
    throw corruptBlock(dependent, at, `it is a delta against ${cid.toString()}, which is ${damage === undefined ? 'not there' : 'damaged'}`, damage)
  }
}

interface Limits {
  readonly depth: number
  readonly reads: { left: number }
}

function payloadOf(cid: CID, location: BlockLocation, stored: Uint8Array): DeltaPayload {
  try {
    return decodeDeltaPayload(stored.subarray(BLOCK_HEADER_SIZE_BYTES), location.size)
  } catch (cause) {
    if (!(cause instanceof MalformedDataError)) throw cause
    throw corruptBlock(cid, location, 'its delta is malformed', cause)
  }
}
