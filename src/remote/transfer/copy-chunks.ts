import { toHex } from '../../bytes.ts'
import { type CID, cidFromDigest, RAW_CODE } from '../../cid/cid.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import { decodeDeltaPayload } from '../../codec/delta-payload.ts'
import { CorruptBlockError, NotFoundError } from '../../errors.ts'
import type { DigestTable } from '../../repository/digest-table.ts'
import { encodeBlock, packable, type PackableBlock } from '../../repository/encode-block.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import { BLOCK_HEADER_SIZE_BYTES } from '../../repository/pack-format.ts'
import { Pause } from '../../repository/pause.ts'
import { readStored } from '../../repository/read-block.ts'
import { type FetchedSpan, spansAhead } from './spans-ahead.ts'
import { inParallel } from './in-parallel.ts'

/** Chunks that are located and sorted by where they are before they are read. */
const BATCH_CHUNKS = 65_536

export interface CopyChunksOptions {
  readonly signal?: AbortSignal | undefined
  /** Told of each chunk that is done; `bytes` as it was stored, 0 for one that was there. */
  readonly onChunk: (bytes: number) => void
  /** Asked between two chunks. */
  readonly perhapsCheckpoint: () => Promise<void> | undefined
}

/**
 * Copies chunks into a session as they are stored, each hashed before it is handed on. A delta stays one if what it is made from is at the target or comes too; else the
 * chunk is stored by itself. Chunks that the target has are passed over. Memory: some 200 bytes for each of 65,536 chunks, and 16 MiB of what is being read.
 *
 * @throws CorruptBlockError, NotFoundError for a chunk that the source does not have whole
 */
export async function copyChunks(source: BlockRepository, session: Session, chunks: DigestTable, options: CopyChunksOptions): Promise<void> {
  for (let from = 0; from < chunks.count; from += BATCH_CHUNKS) {
    await new ChunkBatch(source, session, options).copy(chunks, from, Math.min(from + BATCH_CHUNKS, chunks.count))
  }
}

interface Located {
  readonly cid: CID
  readonly location: BlockLocation
}

class ChunkBatch {
  readonly #source: BlockRepository
  readonly #session: Session
  readonly #options: CopyChunksOptions
  /** Deltas of this batch that are still to be copied, by the hex of their digests, and plain chunks that a delta may need. */
  readonly #pending = new Map<string, Located>()

  constructor(source: BlockRepository, session: Session, options: CopyChunksOptions) {
    this.#source = source
    this.#session = session
    this.#options = options
  }

  async copy(chunks: DigestTable, from: number, to: number): Promise<void> {
    const located = await this.#locate(chunks, from, to)
    for (const chunk of located) this.#pending.set(toHex(chunk.cid.multihash.digest), chunk)
    const pause = new Pause(this.#options.signal)
    for await (const { wanted, bytes, start } of spansAhead(this.#source.storage, located)) {
      for (const chunk of wanted) {
        await pause.take()
        await this.#copyOnce(chunk, storedIn({ bytes, start }, chunk.location))
        const checkpoint = this.#options.perhapsCheckpoint()
        if (checkpoint !== undefined) await checkpoint
      }
    }
  }

  /** Where the chunks are that the target lacks, in the order in which they are best read. */
  async #locate(chunks: DigestTable, from: number, to: number): Promise<Located[]> {
    const { signal, onChunk } = this.#options
    const located: Located[] = []
    await inParallel(rowsOf(chunks, from, to), signal, async (digest) => {
      if (!(await this.#session.wants(digest))) return onChunk(0)
      const cid = cidFromDigest(this.#source.hasher, RAW_CODE, digest)
      const location = await this.#source.indexes.findOne(digest)
      if (location !== undefined) located.push({ cid, location })
      // Garbage collection may have moved it since the index was read; whatever else is wrong, this says.
      else await this.#copyPlain(cid, await this.#source.get(cid))
    })
    const order = new Map<string, number>()
    for (const { location } of located) if (!order.has(toHex(location.pack.id))) order.set(toHex(location.pack.id), order.size)
    const packOf = ({ location }: Located): number => order.get(toHex(location.pack.id)) ?? 0
    return located.map((chunk) => ({ chunk, pack: packOf(chunk) })).sort((a, b) => a.pack - b.pack || a.chunk.location.offset - b.chunk.location.offset).map(({ chunk }) => chunk)
  }

  async #copyOnce(chunk: Located, stored: Uint8Array | undefined): Promise<void> {
    if (!this.#pending.delete(toHex(chunk.cid.multihash.digest))) return
    let block: PackableBlock
    try {
      block = await this.#blockOf(chunk, stored ?? (await readStored(this.#source.storage, chunk.location)))
    } catch (error) {
      if (!(error instanceof CorruptBlockError || error instanceof NotFoundError)) throw error
      // Another copy may be sound, or garbage collection has put it elsewhere.
      return this.#copyPlain(chunk.cid, await this.#source.get(chunk.cid))
    }
    await this.#session.putEncoded(RAW_CODE, chunk.cid.multihash.digest, chunk.location.size, block)
    this.#options.onChunk(chunk.location.storedSize)
  }

  async #copyPlain(cid: CID, bytes: Uint8Array): Promise<void> {
    const { digest } = cid.multihash
    await this.#session.putEncoded(RAW_CODE, digest, bytes.length, encodeBlock(this.#source.platform, this.#source.hasher, digest, bytes, this.#session.compression))
    this.#options.onChunk(bytes.length)
  }

  async #blockOf({ cid, location }: Located, stored: Uint8Array): Promise<PackableBlock> {
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
      const base = this.#pending.get(toHex(digest))
      if (base !== undefined) await this.#copyOnce(base, undefined)
      if (!(await this.#session.has(cidFromDigest(this.#source.hasher, RAW_CODE, digest)))) return false
    }
    return true
  }
}

function* rowsOf(chunks: DigestTable, from: number, to: number): Generator<Uint8Array> {
  for (let row = from; row < to; row++) yield chunks.digest(row).slice()
}

/** The part of a span that one chunk takes; undefined where the span could not be read. */
function storedIn({ bytes, start }: Pick<FetchedSpan, 'bytes' | 'start'>, location: BlockLocation): Uint8Array | undefined {
  const at = location.offset - start
  return bytes?.subarray(at, at + BLOCK_HEADER_SIZE_BYTES + location.storedSize)
}
