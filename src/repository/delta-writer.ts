import type { CID } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { compressBlock, type CompressionMode } from '../codec/block-compression.ts'
import { DeltaEncoder } from '../codec/delta-encode.ts'
import { MAX_DELTA_BASES } from '../codec/delta-payload.ts'
import type { DeltaHint } from '../codec/interface.ts'
import type { OpenedBase } from './base-cache.ts'
import { encodeDelta } from './delta-block.ts'
import { type PackableBlock, packable } from './encode-block.ts'

/** A smaller block gains too little to be worth reading its bases for. */
export const MIN_DELTA_SIZE_BYTES: number = 16 * 1024
/**
 * Deltas that may have to be undone to read a block. On 17 versions of a table, chains of 8 take 2.0 MB, and chains of 16 take 1.24 MB
 * (shared/data/covid-19), since each chain begins with a version that stands by itself.
 */
export const MAX_CHAIN = 16
/** A delta that is this small beats any other form; otherwise both are made and the smaller one wins. */
const SURELY_SMALLER_SHARE = 0.05
/** A delta costs reading its bases: it has to be well below what the block takes by itself. */
const WORTHWHILE_SHARE = 0.8

/** Reads a base; undefined if it is not to be had. What it gives back is relied on. */
export type ReadBase = (cid: CID) => Promise<OpenedBase | undefined>

/** Encodes blocks against others that resemble them. */
export class DeltaWriter {
  readonly #platform: Platform
  readonly #hasher: Hasher
  readonly #read: ReadBase
  readonly #encoder = new DeltaEncoder()

  constructor(platform: Platform, hasher: Hasher, read: ReadBase) {
    this.#platform = platform
    this.#hasher = hasher
    this.#read = read
  }

  /** The block in its smallest form, by itself or as a delta against what `hint` names, and the length of the chain that it ends. */
  async encode(digest: Uint8Array, bytes: Uint8Array, hint: DeltaHint, mode: CompressionMode): Promise<{ block: PackableBlock; depth: number }> {
    const cids = (await hint.bases()).slice(0, MAX_DELTA_BASES)
    const opened = await Promise.all(cids.map((cid) => this.#read(cid)))
    const bases = opened.flatMap((base, index) => (base === undefined ? [] : [{ ...base, digest: (cids[index] as CID).multihash.digest }]))
    const depth = 1 + Math.max(0, ...bases.map((base) => base.depth))
    const delta = bases.length === 0 || depth > MAX_CHAIN ? undefined : encodeDelta(this.#platform, this.#encoder, bytes, bases, depth, mode, { onMatch: (end) => hint.onMatch(end) })
    if (delta !== undefined && delta.payload.length < bytes.length * SURELY_SMALLER_SHARE) return { block: packable(this.#hasher, digest, delta), depth }
    const alone = compressBlock(this.#platform, bytes, mode)
    if (delta !== undefined && delta.payload.length < alone.payload.length * WORTHWHILE_SHARE) return { block: packable(this.#hasher, digest, delta), depth }
    return { block: packable(this.#hasher, digest, alone), depth: 0 }
  }
}
