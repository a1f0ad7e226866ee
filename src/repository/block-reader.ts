import { equalBytes } from '../bytes.ts'
import { type CID, cidText } from '../cid/cid.ts'
import type { Hasher, Platform } from '../cid/interface.ts'
import { DELTA_CODEC } from '../codec/block-compression.ts'
import type { BlockSource } from '../codec/interface.ts'
import { CorruptBlockError, MalformedDataError, NotFoundError, VarveError } from '../errors.ts'
import type { Storage } from '../storage/interface.ts'
import type { AnyIterable, MaybePromise } from '../types.ts'
import { DeltaReader } from './delta-reader.ts'
import { type Elsewhere, MissingBatch } from './elsewhere.ts'
import type { BlockLocation, IndexSet } from './index-set.ts'
import { packKey } from './pack-format.ts'
import { Pause } from './pause.ts'
import { SpanPlanner, type Span } from './read-ahead.ts'
import type { OpenedSpan, StartSpanOpener } from './span-opener.ts'
import { corruptBlock, openStoredBlock, readStored, storedLength } from './read-block.ts'

/** A block to read, and the size that whoever links to it says it has. */
export interface BlockRequest {
  readonly cid: CID
  readonly size?: number
}

/** A block that was asked for: its bytes, or why they cannot be had. */
export type ReadResult = { readonly cid: CID; readonly bytes: Uint8Array } | { readonly cid: CID; readonly error: VarveError }

/** How many blocks are read. */
export interface ReadManyOptions {
  /** Bytes that are to be read, if that is known: of many, threads read and hash. What is handed out is then only valid until the next is asked for. */
  readonly transientBytes?: number
  /** Nothing is read elsewhere: what is not in this storage is missing. */
  readonly onlyHere?: boolean
}

type Fetched = { readonly span: Span; readonly bytes: Promise<Uint8Array | undefined> } | { readonly span: Span; readonly opened: Promise<OpenedSpan> } | { readonly batch: Promise<readonly ReadResult[]> } | Failure
type Step = Span | { readonly missing: readonly BlockRequest[] } | Failure
type Failure = { readonly cid: CID; readonly error: VarveError }

/** Spans that are fetched while an earlier one is being used. */
const SPANS_AHEAD = 2

/** Reads blocks out of packs. Every block is hashed before it is handed out; a damaged copy is made up for by a sound one if there is one. */
export class BlockReader implements BlockSource {
  readonly #storage: Storage
  readonly #platform: Platform
  readonly #hasher: Hasher
  readonly #indexes: () => IndexSet
  readonly deltas: DeltaReader
  readonly #startOpener: StartSpanOpener | undefined
  /** Goes to the newest state. */
  readonly #renew: () => Promise<void>
  /** Where blocks are that no index here knows. */
  readonly #elsewhere: Elsewhere | undefined

