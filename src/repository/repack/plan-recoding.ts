import { toHex } from '../../bytes.ts'
import { cidFromDigest, RAW_CODE } from '../../cid/cid.ts'
import { compressBlock, decompressBlock, type CompressionMode, DELTA_CODEC, PLAIN_CODEC } from '../../codec/block-compression.ts'
import { DeltaEncoder } from '../../codec/delta-encode.ts'
import { decodeDeltaPayload } from '../../codec/delta-payload.ts'
import { BaseCache, type OpenedBase } from '../base-cache.ts'
import type { DeltaBase, DeltaBlock, DeltaOptions } from '../delta-block.ts'
import { encodeDelta } from '../delta-block.ts'
import { MIN_DELTA_SIZE_BYTES } from '../delta-writer.ts'
import type { DigestTable } from '../digest-table.ts'
import { encodeBlock, type PackableBlock, packable } from '../encode-block.ts'
import type { Recoding } from '../gc/recoding.ts'
import type { BlockLocation } from '../index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES } from '../pack-format.ts'
import { readStored } from '../read-block.ts'
import type { BlockRepository } from '../repository.ts'
import type { SessionHost } from '../session-host.ts'
import { baseSets } from './choose-bases.ts'
import { Layout } from './layout.ts'
import { costOfDelta, ReadBound } from './read-cost.ts'
import { SimilarBlocks } from './similar-blocks.ts'

/** What takes the place of a form that is well must take so much less. */
const BETTER_DELTA_SHARE = 0.95
const BETTER_WHOLE_SHARE = 0.98
/** A delta costs reading its bases: it has to be well below what the block takes by itself. */
const WORTHWHILE_SHARE = 0.8
/** A delta that is this small is not compared with the block by itself. */
const SURELY_SMALLER_SHARE = 0.05
/** A base of which less is copied costs its digest and the reading, and gains nothing. */
const MIN_COPIED_BYTES = 128

/** Nobody waits for it, as for a snapshot. */
const THOROUGH: DeltaOptions = { candidates: 4, effort: 'best' }
const CACHE_SIZE_BYTES: number = 32 * 1024 * 1024

/** How a block is to be stored: by itself, or as a delta against the blocks with these numbers. */
interface Form {
  readonly storedSize: number
  readonly bases: readonly number[]
  readonly depth: number
  /** Cost of reading it, as in `read-cost.ts`. */
  readonly unpack: number
}

export interface PlanOptions {
  readonly mode: CompressionMode
  /** Bytes of all blocks, about. */
  readonly contentBytes: number
  /** What reading a block may cost, in what it would cost if it stood by itself. */
  readonly maxReadCost: number
}

/** Settles block after block how it is to be stored. A block is made from blocks that were settled before it, so that no two can lead to each other. */
export class RecodingPlan implements Recoding {
  readonly live: DigestTable
  readonly packs: Set<string> = new Set<string>()
  readonly #repository: BlockRepository
  readonly #host: SessionHost
  readonly #placed: DigestTable
  readonly #mode: CompressionMode
  readonly #layout: Layout
  readonly #similar: SimilarBlocks
  readonly #encoder = new DeltaEncoder()
  /** Blocks that were settled last, by their numbers: they are the likeliest bases of those to come. */
  readonly #bytes = new BaseCache<OpenedBase>(CACHE_SIZE_BYTES, ({ bytes }) => [bytes])
  /** By the number of the block: some 150 bytes for each that is stored anew. */
  readonly #forms = new Map<number, Pick<Form, 'bases' | 'depth'>>()
  /** Of blocks that are stored anew. */
  recoded: { blocks: number; bytes: number } = { blocks: 0, bytes: 0 }
  /** What all blocks take in packs now, and would. */
  readonly bytes: { before: number; after: number } = { before: 0, after: 0 }
  /** True if a block ends a chain of deltas that is too long to be read well. */
  hasLongChains = false

  constructor(repository: BlockRepository, host: SessionHost, live: DigestTable, placed: DigestTable, { mode, contentBytes, maxReadCost }: PlanOptions) {
    this.#repository = repository
    this.#host = host
    this.live = live
    this.#placed = placed
    this.#mode = mode
    this.#layout = new Layout(new ReadBound(maxReadCost))
    this.#similar = new SimilarBlocks(contentBytes)
  }

