import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import type { Attempt } from '../../node/system-errors.ts'
import type { ByteRange, ObjectBody, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from '../../storage/interface.ts'
import { assertKey, assertPrefix } from '../../storage/key.ts'
import { assertRange } from '../../storage/range.ts'
import { assertFrom, assertNetworkOptions } from '../requests/assert-network-options.ts'
import { Limiter } from '../requests/limiter.ts'
import { asStorageError } from '../requests/request-failure.ts'
import { bodyPieces } from './body-pieces.ts'
import { S3Connection } from './connection.ts'
import { deleteObject } from './delete-object.ts'
import { headObject } from './head-object.ts'
import type { S3Location, S3Settings } from './interface.ts'
import { listObjects } from './list-objects.ts'
import { checkS3Location, formatS3Location, parseS3Url } from './location.ts'
import { MAX_PARTS_SENT, PART_SIZE_BYTES, putInParts } from './put-in-parts.ts'
import { putWhole } from './put-whole.ts'
import { readObject } from './read-object.ts'
import { Write } from './write.ts'

/**
 * Objects in a bucket of Amazon S3 or a server that speaks its protocol, below a prefix. The bucket must exist. Nothing is sent before the first call.
 *
 * A small object is stored by one request, one of more than 8 MiB in parts; either is created only if the store finds no object of that key, and carries a random id by which a
 * repeated request recognises its own work. Memory: 64 MiB for parts under way, and up to 8 MiB more for each object that is being put. What fails for a reason that may pass is tried
 * again, with random waits, up to 8 times in 2 minutes.
 *
 * In a bucket with versions a deleted object takes its room until a rule of the bucket removes old versions. A put that is killed leaves an incomplete upload, which is no object; a rule of the bucket
 * for incomplete uploads removes it.
 */
export class S3Storage implements Storage {
  readonly location: string
  /** Where this is, as parts of an address. */
  readonly place: S3Location
  readonly #settings: S3Settings
  readonly #connection: S3Connection
  readonly #places = new Limiter(MAX_PARTS_SENT)
  #closed: boolean = false
  #keepsVersions: boolean = false

  /** @throws InvalidArgumentError if the location cannot be right or holds credentials, or a setting makes no sense */
  constructor(place: S3Location, settings: S3Settings = {}) {
    this.place = checkS3Location(place)
    assertNetworkOptions(settings)
    assertFrom('wholeUpToBytes', settings.wholeUpToBytes, 0)
    this.#settings = settings
    this.location = formatS3Location(place)
    this.#connection = new S3Connection(place, settings)
  }

  async put(key: string, body: ObjectBody, options: StorageCallOptions = {}): Promise<void> {
    this.#assertReady(key, options)
    await this.#explained({ operation: 'put', key, location: this.location }, () => this.#put(key, body, options.signal))
  }

  async get(key: string, options: StorageCallOptions & { readonly range?: ByteRange; readonly into?: Uint8Array } = {}): Promise<Uint8Array> {
    this.#assertReady(key, options)
    if (options.range !== undefined) assertRange(options.range)
    const bytes = await this.#explained({ operation: 'get', key, location: this.location }, () => readObject(this.#connection, key, options))
    if (bytes === undefined) throw new NotFoundError(`No object "${key}" in ${this.location}`, { data: { key } })
    return bytes
  }

  async stat(key: string, options: StorageCallOptions = {}): Promise<ObjectStat | undefined> {
    this.#assertReady(key, options)
    const found = await this.#explained({ operation: 'stat', key, location: this.location }, () => headObject(this.#connection, key, options.signal))
    return found === undefined ? undefined : { size: found.size }
  }

  /** @throws StorageError also for a listing that cannot be true, with what was listed by then being only a part */
  async *list(prefix: string, options: StorageCallOptions = {}): AsyncGenerator<ObjectEntry, void, undefined> {
    assertPrefix(prefix)
    this.#assertOpen()
    options.signal?.throwIfAborted()
    try {
      yield* listObjects(this.#connection, prefix, options.signal)
    } catch (error) {
      throw asStorageError(error, { operation: 'list', key: prefix, location: this.location })
    }
  }

  /** @throws StorageError whose `data.reason` is `EDELETEREFUSED` if the store keeps it, by a lock, a rule or missing rights */
  async delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    this.#assertReady(key, options)
    await this.#explained({ operation: 'delete', key, location: this.location }, async () => {
      if (await deleteObject(this.#connection, key, options.signal)) this.#keepsVersions = true
    })
  }

  get keepsVersions(): boolean {
    return this.#keepsVersions
  }

  /** Closes connections, those under way included. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#connection.close()
  }

  /** The same place with other settings. The two share nothing, and are closed one by one. */
  with(settings: S3Settings): S3Storage {
    return new S3Storage(this.place, { ...this.#settings, ...settings })
  }

  async #put(key: string, body: ObjectBody, signal: AbortSignal | undefined): Promise<void> {
    const { conditionalWrites = true, wholeUpToBytes = PART_SIZE_BYTES } = this.#settings
    const write = new Write(this.#connection, key, this.location, conditionalWrites, signal)
    const pieces = bodyPieces(body, PART_SIZE_BYTES, signal)
    try {
      const first = (await pieces.next()).value ?? new Uint8Array(0)
      const second = first.length < PART_SIZE_BYTES ? undefined : (await pieces.next()).value
      if (second === undefined && first.length <= wholeUpToBytes) {
        if (!conditionalWrites) await write.assertFree()
        await putWhole(this.#connection, write, first)
      } else await putInParts(this.#connection, write, chained([first, ...(second === undefined ? [] : [second])], pieces), this.#places)
    } finally {
      await pieces.return()
    }
  }

  async #explained<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw asStorageError(error, attempt)
    }
  }

  #assertReady(key: string, { signal }: StorageCallOptions): void {
    assertKey(key)
    this.#assertOpen()
    signal?.throwIfAborted()
  }

  #assertOpen(): void {
    if (this.#closed) throw new InvalidArgumentError(`The storage ${this.location} was closed`, { hint: 'Open it anew; nothing may be called after close().' })
  }
}

/**
 * A bucket as storage: by its URL, `s3://bucket/prefix?endpoint=…&region=…&pathStyle=…`, or by the parts of one.
 * @throws InvalidArgumentError if the location cannot be right or holds credentials
 *
 * @example
 * const storage = s3Storage('s3://datasets/team?region=eu-central-1')
 */
export function s3Storage(location: string | S3Location, settings: S3Settings = {}): S3Storage {
  return new S3Storage(typeof location === 'string' ? parseS3Url(location) : location, settings)
}

async function* chained(first: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* first
  yield* rest
}