  constructor(
    storage: Storage, platform: Platform, hasher: Hasher, indexes: () => IndexSet, renew: () => Promise<void>,
    { startOpener, elsewhere }: { readonly startOpener?: StartSpanOpener | undefined; readonly elsewhere?: Elsewhere | undefined } = {},
  ) {
    this.#startOpener = startOpener
    this.#elsewhere = elsewhere
    this.#storage = storage
    this.#platform = platform
    this.#hasher = hasher
    this.#indexes = indexes
    this.#renew = renew
    this.deltas = new DeltaReader(storage, platform, hasher, async (digest) => this.#indexes().find(digest))
  }

  /** The plain bytes of a block as it was read from `location`. @throws CorruptBlockError */
  open(cid: CID, location: BlockLocation, stored: Uint8Array): MaybePromise<Uint8Array> {
    return location.codec === DELTA_CODEC ? this.deltas.open(cid, location, stored) : openStoredBlock(this.#platform, this.#hasher, cid, location, stored)
  }

  /** @throws NotFoundError if no index knows the block, and no other place has it; @throws CorruptBlockError if no sound copy is left */
  async get(cid: CID): Promise<Uint8Array> {
    try {
      return await this.getHere(cid)
    } catch (error) {
      if (this.#elsewhere === undefined || !(error instanceof NotFoundError) || (await this.#find(cid)) !== undefined) throw error
      const place = await this.#elsewhere.get()
      if (place === undefined) throw error
      return place.get(cid)
    }
  }

  /** The same from this storage alone. */
  async getHere(cid: CID): Promise<Uint8Array> {
    return this.#inNewest(() => this.#get(cid))
  }

  /** Garbage collection moves blocks to other packs: what is missing where it was may be elsewhere by now. */
  async #inNewest<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      const looked = this.#indexes()
      try {
        return await read()
      } catch (error) {
        if (!(error instanceof VarveError)) throw error
        await this.#renew()
        // Another read may have gone on to the newer state while this one was under way.
        if (this.#indexes() === looked) throw error
      }
    }
  }

  async #get(cid: CID): Promise<Uint8Array> {
    const indexes = this.#indexes()
    const [first] = await indexes.findSome(cid.multihash.digest)
    if (first === undefined) throw notFound(cid)
    try {
      return await this.#readAt(cid, first)
    } catch (damage) {
      if (!(damage instanceof CorruptBlockError)) throw damage
      return this.#readCopy(cid, (await indexes.find(cid.multihash.digest)).filter((other) => !isSamePlace(other, first)), damage)
    }
  }

  async #readCopy(cid: CID, locations: readonly BlockLocation[], damage: CorruptBlockError): Promise<Uint8Array> {
    for (const location of locations) {
      try {
        return await this.#readAt(cid, location)
      } catch (error) {
        if (!(error instanceof CorruptBlockError)) throw error
      }
    }
    throw damage
  }

  /**
   * Many blocks, in the order asked for, by few large reads where they lie together. Memory is bounded by some 12 MiB, or, where threads read, 9 MiB for each of two spans a thread.
   * A block that cannot be read is reported in its place and does not stop the others.
   */
  async *readMany(requests: AnyIterable<BlockRequest>, { transientBytes, onlyHere = false }: ReadManyOptions = {}): AsyncGenerator<ReadResult> {
    const queue: Fetched[] = []
    const opener = transientBytes === undefined ? undefined : await this.#startOpener?.(transientBytes)
    const ahead = opener?.ahead ?? SPANS_AHEAD
    const pause = new Pause()
    try {
      for await (const step of this.#plan(requests, onlyHere ? undefined : this.#elsewhere)) {
        await pause.take()
        queue.push('error' in step ? step : 'missing' in step ? { batch: begun(this.#fromElsewhere(step.missing)) } : opener === undefined ? { span: step, bytes: this.#fetch(step) } : { span: step, opened: begun(opener.open(step)) })
        const ready = queue.length > ahead ? queue.shift() : undefined
        if (ready !== undefined) yield* this.#open(ready)
      }
      for (let ready = queue.shift(); ready !== undefined; ready = queue.shift()) yield* this.#open(ready)
    } finally {
      // Whoever stops early must not leave a read behind that fails with nobody listening.
      for (const fetched of queue) {
        if ('bytes' in fetched) await fetched.bytes
        else if ('batch' in fetched) await fetched.batch.catch(() => undefined)
      }
      await opener?.close()
    }
  }

  async *#plan(requests: AnyIterable<BlockRequest>, elsewhere: Elsewhere | undefined): AsyncGenerator<Step> {
    const planner = new SpanPlanner()
    const missing = new MissingBatch()
    for await (const { cid, size } of requests) {
      const location = await this.#find(cid)
      const sound = location !== undefined && (size === undefined || size === location.size)
      const closed = sound ? planner.add(cid, location) : planner.finish()
      if (closed !== undefined) yield closed
      const isElsewhere = location === undefined && elsewhere !== undefined
      const batch = isElsewhere ? missing.add({ cid, ...(size === undefined ? {} : { size }) }) : missing.finish()
      if (batch !== undefined) yield { missing: batch }
      if (!sound && !isElsewhere) yield { cid, error: location === undefined ? notFound(cid) : wrongSize(cid, location.size, size) }
    }
    const last = planner.finish()
    if (last !== undefined) yield last
    const batch = missing.finish()
    if (batch !== undefined) yield { missing: batch }
  }

  async #fromElsewhere(missing: readonly BlockRequest[]): Promise<readonly ReadResult[]> {
    const place = await this.#elsewhere?.get()
    return place?.readBatch(missing) ?? missing.map(({ cid }) => ({ cid, error: notFound(cid) }))
  }

  async #find(cid: CID): Promise<BlockLocation | undefined> {
    return this.#inNewest(async () => this.#indexes().findOne(cid.multihash.digest))
  }

