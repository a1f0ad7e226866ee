import { type CID, cidText } from '../../cid/cid.ts'
import { NotFoundError, StorageError } from '../../errors.ts'
import type { BlockCache } from '../../node/block-cache/block-cache.ts'
import { type BlockRequest, type ReadResult, wrongSize } from '../../repository/block-reader.ts'
import type { BlocksElsewhere } from '../../repository/elsewhere.ts'
import { type RequestTally, sumOf } from '../request-tally.ts'
import type { HandedOut } from './handed-out.ts'
import type { LazyRemote } from './lazy-remote.ts'
import type { RemovedRemote } from './removed-remote.ts'

/** Blocks that were left at remotes: from the cache on this machine, or from the first remote that has them. */
export class LazyBlocks implements BlocksElsewhere {
  readonly remotes: readonly (LazyRemote | RemovedRemote)[]
  readonly cache: BlockCache
  /** Blocks that came from remotes, and their bytes. */
  readonly fetched = { blocks: 0, bytes: 0 }
  readonly #noting = new Set<HandedOut>()
  /** What is on its way, so that it is asked for once. */
  readonly #underWay = new Map<string, Promise<Uint8Array>>()

  /** @param remotes at least one */
  constructor(remotes: readonly (LazyRemote | RemovedRemote)[], cache: BlockCache) {
    this.remotes = remotes
    this.cache = cache
  }

  /** What was asked of the remotes over a network. */
  get requests(): RequestTally {
    return sumOf(this.remotes.map(({ requests }) => requests))
  }

  /** Notes in a list what is handed out while something is done. */
  async noting<T>(list: HandedOut, work: () => Promise<T>): Promise<T> {
    this.#noting.add(list)
    try {
      return await work()
    } finally {
      this.#noting.delete(list)
    }
  }

  async get(cid: CID): Promise<Uint8Array> {
    const bytes = await this.#get(cid)
    this.#note(cid, bytes)
    return bytes
  }

  #note(cid: CID, bytes: Uint8Array): void {
    for (const list of this.#noting) list.note(cid, bytes.length)
  }

  async #get(cid: CID): Promise<Uint8Array> {
    const cached = await this.cache.get(cid)
    if (cached !== undefined) return cached
    const name = cidText(cid)
    const coming = this.#underWay.get(name) ?? this.#fetch(cid).finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, coming)
    return coming
  }

  async readBatch(requests: readonly BlockRequest[]): Promise<readonly ReadResult[]> {
    const results = await this.#readBatch(requests)
    for (const result of results) if ('bytes' in result) this.#note(result.cid, result.bytes)
    return results
  }

  async #readBatch(requests: readonly BlockRequest[]): Promise<readonly ReadResult[]> {
    const results = await Promise.all(requests.map((request) => this.#cached(request)))
    let missing = [...results.entries()].filter(([, result]) => result === undefined).map(([at]) => at)
    const unread = new Map<number, ReadResult>()
    for (const remote of this.remotes) {
      if (missing.length === 0) break
      const found = await remote.readBatch(missing.map((at) => requests[at] as BlockRequest))
      for (const [index, at] of missing.entries()) results[at] ??= found[index]
      for (const at of missing) await this.#keep(results[at])
      missing = missing.filter((at) => mayBeElsewhere(results[at]))
      for (const at of missing) {
        const result = results[at]
        if (result !== undefined && !isAbsent(result) && !unread.has(at)) unread.set(at, result)
        // The next remote may have what this one lacks, or cannot be asked for; if none has, the last says so.
        if (remote !== this.remotes.at(-1)) results[at] = undefined
      }
    }
    // What could not be asked is more to the point than that the others do not have it.
    for (const at of missing) results[at] = unread.get(at) ?? results[at]
    return results as ReadResult[]
  }

  async close(): Promise<void> {
    await this.cache.close()
    for (const remote of this.remotes) await remote.close()
  }

  async #cached({ cid, size }: BlockRequest): Promise<ReadResult | undefined> {
    const bytes = await this.cache.get(cid)
    if (bytes === undefined) return undefined
    return size === undefined || size === bytes.length ? { cid, bytes } : { cid, error: wrongSize(cid, bytes.length, size) }
  }

  async #fetch(cid: CID): Promise<Uint8Array> {
    let failure: unknown
    for (const remote of this.remotes) {
      try {
        const found = await remote.get(cid)
        for (const block of found) await this.#keep(block)
        const [first] = found
        if (first !== undefined) return first.bytes
      } catch (error) {
        if (!(error instanceof NotFoundError || error instanceof StorageError)) throw error
        if (failure === undefined || (failure instanceof NotFoundError && error instanceof StorageError)) failure = error
      }
    }
    throw failure
  }

  async #keep(result: ReadResult | undefined): Promise<void> {
    if (result === undefined || 'error' in result) return
    this.fetched.blocks++
    this.fetched.bytes += result.bytes.length
    await this.cache.put(result.cid, result.bytes)
  }
}

/** Whether it is worth asking the next remote. */
function mayBeElsewhere(result: ReadResult | undefined): boolean {
  return result !== undefined && 'error' in result && (result.error instanceof NotFoundError || result.error instanceof StorageError)
}

function isAbsent(result: ReadResult | undefined): boolean {
  return result !== undefined && 'error' in result && result.error instanceof NotFoundError
}