  /** Settles the next block, whose bytes were checked. */
  async settle(row: number, bytes: Uint8Array): Promise<void> {
    const digest = this.#placed.digest(row)
    const copies = await this.#repository.indexes.find(digest)
    const [first] = copies
    if (first === undefined) return
    const isContent = copies.every(({ pack }) => pack.kind === 'data')
    const present = await this.#presentForm(copies, first)
    const features = isContent && bytes.length >= MIN_DELTA_SIZE_BYTES ? this.#similar.features(bytes) : []
    const delta = await this.#bestDelta(features, bytes)
    const form = this.#choose(present, delta, first, bytes)
    if (form !== present) {
      this.#forms.set(row, { bases: form.bases, depth: form.depth })
      this.recoded.blocks++
      this.recoded.bytes += BLOCK_HEADER_SIZE_BYTES + form.storedSize
      for (const { pack } of copies) this.packs.add(toHex(pack.id))
    }
    this.bytes.before += BLOCK_HEADER_SIZE_BYTES + first.storedSize
    this.bytes.after += BLOCK_HEADER_SIZE_BYTES + form.storedSize
    if (isContent) this.#bytes.set(String(row), { bytes: new Uint8Array(bytes), depth: form.depth })
    this.#layout.settle(row, bytes.length, form.unpack, form.depth)
    if (this.#layout.mayBeBase(row)) this.#similar.add(row, features)
  }

  /** Leaves all as it is. */
  drop(): void {
    this.#forms.clear()
    this.packs.clear()
    this.recoded = { blocks: 0, bytes: 0 }
    this.bytes.after = this.bytes.before
  }

  has(digest: Uint8Array): boolean {
    return this.#forms.size > 0 && this.#forms.has(this.#placed.rowOf(digest))
  }

  async encode(digest: Uint8Array, bytes: Uint8Array): Promise<PackableBlock> {
    const { platform, hasher } = this.#repository
    const { bases = [], depth = 0 } = this.#forms.get(this.#placed.rowOf(digest)) ?? {}
    const delta = bases.length === 0 ? undefined : encodeDelta(platform, this.#encoder, bytes, await this.#read(bases), depth, this.#mode, THOROUGH)
    return delta === undefined ? encodeBlock(platform, hasher, digest, bytes, this.#mode) : packable(hasher, digest, delta)
  }

  /** How the block is stored, if that can stay. Of two copies one may be made from what is made from the other, so that then only blocks by themselves will do. */
  async #presentForm(copies: readonly BlockLocation[], first: BlockLocation): Promise<Form | undefined> {
    if (copies.every(({ codec }) => codec !== DELTA_CODEC)) return alone(first.storedSize, first.size)
    const stored = await readStored(this.#repository.storage, first)
    if (first.codec !== DELTA_CODEC) return undefined
    const { platform } = this.#repository
    const payload = decodeDeltaPayload(stored.subarray(BLOCK_HEADER_SIZE_BYTES), first.size)
    if (payload.depth > this.#layout.bound.maxDepth) this.hasLongChains = true
    const bases = payload.bases.map((digest) => this.#placed.rowOf(digest))
    if (copies.length > 1 || !bases.every((base) => this.#layout.isSettled(base))) return undefined
    const instructions = decompressBlock(platform, payload.encoding, payload.instructions, payload.instructionsSize)
    const { bound } = this.#layout
    const form = this.#form(first.storedSize, first.size, instructions, bases)
    return bound.allows(first.size, form.unpack) && form.depth <= bound.maxDepth ? form : undefined
  }

  async #bestDelta(features: readonly number[], bytes: Uint8Array): Promise<Form | undefined> {
    if (features.length === 0) return undefined
    let best: Form | undefined
    for (const set of baseSets(this.#similar.sharing(features), this.#layout)) {
      const form = await this.#deltaAgainst(set, bytes)
      if (form !== undefined && this.#layout.bound.allows(bytes.length, form.unpack) && form.storedSize < (best?.storedSize ?? bytes.length) * BETTER_DELTA_SHARE) best = form
    }
    return best
  }

  async #deltaAgainst(set: readonly number[], bytes: Uint8Array): Promise<Form | undefined> {
    const made = this.#make(set, bytes, await this.#read(set))
    if (made === undefined) return undefined
    const { copied } = costOfDelta(bytes.length, made.instructions, set.map((row) => this.#layout.cost(row)))
    const used = set.filter((_, index) => (copied[index] ?? 0) >= MIN_COPIED_BYTES)
    if (used.length === 0) return undefined
    const again = used.length === set.length ? made : this.#make(used, bytes, await this.#read(used))
    return again === undefined ? undefined : this.#form(again.payload.length, bytes.length, again.instructions, used)
  }

  #make(rows: readonly number[], bytes: Uint8Array, bases: readonly DeltaBase[]): DeltaBlock | undefined {
    return encodeDelta(this.#repository.platform, this.#encoder, bytes, bases, this.#depthAbove(rows), this.#mode, THOROUGH)
  }

  #form(storedSize: number, size: number, instructions: Uint8Array, bases: readonly number[]): Form {
    const { unpack } = costOfDelta(size, instructions, bases.map((row) => this.#layout.cost(row)))
    return { storedSize, bases, depth: this.#depthAbove(bases), unpack }
  }

  #depthAbove(bases: readonly number[]): number {
    return 1 + Math.max(...bases.map((row) => this.#layout.depth(row)))
  }

  #choose(present: Form | undefined, delta: Form | undefined, { storedSize, codec }: BlockLocation, bytes: Uint8Array): Form {
    const isSurelySmaller = delta !== undefined && delta.storedSize < bytes.length * SURELY_SMALLER_SHARE
    const squeezes = this.#mode === 'max' || codec === PLAIN_CODEC || present === undefined
    const isDelta = present !== undefined && present.bases.length > 0
    const size = isSurelySmaller || isDelta || !squeezes ? Number.POSITIVE_INFINITY : compressBlock(this.#repository.platform, bytes, this.#mode).payload.length
    const whole = present !== undefined && !isDelta && size >= storedSize * BETTER_WHOLE_SHARE ? present : alone(size, bytes.length)
    const best = delta !== undefined && (isSurelySmaller || delta.storedSize < whole.storedSize * WORTHWHILE_SHARE) ? delta : whole
    if (present === undefined || best === present) return best
    return best.storedSize < present.storedSize * (isDelta ? BETTER_DELTA_SHARE : BETTER_WHOLE_SHARE) ? best : present
  }

  async #read(rows: readonly number[]): Promise<readonly DeltaBase[]> {
    const bases: DeltaBase[] = []
    for (const row of rows) {
      const digest = this.#placed.digest(row)
      const opened = this.#bytes.get(String(row)) ?? (await this.#host.deltas.base(digest))
      bases.push({ digest, bytes: opened?.bytes ?? (await this.#repository.get(cidFromDigest(this.#repository.hasher, RAW_CODE, digest))) })
    }
    return bases
  }
}

function alone(storedSize: number, size: number): Form {
  return { storedSize, bases: [], depth: 0, unpack: size }
}
