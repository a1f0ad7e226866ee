import { type CID, cidFromDigest, RAW_CODE } from '../../cid/cid.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import { decodeDeltaPayload } from '../../codec/delta-payload.ts'
import { CorruptBlockError, NotFoundError } from '../../errors.ts'
import type { DigestTable } from '../../repository/digest-table.ts'
import { Scratch } from '../../node/parallel/scratch.ts'
import { encodeBlock, packable, type PackableBlock } from '../../repository/encode-block.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES } from '../../repository/pack-format.ts'
import { Pause } from '../../repository/pause.ts'
import { readStored } from '../../repository/read-block.ts'
import { isPromise, type MaybePromise } from '../../types.ts'
import { isSoundAsStored } from './as-stored.ts'
import { type FetchedSpan, spansAhead } from './spans-ahead.ts'
import { inParallel } from './in-parallel.ts'
import { RunOfChunks } from './run-of-chunks.ts'
import { SpanMemoryPool } from './span-memory.ts'

/** Chunks that are located and sorted by where they are before they are read. */
const BATCH_CHUNKS = 65_536

export interface CopyChunksOptions {
  readonly signal?: AbortSignal | undefined
  /** Told of chunks that are done; `bytes` as they were stored, 0 for one that was there. */
  readonly onChunks: (count: number, bytes: number) => void
  /** Told before a batch is read how many bytes it has as they are stored, and how many chunks come after it. */
  readonly onLocated: (bytes: number, chunksAfter: number) => void
  /** Asked now and then, between two chunks. */
  readonly perhapsCheckpoint: () => Promise<void> | undefined
}

/**
 * Copies chunks into a session as they are stored, each hashed before it is handed on; those that lie together go over together. A delta stays one if what it is made from is at the target or comes too; else the
 * chunk is stored by itself. Chunks that the target has are passed over. Memory: some 100 bytes for each of 65,536 chunks, and 24 MiB of what is being read and written.
 *
 * @throws CorruptBlockError, NotFoundError for a chunk that the source does not have whole
 */
export async function copyChunks(source: BlockRepository, session: Session, chunks: DigestTable, options: CopyChunksOptions): Promise<void> {
  const pool = new SpanMemoryPool()
  for (let from = 0; from < chunks.count; from += BATCH_CHUNKS) {
    await new ChunkBatch(source, session, chunks, options).copy(from, Math.min(from + BATCH_CHUNKS, chunks.count), pool)
  }
}

interface Located {
  readonly cid: CID
  readonly location: BlockLocation
}

class ChunkBatch {
  readonly #source: BlockRepository
  readonly #session: Session
  readonly #chunks: DigestTable
  readonly #options: CopyChunksOptions
  readonly #scratch = new Scratch()
  /** Where each chunk is that is still to be copied, by its number in the table: chunks wait here for their turn, or for a delta that needs them first. */
  readonly #pending = new Map<number, BlockLocation>()

  constructor(source: BlockRepository, session: Session, chunks: DigestTable, options: CopyChunksOptions) {
    this.#source = source
    this.#session = session
    this.#chunks = chunks
    this.#options = options
  }

