import { type CID, cidText, DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { NotFoundError, StorageError, VarveError } from '../../errors.ts'
import type { BlockRequest, ReadResult } from '../../repository/block-reader.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import { compareBytes } from '../../bytes.ts'
import { openPlace, type PlaceOptions } from '../place.ts'
import { type RequestTally, tallyOf } from '../request-tally.ts'
import { inParallel } from '../transfer/in-parallel.ts'
import { readAround, type ReadBlock } from './read-around.ts'

/** A remote that could not be reached is not tried again for so long: who reads a thousand files is not to wait a thousand times. */
const TRY_AGAIN_AFTER_MS = 10_000

export interface LazyRemoteOptions {
  readonly name: string
  readonly url: string
  /** Ends requests that are under way, with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** A remote that data was left at. It is opened when the first block is asked for; all that comes from there was hashed by its reader. */
export class LazyRemote {
  readonly name: string
  readonly url: string
  /** What was asked of it over a network. */
  readonly requests: RequestTally = {}
  readonly #options: PlaceOptions
  #opened: Promise<Repository> | undefined
  #failedAt = Number.NEGATIVE_INFINITY

  constructor({ name, url, signal }: LazyRemoteOptions) {
    this.name = name
    this.url = url
    this.#options = { signal, onRequest: tallyOf(this.requests) }
  }

  /** A block first, and those that came along with it. @throws NotFoundError if it is not there; StorageError if the remote cannot be reached */
  async get(cid: CID): Promise<readonly ReadBlock[]> {
    try {
      const blocks = await this.#blocks()
      const around = cid.code === DAG_CBOR_CODE ? await readAround(blocks, cid).catch(unlessStopped) : []
      return around.length > 0 ? around : [{ cid, bytes: await blocks.get(cid) }]
    } catch (error) {
      throw this.#explained(error, cid)
    }
  }

  /** The blocks in the order asked for, by few large reads: they are read in the order in which they lie there. What cannot be had is reported in its place. */
  async readBatch(requests: readonly BlockRequest[]): Promise<readonly ReadResult[]> {
    const results: (ReadResult | undefined)[] = requests.map(() => undefined)
    try {
      const blocks = await this.#blocks()
      const order = await placeOrder(blocks, requests)
      const reading = blocks.readMany(order.map((at) => requests[at] as BlockRequest))
      for (const at of order) {
        const { value } = await reading.next()
        results[at] = value === undefined || 'bytes' in value ? value : { cid: value.cid, error: this.#explained(value.error, value.cid) }
      }
    } catch (error) {
      if (!(error instanceof VarveError)) throw error
      return requests.map(({ cid }) => ({ cid, error: this.#explained(error, cid) }))
    }
    return results as ReadResult[]
  }

  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await (await opened?.catch(() => undefined))?.close()
  }

  async #blocks(): Promise<BlockRepository> {
    if (this.#opened === undefined || performance.now() - this.#failedAt > TRY_AGAIN_AFTER_MS) {
      this.#failedAt = Number.POSITIVE_INFINITY
      this.#opened = openPlace({ url: this.url }, this.#options)
      this.#opened.catch(() => (this.#failedAt = performance.now()))
    }
    return (await this.#opened).blocks
  }

  /** The same error, from the side of whoever asked: the block is at this remote, and what went wrong there keeps it from being read. */
  #explained(error: unknown, cid: CID): VarveError {
    if (!(error instanceof VarveError)) throw error
    const data = { cid: cidText(cid), remote: this.name, url: this.url }
    const isOpen = this.#failedAt === Number.POSITIVE_INFINITY
    if (isOpen && error instanceof NotFoundError) {
      return new NotFoundError(`Block ${cidText(cid)} was left at the remote "${this.name}", ${this.url}, and is not there any more`, { cause: error, data, hint: 'Another copy of the repository may still have it; a new snapshot of the same files brings it back.' })
    }
    if (isOpen && !(error instanceof StorageError)) return error
    return new StorageError(`Block ${cidText(cid)} was left at the remote "${this.name}", ${this.url}, which cannot be read: ${error.message}`, {
      cause: error, data: { ...error.data, ...data }, hint: `Run the same command again when the remote can be reached. What is to be read without it is fetched ahead: varve pull <ref>, or varve cache prefetch <rev>:<folder>.`,
    })
  }
}

/** Of what fails, reading the block by itself says what is wrong. */
function unlessStopped(error: unknown): readonly ReadBlock[] {
  if (error instanceof VarveError) return []
  throw error
}

/** Positions of requests by the place of their blocks, so that neighbours are read together. What is not there by the state that is known may have come since. */
async function placeOrder(blocks: BlockRepository, requests: readonly BlockRequest[]): Promise<number[]> {
  const places: (BlockLocation | undefined)[] = []
  const locate = (positions: Iterable<number>): Promise<void> => inParallel(positions, undefined, async (at) => {
    places[at] = await blocks.indexes.findOne((requests[at] as BlockRequest).cid.multihash.digest)
  })
  await locate(requests.keys())
  const unknown = [...requests.keys()].filter((at) => places[at] === undefined)
  if (unknown.length > 0) {
    await blocks.refresh()
    await locate(unknown)
  }
  return [...requests.keys()].sort((a, b) => comparePlaces(places[a], places[b]))
}

function comparePlaces(a: BlockLocation | undefined, b: BlockLocation | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return a.pack === b.pack ? a.offset - b.offset : compareBytes(a.pack.id, b.pack.id)
}
