import type { CID } from '../cid/cid.ts'
import type { AnyIterable } from '../types.ts'
import type { BlockRequest, ReadResult } from './block-reader.ts'

/** A place that has blocks which a repository leads to and does not hold. Whoever implements it has hashed what it hands out. */
export interface BlocksElsewhere {
  /** @throws NotFoundError if it is not there either; StorageError if the place cannot be reached */
  get(cid: CID): Promise<Uint8Array>
  /** The blocks in the order asked for; what cannot be had is reported in its place. Some 8 MiB are asked for at a time. */
  readBatch(requests: readonly BlockRequest[]): Promise<readonly ReadResult[]>
  /** Ends what is open, if anything is. */
  close(): Promise<void>
}

/** What a repository holds itself, for those who are to know what is missing here. */
export interface BlocksHere {
  get(cid: CID): Promise<Uint8Array>
  has(cid: CID): boolean | Promise<boolean>
  readMany(requests: AnyIterable<BlockRequest>): AsyncGenerator<ReadResult>
}

/** The place where missing blocks are read, looked for when the first is missing, and again when the repository has changed since none was found. */
export class Elsewhere {
  readonly #find: () => Promise<BlocksElsewhere | undefined>
  readonly #state: () => number
  #found: Promise<BlocksElsewhere | undefined> | undefined
  #foundIn = -1
  readonly #former: Promise<BlocksElsewhere | undefined>[] = []

  /** @param state number of the root record that reads are answered from */
  constructor(find: () => Promise<BlocksElsewhere | undefined>, state: () => number) {
    this.#find = find
    this.#state = state
  }

  async get(): Promise<BlocksElsewhere | undefined> {
    const state = this.#state()
    const known = this.#found
    if (known !== undefined && ((await known) !== undefined || this.#foundIn >= state)) return known
    // Another may have begun to look meanwhile.
    if (this.#found !== known) return this.#found
    this.#foundIn = state
    const found = this.#find()
    this.#found = found
    found.catch(() => (this.#found = undefined))
    return found
  }

  /** To be called when another place has been added. The one that was found stays open until all is closed: others may be reading there. */
  lookAnew(): void {
    if (this.#found !== undefined) this.#former.push(this.#found)
    this.#found = undefined
  }

  async close(): Promise<void> {
    for (const found of [...this.#former, this.#found]) await (await found?.catch(() => undefined))?.close()
  }
}

/** The same place, which stays open. */
export function lent(place: BlocksElsewhere | undefined): BlocksElsewhere | undefined {
  return place === undefined ? undefined : { get: (cid) => place.get(cid), readBatch: (requests) => place.readBatch(requests), close: async () => undefined }
}

/** Blocks of a batch, at most. */
const MOST_BLOCKS = 4096
/** Their bytes, as far as those who ask know sizes. */
const MOST_BYTES: number = 8 * 1024 * 1024
/** What a block is taken for whose size nobody has said: a tree node. */
const LIKELY_SIZE_BYTES = 32 * 1024

/** Gathers blocks that are missing here, one after the other, into batches of bounded size. */
export class MissingBatch {
  #requests: BlockRequest[] = []
  #bytes = 0

  /** Takes one more; returns the batch that is full with it. */
  add(request: BlockRequest): readonly BlockRequest[] | undefined {
    this.#requests.push(request)
    this.#bytes += request.size ?? LIKELY_SIZE_BYTES
    return this.#bytes >= MOST_BYTES || this.#requests.length >= MOST_BLOCKS ? this.finish() : undefined
  }

  /** The batch under way, if any. */
  finish(): readonly BlockRequest[] | undefined {
    if (this.#requests.length === 0) return undefined
    const requests = this.#requests
    this.#requests = []
    this.#bytes = 0
    return requests
  }
}
