import { type CID, cidText, DAG_CBOR_CODE } from '../../cid/cid.ts'
import type { Repository } from '../../dataset/repository.ts'
import { NotFoundError, StorageError, VarveError } from '../../errors.ts'
import type { BlockRequest, ReadResult } from '../../repository/block-reader.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { BlockLocation } from '../../repository/index-set.ts'
import { openPlace, type PlaceOptions } from '../place.ts'
import { type RequestTally, tallyOf } from '../request-tally.ts'
import { BlockPlaces } from './block-places.ts'
import { readAround, type ReadBlock } from './read-around.ts'
import { readLocated } from './read-located.ts'

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
  #places: BlockPlaces | undefined
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

  /** The blocks in the order asked for. What cannot be had is reported in its place. */
  async readBatch(requests: readonly BlockRequest[]): Promise<readonly ReadResult[]> {
    try {
      const blocks = await this.#blocks()
      const found = await readLocated(blocks, requests, await this.#locate(blocks, requests.map(({ cid }) => cid)))
      return found.map((result) => ('bytes' in result ? result : { cid: result.cid, error: this.#explained(result.error, result.cid) }))
    } catch (error) {
      if (!(error instanceof VarveError)) throw error
      return requests.map(({ cid }) => ({ cid, error: this.#explained(error, cid) }))
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await (await opened?.catch(() => undefined))?.close()
  }

  async #blocks(): Promise<BlockRepository> {
    if (this.#opened === undefined || performance.now() - this.#failedAt > TRY_AGAIN_AFTER_MS) {
      this.#failedAt = Number.POSITIVE_INFINITY
      this.#places = undefined
      this.#opened = openPlace({ url: this.url }, this.#options)
      this.#opened.catch(() => (this.#failedAt = performance.now()))
    }
    return (await this.#opened).blocks
  }

  /** What is not there by the state that is known may have come since. */
  async #locate(blocks: BlockRepository, cids: readonly CID[]): Promise<readonly (BlockLocation | undefined)[]> {
    this.#places ??= new BlockPlaces(blocks)
    const places = await this.#places.locate(cids)
    if (places.every((place) => place !== undefined)) return places
    await blocks.refresh()
    return this.#places.locate(cids)
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
