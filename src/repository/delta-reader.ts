import { equalBytes, toHex } from '../bytes.ts'
import { type CID, cidFromDigest, cidText, RAW_CODE } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { DELTA_CODEC } from '../codec/block-compression.ts'
import { decodeDeltaPayload, type DeltaPayload, undoDelta } from '../codec/delta-payload.ts'
import { CorruptBlockError, MalformedDataError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import { BaseCache, type OpenedBase } from './base-cache.ts'
import type { BlockLocation } from './index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES } from './pack-format.ts'
import { assertStoredHeader, corruptBlock, openStoredBlock, openUnhashed, readStored } from './read-block.ts'

const CACHE_SIZE_BYTES: number = 32 * 1024 * 1024
/** Writers keep chains far shorter (delta-writer.ts). Beyond this the blocks lead round in a circle, or somebody wishes harm. */
const MAX_DEPTH = 64
const MAX_BASES_READ = 4096

/** Where a base is found: every place of a block. */
export type FindBase = (digest: Uint8Array) => Promise<readonly BlockLocation[]>

/** Opens blocks that are stored as deltas: reads the blocks that they are made from, which may be deltas too. */
export class DeltaReader {
  readonly #storage: Pick<Storage, 'get'>
  readonly #platform: Platform
  readonly #hasher: Hasher
  readonly #find: FindBase
  readonly #bases = new BaseCache(CACHE_SIZE_BYTES)

  constructor(storage: Pick<Storage, 'get'>, platform: Platform, hasher: Hasher, find: FindBase) {
    this.#storage = storage
    this.#platform = platform
    this.#hasher = hasher
    this.#find = find
  }

  /**
   * What a block is made from is hashed only if the block itself does not come out right, to find out where the damage is: to hash every link of a chain costs
   * more than all the rest.
   *
   * @throws CorruptBlockError saying what does not match, be it here or in a block that this one is made from
   */
  async open(cid: CID, location: BlockLocation, stored: Uint8Array): Promise<Uint8Array> {
    try {
      const { bytes } = await this.#open(cid, location, stored, limits(false))
      return checked(this.#hasher, cid, location, bytes)
    } catch (error) {
      if (!(error instanceof CorruptBlockError)) throw error
      const { bytes } = await this.#open(cid, location, stored, limits(true))
      return bytes
    }
  }

  /** A block that is to serve as a base, or undefined if it is not there or not sound. Kept for a while. */
  async base(digest: Uint8Array): Promise<OpenedBase | undefined> {
    const name = toHex(digest)
    const known = this.#bases.get(name)
    if (known?.checked === true) return known
    try {
      const found = await this.#read(digest, limits(true))
      if (found !== undefined) this.#bases.set(name, found)
      return found
    } catch (error) {
      if (error instanceof CorruptBlockError) return undefined
      throw error
    }
  }

  /** Keeps a block that was just written: the next version of its file will want it. */
  remember(digest: Uint8Array, bytes: Uint8Array, depth: number): void {
    this.#bases.set(toHex(digest), { bytes, depth, checked: true })
  }

  /** Only the last block of a chain is hashed, unless `check` is set. */
  async #open(cid: CID, location: BlockLocation, stored: Uint8Array, outer: Limits): Promise<OpenedBase> {
    const bounds = { ...outer, depth: outer.depth - 1, within: { location, outer: outer.within } }
    if (location.codec !== DELTA_CODEC) {
      const open = bounds.check ? openStoredBlock : openUnhashed
      return { bytes: open(this.#platform, this.#hasher, cid, location, stored), depth: 0, checked: bounds.check }
    }
    assertStoredHeader(cid, location, stored)
    const payload = payloadOf(cid, location, stored)
    const bases: OpenedBase[] = []
    for (const digest of payload.bases) {
      if (bounds.depth < 0 || bounds.reads.left-- === 0) throw corruptBlock(cid, location, 'the chain of deltas that it ends does not begin anywhere')
      bases.push(await this.#base(digest, cid, location, bounds))
    }
    const depth = 1 + Math.max(...bases.map((base) => base.depth))
    try {
      const bytes = undoDelta(this.#platform, payload, bases.map((base) => base.bytes), location.size)
      return { bytes: bounds.check ? checked(this.#hasher, cid, location, bytes) : bytes, depth, checked: bounds.check }
    } catch (cause) {
      if (!(cause instanceof MalformedDataError)) throw cause
      throw corruptBlock(cid, location, 'its delta cannot be applied', cause)
    }
  }

  async #base(digest: Uint8Array, dependent: CID, at: BlockLocation, bounds: Limits): Promise<OpenedBase> {
    const name = toHex(digest)
    const known = this.#bases.get(name)
    if (known !== undefined && (known.checked || !bounds.check)) return known
    let damage: CorruptBlockError | undefined
    try {
      const base = await this.#read(digest, bounds)
      if (base !== undefined) {
        this.#bases.set(name, base)
        return base
      }
    } catch (error) {
      if (!(error instanceof CorruptBlockError)) throw error
      damage = error
    }
    const cid = cidText(cidFromDigest(this.#hasher, RAW_CODE, digest))
    throw corruptBlock(dependent, at, damage === undefined ? `it is a delta against ${cid}, which is not there` : `it is a delta, and ${damage.message}`, damage)
  }

  /** From the first place where it is sound; undefined if there is no place. */
  async #read(digest: Uint8Array, bounds: Limits): Promise<OpenedBase | undefined> {
    const cid = cidFromDigest(this.#hasher, RAW_CODE, digest)
    let damage: unknown
    for (const location of await this.#find(digest)) {
      if (isWithin(location, bounds)) {
        damage ??= corruptBlock(cid, location, 'it is a delta that leads back to itself')
        continue
      }
      try {
        return await this.#open(cid, location, await readStored(this.#storage, location), bounds)
      } catch (error) {
        damage ??= error
      }
    }
    if (damage !== undefined) throw damage
    return undefined
  }
}

/** How far a chain is followed, and whether each of its blocks is hashed. */
interface Limits {
  readonly depth: number
  readonly reads: { left: number }
  readonly check: boolean
  /**
   * The places that are being opened. Of two copies of a block, one may be a delta against something that is itself a delta against the other, where
   * a writer brought back a pack that was rewritten meanwhile: the one leads nowhere, the other is sound.
   */
  readonly within: OpenPlace | undefined
}

interface OpenPlace {
  readonly location: BlockLocation
  readonly outer: OpenPlace | undefined
}

function isWithin({ pack, offset }: BlockLocation, { within }: Limits): boolean {
  for (let place = within; place !== undefined; place = place.outer) if (place.location.offset === offset && equalBytes(place.location.pack.id, pack.id)) return true
  return false
}

function limits(check: boolean): Limits {
  return { depth: MAX_DEPTH, reads: { left: MAX_BASES_READ }, check, within: undefined }
}

function checked(hasher: Hasher, cid: CID, location: BlockLocation, bytes: Uint8Array): Uint8Array {
  if (!equalBytes(hasher.digest(bytes), cid.multihash.digest)) throw corruptBlock(cid, location, 'its bytes do not hash to its CID')
  return bytes
}

function payloadOf(cid: CID, location: BlockLocation, stored: Uint8Array): DeltaPayload {
  try {
    return decodeDeltaPayload(stored.subarray(BLOCK_HEADER_SIZE_BYTES), location.size)
  } catch (cause) {
    if (!(cause instanceof MalformedDataError)) throw cause
    throw corruptBlock(cid, location, 'its delta is malformed', cause)
  }
}