  /** Undefined where the read fails: each block is then read by itself, which finds other copies and names the error. */
  async #fetch(span: Span): Promise<Uint8Array | undefined> {
    try {
      return await this.#storage.get(packKey(span.pack.id), { range: { start: span.start, end: span.end } })
    } catch {
      return undefined
    }
  }

  async *#open(fetched: Fetched): AsyncGenerator<ReadResult> {
    if ('error' in fetched) {
      yield fetched
      return
    }
    if ('batch' in fetched) {
      yield* await fetched.batch
      return
    }
    const { span } = fetched
    if ('opened' in fetched) {
      yield* this.#fromOpened(span, await fetched.opened)
      return
    }
    const bytes = await fetched.bytes
    for (const { cid, location } of span.wanted) {
      const at = location.offset - span.start
      const stored = bytes?.subarray(at, at + storedLength(location))
      const plain = location.codec === DELTA_CODEC ? undefined : this.#openWithin(cid, location, stored)
      yield plain ?? (await this.#openAlone(cid, location, stored))
    }
  }

  async *#fromOpened(span: Span, opened: OpenedSpan): AsyncGenerator<ReadResult> {
    try {
      for (const [index, { cid, location }] of span.wanted.entries()) {
        const bytes = opened.blocks[index]
        yield bytes === undefined ? await this.#openAlone(cid, location, undefined) : { cid, bytes }
      }
    } finally {
      opened.done()
    }
  }

  #openWithin(cid: CID, location: BlockLocation, stored: Uint8Array | undefined): ReadResult | undefined {
    if (stored === undefined) return undefined
    try {
      return { cid, bytes: openStoredBlock(this.#platform, this.#hasher, cid, location, stored) }
    } catch (error) {
      if (error instanceof CorruptBlockError) return undefined
      throw error
    }
  }

  async #openAlone(cid: CID, location: BlockLocation, stored: Uint8Array | undefined): Promise<ReadResult> {
    try {
      if (location.codec === DELTA_CODEC && stored !== undefined) return { cid, bytes: await this.open(cid, location, stored) }
    } catch (error) {
      // What it is made from may have moved.
      if (!(error instanceof VarveError)) throw error
    }
    try {
      return { cid, bytes: await this.get(cid) }
    } catch (error) {
      if (error instanceof VarveError) return { cid, error }
      throw error
    }
  }

  async #readAt(cid: CID, location: BlockLocation): Promise<Uint8Array> {
    let stored: Uint8Array
    try {
      stored = await readStored(this.#storage, location)
    } catch (error) {
      if (error instanceof NotFoundError) throw corruptBlock(cid, location, 'the pack is missing', error)
      throw error
    }
    return this.open(cid, location, stored)
  }
}

function isSamePlace(a: BlockLocation, b: BlockLocation): boolean {
  return a.offset === b.offset && equalBytes(a.pack.id, b.pack.id)
}

/** A promise that may fail before anybody waits for it. */
function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return work
}

function notFound(cid: CID): NotFoundError {
  return new NotFoundError(`Block ${cidText(cid)} is not in this repository`, { data: { cid: cidText(cid) }, hint: 'Run `varve verify` to see which snapshots need it.' })
}

/** What the link to a block says of it is not so. */
export function wrongSize(cid: CID, actual: number, declared: number | undefined): MalformedDataError {
  return new MalformedDataError(`Block ${cidText(cid)} has ${actual} bytes and not ${declared}, as the link to it says`, { data: { cid: cidText(cid), actual, declared } })
}
