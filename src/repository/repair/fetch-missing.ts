import { equalBytes, toHex } from '../../bytes.ts'
import { type CID, DAG_CBOR_CODE, RAW_CODE } from '../../cid/cid.ts'
import { decodeCbor } from '../../codec/dag-cbor.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { NotFoundError, StorageError, VarveError } from '../../errors.ts'
import type { BlockRequest, ReadResult } from '../block-reader.ts'
import type { DigestTable } from '../digest-table.ts'
import { evictedDigests } from '../evicted.ts'
import type { IndexSet } from '../index-set.ts'
import { MAX_BLOCK_SIZE_BYTES } from '../pack-format.ts'
import { addReachable, type BlockGraph } from '../reachable.ts'
import { ReachedBlocks } from '../reached-blocks.ts'
import type { RootRecord } from '../root-record.ts'
import type { SessionHost } from '../session-host.ts'
import type { RepairOptions, UnsoundBlock } from './interface.ts'
import type { NewBlocks } from './new-blocks.ts'

/** What came from elsewhere: where it goes, and how much it was, in plain bytes. */
export interface Fetched {
  readonly store: NewBlocks
  /** Content that was found and not kept. */
  readonly probed: DigestTable
  blocks: number
  bytes: number
}

/** Blocks of a repository under repair: those that are there, and those that another place has, which are stored here when they are asked for. */
export class MendingSource implements BlockSource {
  readonly #host: SessionHost
  readonly #indexes: IndexSet
  readonly #sound: BlockSource
  readonly #fetched: Fetched
  readonly #options: RepairOptions

  /** @param sound reads what the index names */
  constructor(host: SessionHost, indexes: IndexSet, sound: BlockSource, fetched: Fetched, options: RepairOptions) {
    this.#host = host
    this.#indexes = indexes
    this.#sound = sound
    this.#fetched = fetched
    this.#options = options
  }

  /** @throws NotFoundError or CorruptBlockError if it is nowhere to be had */
  async get(cid: CID): Promise<Uint8Array> {
    try {
      return await this.#fetched.store.source(this.#sound).get(cid)
    } catch (error) {
      if (!(error instanceof VarveError) || error instanceof StorageError) throw error
      const bytes = await this.#fetch(cid)
      if (bytes === undefined) throw error
      return bytes
    }
  }

  /** True if the block is here by now. */
  async has(cid: CID): Promise<boolean> {
    const { digest } = cid.multihash
    if (this.#fetched.store.has(digest) || this.#fetched.probed.rowOf(digest) >= 0) return true
    return (await this.#indexes.find(digest)).length > 0 || (await this.#fetch(cid)) !== undefined
  }

  /** What `from` has, if it is what its name says. A place that fails is an error; one that lacks the block, or has it damaged, is not. */
  async #fetch(cid: CID): Promise<Uint8Array | undefined> {
    const { from, probeOnly = false, onProgress } = this.#options
    if (from === undefined) return undefined
    let bytes: Uint8Array
    try {
      bytes = await from.get(cid)
    } catch (error) {
      if (error instanceof VarveError && !(error instanceof StorageError)) return undefined
      throw error
    }
    const isRight = bytes.length <= MAX_BLOCK_SIZE_BYTES && equalBytes(this.#host.hasher.digest(bytes), cid.multihash.digest)
    if (!isRight) return undefined
    if (probeOnly && cid.code === RAW_CODE) this.#fetched.probed.add(cid.multihash.digest)
    else await this.#fetched.store.put(cid.code === RAW_CODE ? RAW_CODE : DAG_CBOR_CODE, bytes)
    this.#fetched.blocks++
    this.#fetched.bytes += bytes.length
    onProgress?.({ type: 'transfer', blocks: this.#fetched.blocks, bytes: this.#fetched.bytes })
    return bytes
  }
}

/** What a state of the repository needs and does not have. */
export interface MissingBlocks {
  readonly lost: ReadonlyMap<string, UnsoundBlock>
  /** True if the log of operations has holes. */
  readonly hasLostOperations: boolean
}

/**
 * Follows every link from refs and the log of operations, as garbage collection does, and asks for every block on the way. Memory: some 40 bytes a block that is reached.
 * @param record with refs and evicted snapshots that can be read
 * @param extra more blocks to begin from
 */
export async function findMissing(source: MendingSource, record: RootRecord, extra: readonly CID[], reasons: ReadonlyMap<string, UnsoundBlock>, signal?: AbortSignal): Promise<MissingBlocks> {
  const lost = new Map<string, UnsoundBlock>()
  const { refs, evicted, operations } = record
  const ended = await evictedDigests(source, evicted)
  const onMissing = (cid: CID, error: VarveError | undefined): void => {
    const digest = toHex(cid.multihash.digest)
    const known = reasons.get(digest)?.reason
    lost.set(digest, { cid, reason: known ?? (error === undefined || error instanceof NotFoundError ? 'it is not in the repository' : error.message) })
  }
  const graph: BlockGraph = { has: (cid) => source.has(cid), readMany: (requests) => readEach(source, requests) }
  const reached = new ReachedBlocks()
  const follows = (cid: CID): boolean => !ended.has(toHex(cid.multihash.digest))
  await addReachable(graph, [refs, evicted, ...extra].filter((cid) => cid !== null), reached, { follows, onMissing, signal })
  const isListNode = (_cid: CID, value: unknown): boolean => (value as { type?: unknown } | null)?.type !== 'operation'
  let hasLostOperations = false
  const onHole = (): void => void (hasLostOperations = true)
  await addReachable(graph, [operations.tree, ...operations.tail].filter((cid) => cid !== null), reached, { follows: isListNode, onMissing: onHole, signal })
  return { lost, hasLostOperations }
}

async function* readEach(source: BlockSource, requests: Iterable<BlockRequest>): AsyncGenerator<ReadResult> {
  for (const { cid } of requests) {
    try {
      const bytes = await source.get(cid)
      // A block that is what its name says and still no dag-cbor leads nowhere.
      decodeCbor(bytes)
      yield { cid, bytes }
    } catch (error) {
      if (!(error instanceof VarveError) || error instanceof StorageError) throw error
      yield { cid, error }
    }
  }
}