  async copy(from: number, to: number, pool: SpanMemoryPool): Promise<void> {
    await inParallel(numbers(from, to), this.#options.signal, (row) => this.#locate(row))
    let bytes = 0
    for (const { storedSize } of this.#pending.values()) bytes += storedSize
    this.#options.onLocated(bytes, this.#chunks.count - to)
    const pause = new Pause(this.#options.signal)
    for await (const span of spansAhead(this.#source.storage, this.#sorted(), pool)) {
      await this.#copySpan(span, pause)
      span.memory.giveBack()
      const checkpoint = this.#options.perhapsCheckpoint()
      if (checkpoint !== undefined) await checkpoint
    }
  }

  /** Finds where a chunk is, if the target lacks it. Answers at once where nothing must be read for it, as do the next two. */
  #locate(row: number): MaybePromise<void> {
    const wanted = this.#session.wants(this.#chunks.digest(row))
    return isPromise(wanted) ? wanted.then((isWanted) => this.#find(row, isWanted)) : this.#find(row, wanted)
  }

  #find(row: number, isWanted: boolean): MaybePromise<void> {
    if (!isWanted) return this.#options.onChunks(1, 0)
    const location = this.#source.indexes.findOne(this.#chunks.digest(row))
    return isPromise(location) ? location.then((found) => this.#take(row, found)) : this.#take(row, location)
  }

  #take(row: number, location: BlockLocation | undefined): MaybePromise<void> {
    // Garbage collection may have moved it since the index was read; whatever else is wrong, reading it by itself says.
    if (location === undefined) return this.#copyPlain(this.#cid(row))
    this.#pending.set(row, location)
  }

  /** What was located, in the order in which it is best read. */
  *#sorted(): Generator<Located> {
    const order = new Map<BlockLocation['pack'], number>()
    for (const { pack } of this.#pending.values()) if (!order.has(pack)) order.set(pack, order.size)
    const packOf = (location: BlockLocation): number => order.get(location.pack) ?? 0
    const sorted = [...this.#pending].sort(([, a], [, b]) => packOf(a) - packOf(b) || a.offset - b.offset)
    for (const [row, location] of sorted) yield { cid: this.#cid(row), location }
  }

  async #copySpan(span: FetchedSpan, pause: Pause): Promise<void> {
    const { hasher } = this.#source
    const run = new RunOfChunks(span)
    for (const chunk of span.wanted) {
      const rest = pause.take()
      if (rest !== undefined) await rest
      const { cid, location } = chunk
      const row = this.#chunks.rowOf(cid.multihash.digest)
      if (!this.#pending.has(row)) continue
      const stored = storedIn(span, location)
      this.#scratch.release()
      if (stored !== undefined && isSoundAsStored(this.#scratch.platform, hasher, cid, location, stored)) {
        this.#pending.delete(row)
        if (!run.follows(location)) await this.#put(run)
        run.add(location, cid.multihash.digest)
      } else {
        // What is in the run may be what a delta needs.
        await this.#put(run)
        await this.#copyOnce(chunk, stored)
      }
    }
    await this.#put(run)
  }

  async #put(run: RunOfChunks): Promise<void> {
    const taken = run.take()
    if (taken === undefined) return
    const full = this.#session.putRun(taken.run, taken.loan)
    if (full !== undefined) await full
    this.#options.onChunks(taken.run.blocks.length, taken.run.bytes.length - taken.run.blocks.length * BLOCK_HEADER_SIZE_BYTES)
  }

  async #copyOnce({ cid, location }: Located, stored: Uint8Array | undefined): Promise<void> {
    if (!this.#pending.delete(this.#chunks.rowOf(cid.multihash.digest))) return
    let block: PackableBlock
    try {
      block = await this.#blockOf(cid, location, stored ?? (await readStored(this.#source.storage, location)))
    } catch (error) {
      if (!(error instanceof CorruptBlockError || error instanceof NotFoundError)) throw error
      // Another copy may be sound, or garbage collection has put it elsewhere.
      return this.#copyPlain(cid)
    }
    await this.#session.putEncoded(RAW_CODE, cid.multihash.digest, location.size, block)
    this.#options.onChunks(1, location.storedSize)
  }

  async #copyPlain(cid: CID): Promise<void> {
    const { digest } = cid.multihash
    const bytes = await this.#source.get(cid)
    await this.#session.putEncoded(RAW_CODE, digest, bytes.length, encodeBlock(this.#source.platform, this.#source.hasher, digest, bytes, this.#session.compression))
    this.#options.onChunks(1, bytes.length)
  }

  async #blockOf(cid: CID, location: BlockLocation, stored: Uint8Array): Promise<PackableBlock> {
    const { hasher, platform } = this.#source
    const { digest } = cid.multihash
    const bytes = await this.#source.openBlock(cid, location, stored)
    const payload = stored.subarray(BLOCK_HEADER_SIZE_BYTES)
    if (location.codec === DELTA_CODEC && !(await this.#bringBases(decodeDeltaPayload(payload, location.size).bases))) return encodeBlock(platform, hasher, digest, bytes, this.#session.compression)
    return packable(hasher, digest, { codec: location.codec, payload })
  }

  /** True if all that a delta is made from is at the target; what is on its way there goes first. */
  async #bringBases(bases: readonly Uint8Array[]): Promise<boolean> {
    for (const digest of bases) {
      const cid = cidFromDigest(this.#source.hasher, RAW_CODE, digest)
      const location = this.#pending.get(this.#chunks.rowOf(digest))
      if (location !== undefined) await this.#copyOnce({ cid, location }, undefined)
      if (!(await this.#session.has(cid))) return false
    }
    return true
  }

  #cid(row: number): CID {
    return cidFromDigest(this.#source.hasher, RAW_CODE, this.#chunks.digest(row))
  }
}

function* numbers(from: number, to: number): Generator<number> {
  for (let number = from; number < to; number++) yield number
}

/** The part of a span that one chunk takes; undefined where the span could not be read. */
function storedIn({ bytes, start }: Pick<FetchedSpan, 'bytes' | 'start'>, location: BlockLocation): Uint8Array | undefined {
  const at = location.offset - start
  return bytes?.subarray(at, at + BLOCK_HEADER_SIZE_BYTES + location.storedSize)
}
