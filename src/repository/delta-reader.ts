import { equalBytes, toHex } from '../bytes.ts'
import { type CID, cidFromDigest, cidText, RAW_CODE } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { DELTA_CODEC } from '../codec/block-compression.ts'
import { applyDelta } from '../codec/delta-apply.ts'
import { composeDelta } from '../codec/delta-compose.ts'
import { decodeDeltaPayload, type DeltaPayload, plainInstructions } from '../codec/delta-payload.ts'
import { bytesOfPieces, type Pieces, wholePiece } from '../codec/pieces.ts'
import { CorruptBlockError, MalformedDataError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import { BaseCache, type OpenedBase } from './base-cache.ts'
import { BaseWindows } from './base-windows.ts'
import type { BlockLocation } from './index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES } from './pack-format.ts'
import { assertStoredHeader, corruptBlock, openStoredBlock, openUnhashed } from './read-block.ts'

const CACHE_SIZE_BYTES: number = 32 * 1024 * 1024
/** Writers keep chains far shorter (delta-writer.ts). Beyond this the blocks lead round in a circle, or somebody wishes harm. */
const MAX_DEPTH = 64
const MAX_BASES_READ = 4096

/** Where a base is found: every place of a block. */
export type FindBase = (digest: Uint8Array) => Promise<readonly BlockLocation[]>

/** A block as pieces of those that it is made from, so that of a chain of deltas only the last is put together. */
interface KnownBase {
  readonly content: Pieces
  readonly depth: number
  /** False if nobody has hashed the bytes yet: enough for what is hashed itself in the end. */
  readonly checked: boolean
}

/** Opens blocks that are stored as deltas: reads the blocks that they are made from, which may be deltas too. */
export class DeltaReader {
  readonly #windows: BaseWindows
  readonly #platform: Platform
  readonly #hasher: Hasher
  readonly #find: FindBase
  readonly #bases = new BaseCache<KnownBase>(CACHE_SIZE_BYTES, ({ content }) => [...content.buffers, content.fields])

  constructor(storage: Pick<Storage, 'get'>, platform: Platform, hasher: Hasher, find: FindBase) {
    this.#windows = new BaseWindows(storage)
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
      const { content } = await this.#open(cid, location, stored, limits(false))
      return checked(this.#hasher, cid, location, bytesOfPieces(content))
    } catch (error) {
      if (!(error instanceof CorruptBlockError)) throw error
      const { content } = await this.#open(cid, location, stored, limits(true))
      return bytesOfPieces(content)
    }
  }

  /** A block that is to serve as a base, or undefined if it is not there or not sound. Kept for a while. */
  async base(digest: Uint8Array): Promise<OpenedBase | undefined> {
    const name = toHex(digest)
    const known = this.#bases.get(name)
    if (known?.checked === true) return opened(known)
    const found = (await this.#sound(known ?? digest, digest, false)) ?? (await this.#sound(digest, digest, true))
    if (found !== undefined) this.#bases.set(name, found)
    return found === undefined ? undefined : opened(found)
  }

  /** Keeps a block that was just written: the next version of its file will want it. */
  remember(digest: Uint8Array, bytes: Uint8Array, depth: number): void {
    this.#bases.set(toHex(digest), { content: wholePiece(bytes), depth, checked: true })
  }

  /** A block in one piece, hashed; undefined if it is not to be had, or damaged. With `check`, a sound copy of each link of its chain is looked for. */
  async #sound(known: KnownBase | Uint8Array, digest: Uint8Array, check: boolean): Promise<KnownBase | undefined> {
    try {
      const found = known instanceof Uint8Array ? await this.#read(known, limits(check)) : known
      if (found === undefined || found.checked) return found
      const bytes = bytesOfPieces(found.content)
      return equalBytes(this.#hasher.digest(bytes), digest) ? { content: wholePiece(bytes), depth: found.depth, checked: true } : undefined
    } catch (error) {
      if (error instanceof CorruptBlockError) return undefined
      throw error
    }
  }

  /** Only the last block of a chain is hashed, unless `check` is set: then every block of it is put together. */
  async #open(cid: CID, location: BlockLocation, stored: Uint8Array, outer: Limits): Promise<KnownBase> {
    const bounds = { ...outer, depth: outer.depth - 1, within: { location, outer: outer.within } }
    if (location.codec !== DELTA_CODEC) {
      const open = bounds.check ? openStoredBlock : openUnhashed
      return { content: wholePiece(open(this.#platform, this.#hasher, cid, location, stored)), depth: 0, checked: bounds.check }
    }
    assertStoredHeader(cid, location, stored)
    const payload = payloadOf(cid, location, stored)
    const bases: KnownBase[] = []
    for (const digest of payload.bases) {
      if (bounds.depth < 0 || bounds.reads.left-- === 0) throw corruptBlock(cid, location, 'the chain of deltas that it ends does not begin anywhere')
      bases.push(await this.#base(digest, cid, location, bounds))
    }
    const depth = 1 + Math.max(...bases.map((base) => base.depth))
    try {
      const content = this.#undo(payload, bases.map((base) => base.content), location.size)
      return { content: bounds.check ? wholePiece(checked(this.#hasher, cid, location, bytesOfPieces(content))) : content, depth, checked: bounds.check }
    } catch (cause) {
      if (!(cause instanceof MalformedDataError)) throw cause
      throw corruptBlock(cid, location, 'its delta cannot be applied', cause)
    }
  }

  #undo(payload: DeltaPayload, bases: readonly Pieces[], size: number): Pieces {
    const instructions = plainInstructions(this.#platform, payload)
    return composeDelta(instructions, bases, size) ?? wholePiece(applyDelta(instructions, bases.map(bytesOfPieces), size))
  }

  async #base(digest: Uint8Array, dependent: CID, at: BlockLocation, bounds: Limits): Promise<KnownBase> {
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
  async #read(digest: Uint8Array, bounds: Limits): Promise<KnownBase | undefined> {
    const cid = cidFromDigest(this.#hasher, RAW_CODE, digest)
    let damage: unknown
    for (const location of await this.#find(digest)) {
      if (isWithin(location, bounds)) {
        damage ??= corruptBlock(cid, location, 'it is a delta that leads back to itself')
        continue
      }
      try {
        return await this.#open(cid, location, await this.#windows.read(location, bounds.check), bounds)
      } catch (error) {
        damage ??= error
      }
    }
    if (damage !== undefined) throw damage
    return undefined
  }
}

function opened({ content, depth }: KnownBase): OpenedBase {
  return { bytes: bytesOfPieces(content), depth }
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
