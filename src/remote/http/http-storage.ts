import { randomBytes } from 'node:crypto'
import { Agent as PlainAgent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { InvalidArgumentError, NotFoundError, VarveError } from '../../errors.ts'
import { failed, type Attempt } from '../../node/system-errors.ts'
import type { ByteRange, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from '../../storage/interface.ts'
import { assertKey, assertPrefix } from '../../storage/key.ts'
import { NO_LISTING } from '../../storage/no-listing.ts'
import { assertRange } from '../../storage/range.ts'
import { assertNetworkOptions } from '../requests/assert-network-options.ts'
import { assertAsked, rangeHeader } from '../requests/content-range.ts'
import { Deadline } from '../requests/deadline.ts'
import type { Agents, NetworkOptions } from '../requests/interface.ts'
import { Limiter } from '../requests/limiter.ts'
import { readBody } from '../requests/read-body.ts'
import { asStorageError, RequestFailure } from '../requests/request-failure.ts'
import { retrying, type RetryPolicy } from '../requests/retrying.ts'
import { assertIdentity, explainStatus, explainThrown, forbiddenOrAbsent, isForbidden, lengthOf } from './explain-answer.ts'
import { sendHttp } from './http-request.ts'
import { parseHttpUrl } from './location.ts'
import { readPrefix } from './read-prefix.ts'

/** The largest object that is read whole. */
const MAX_WHOLE_BYTES: number = 2 ** 31
const ABSENT: ReadonlySet<number | 'folder'> = new Set([404, 410, 'folder'])
/** How servers say that they do not know HEAD, or do not want it. */
const WITHOUT_HEAD: ReadonlySet<number | 'folder'> = new Set([400, 403, 405, 501])

export interface HttpSettings extends NetworkOptions {
  /**
   * Whether `stat` takes 403 for absence, if the server answers 403 for names that nobody can have used too: S3 does where listing the bucket is not allowed. The newest states of a repository, if they
   * are there and may not be read, then go unnoticed. Default: what the address says by ending in `#absent=403`, else false.
   */
  readonly forbiddenIsAbsent?: boolean
}

/** What one answer comes to; read within its attempt. */
type Take<T> = (answer: { readonly status: number | 'folder'; readonly headers: IncomingHttpHeaders; readonly message: IncomingMessage; readonly deadline: Deadline; readonly onBytes: (count: number) => void }) => Promise<T>

/**
 * A repository folder behind any static web server, read-only. It cannot be listed: what is opened must be found by names alone, which a repository can be. Nothing of an
 * answer is believed that can be checked: ranges, lengths, and redirects, which are followed on the same server alone.
 *
 * By `node:http` and not `fetch`: that decompresses what was not asked to be compressed, and tells nothing of a connection on which nothing moves.
 */
export class HttpStorage implements Storage {
  readonly location: string
  readonly #base: URL
  readonly #limiter: Limiter
  readonly #policy: RetryPolicy
  readonly #idleTimeoutMs: number
  readonly #onRequest: NetworkOptions['onRequest']
  readonly #agents: Agents
  readonly #ownAgents: boolean
  readonly #forbiddenIsAbsent: boolean
  #forbidsAbsent: Promise<boolean> | undefined
  #closed: boolean = false

  /** @throws InvalidArgumentError for what is no address of http or https, or holds credentials */
  constructor(url: string, settings: HttpSettings = {}) {
    const { maxRequests = 16, maxAttempts = 8, retryForMs = 120_000, idleTimeoutMs = 30_000, onRequest, agents } = settings
    assertNetworkOptions(settings)
    const address = parseHttpUrl(url)
    this.#base = address.base
    this.#forbiddenIsAbsent = settings.forbiddenIsAbsent ?? address.forbiddenIsAbsent
    this.location = this.#base.href
    this.#limiter = new Limiter(maxRequests)
    this.#policy = { maxAttempts, retryForMs }
    this.#idleTimeoutMs = idleTimeoutMs
    this.#onRequest = onRequest
    this.#ownAgents = agents === undefined
    this.#agents = agents ?? { http: new PlainAgent({ keepAlive: true, maxSockets: maxRequests }), https: new SecureAgent({ keepAlive: true, maxSockets: maxRequests }) }
  }

  async put(key: string): Promise<void> {
    this.#refuse('put', key)
  }

  async get(key: string, options: StorageCallOptions & { readonly range?: ByteRange } = {}): Promise<Uint8Array> {
    const { range, signal } = options
    this.#assertReady(key, signal)
    if (range !== undefined) assertRange(range)
    const bytes = await this.#explained({ operation: 'get', key, location: this.location }, async () => {
      if (range !== undefined && range.start === range.end) return (await this.#sizeOf(key, signal)) === undefined ? undefined : new Uint8Array(0)
      const read = await this.#ask('GET', key, range, signal, (answer) => this.#bodyOf(answer, range))
      if (read !== 'past-end' || range === undefined) return read as Uint8Array | undefined
      const size = await this.#sizeOf(key, signal)
      if (size !== undefined && size > range.start) throw new RequestFailure({ reason: 'EWRONGRANGE', what: `the server refuses ${rangeHeader(range)} of an object of ${size} bytes`, again: 'never' })
      return size === undefined ? undefined : new Uint8Array(0)
    }, signal)
    if (bytes === undefined) throw new NotFoundError(`No object "${key}" in ${this.location}`, { data: { key } })
    return bytes
  }

  async stat(key: string, options: StorageCallOptions = {}): Promise<ObjectStat | undefined> {
    this.#assertReady(key, options.signal)
    const size = await this.#explained({ operation: 'stat', key, location: this.location }, async () => {
      try {
        return await this.#sizeOf(key, options.signal)
      } catch (error) {
        if (this.#forbiddenIsAbsent && isForbidden(error) && (await this.#isForbidding(options.signal))) return undefined
        throw error
      }
    }, options.signal)
    return size === undefined ? undefined : { size }
  }

  /** @throws StorageError always: web servers show folders in many ways, none of which can be relied on */
  // eslint-disable-next-line require-yield
  async *list(prefix: string, options: StorageCallOptions = {}): AsyncGenerator<ObjectEntry, void, undefined> {
    assertPrefix(prefix)
    this.#assertOpen()
    options.signal?.throwIfAborted()
    throw failed({ operation: 'list', key: prefix, location: this.location }, 'a web server does not list what it has', { reason: NO_LISTING, hint: 'Reading needs no listing; for what does, reach the repository by s3:// or as a folder.' })
  }

  async delete(key: string): Promise<void> {
    this.#refuse('delete', key)
  }

  async close(): Promise<void> {
    this.#closed = true
    if (!this.#ownAgents) return
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }

  /** Size of an object, or undefined if it is absent. */
  async #sizeOf(key: string, signal: AbortSignal | undefined): Promise<number | undefined> {
    const size = await this.#ask('HEAD', key, undefined, signal, async ({ status, headers }) => {
      if (ABSENT.has(status)) return undefined
      if (WITHOUT_HEAD.has(status)) return 'unknown'
      if (status !== 200) throw explainStatus(Number(status), headers)
      assertIdentity(headers)
      return lengthOf(headers) ?? 'unknown'
    })
    if (size !== 'unknown') return size
    const first = { start: 0, end: 1 }
    return this.#ask('GET', key, first, signal, async ({ status, headers }) => {
      if (ABSENT.has(status)) return undefined
      if (status === 416 && /^bytes \*\/0$/.test(headers['content-range'] ?? '')) return 0
      if (status !== 206 && status !== 200) throw explainStatus(Number(status), headers)
      assertIdentity(headers)
      const found = status === 206 ? assertAsked(headers['content-range'], first).total : lengthOf(headers)
      if (found !== undefined) return found
      throw new RequestFailure({ reason: 'ENOSIZE', what: 'the server does not say how large the object is', again: 'never', hint: 'Use a web server that tells the length of files.' })
    })
  }

  async #bodyOf({ status, headers, message, deadline, onBytes }: Parameters<Take<unknown>>[0], range: ByteRange | undefined): Promise<Uint8Array | 'past-end' | undefined> {
    if (ABSENT.has(status)) return undefined
    if (status === 416 && range !== undefined) return 'past-end'
    if (status !== 200 && (status !== 206 || range === undefined)) throw explainStatus(Number(status), headers)
    assertIdentity(headers)
    const length = lengthOf(headers)
    if (range !== undefined && status === 200) {
      deadline.allow(Math.min(range.end, length ?? range.end, MAX_WHOLE_BYTES))
      return readPrefix(message, range, length, onBytes)
    }
    const given = range === undefined ? undefined : assertAsked(headers['content-range'], range)
    const expected = given === undefined ? length : given.end - given.start
    deadline.allow(expected ?? 0)
    return readBody(message, { expected, most: given === undefined ? MAX_WHOLE_BYTES : given.end - given.start, onBytes })
  }

  #ask<T>(method: 'GET' | 'HEAD', key: string, range: ByteRange | undefined, signal: AbortSignal | undefined, take: Take<T>): Promise<T> {
    return retrying((attempt) => this.#askOnce(method, key, range, attempt, signal, take), this.#policy, signal)
  }

  async #askOnce<T>(method: 'GET' | 'HEAD', key: string, range: ByteRange | undefined, attempt: number, signal: AbortSignal | undefined, take: Take<T>): Promise<T> {
    const release = await this.#limiter.acquire(signal)
    const deadline = new Deadline(signal, 0)
    let bytesReceived = 0
    let status: number | undefined
    let message: IncomingMessage | undefined
    const onAnswer = (given: number): void => {
      status = given
    }
    const onBytes = (count: number): void => {
      bytesReceived += count
    }
    try {
      const answer = await sendHttp({ method, url: new URL(key, this.#base), ...(range === undefined ? {} : { range: rangeHeader(range) }), agents: this.#agents, idleTimeoutMs: this.#idleTimeoutMs, signal: deadline.signal, onAnswer })
      message = answer.message
      return await take({ status: answer.status, headers: message.headers, message, deadline, onBytes })
    } catch (error) {
      signal?.throwIfAborted()
      // A proxy that is none: no request failed.
      if (error instanceof VarveError) throw error
      throw deadline.isOver ? new RequestFailure({ reason: 'ETIMEDOUT', what: 'the server takes too long', again: 'soon', cause: error }) : explainThrown(error)
    } finally {
      // What was not read is not waited for; a connection whose answer has no body stays open.
      if (message?.readableEnded === false) {
        message.on('error', ignore)
        if (method === 'HEAD') message.resume()
        else message.destroy()
      }
      deadline.end()
      release()
      this.#onRequest?.({ method, key, bytesSent: 0, bytesReceived, ...(status === undefined ? {} : { status }), attempt })
    }
  }

  async #explained<T>(attempt: Attempt, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const isAmbiguous = isForbidden(error) && (await this.#isForbidding(signal).catch(() => false))
      throw asStorageError(isAmbiguous ? forbiddenOrAbsent(error) : error, attempt)
    }
  }

  /** True if the server answers 403 for a name that nobody can have used. Asked once. */
  #isForbidding(signal: AbortSignal | undefined): Promise<boolean> {
    this.#forbidsAbsent ??= this.#ask('GET', `probe/${randomBytes(12).toString('hex')}`, { start: 0, end: 1 }, signal, async ({ status }) => status === 403).catch((error: unknown) => {
      this.#forbidsAbsent = undefined
      throw error
    })
    return this.#forbidsAbsent
  }

  #assertReady(key: string, signal: AbortSignal | undefined): void {
    assertKey(key)
    this.#assertOpen()
    signal?.throwIfAborted()
  }

  #assertOpen(): void {
    if (this.#closed) throw new InvalidArgumentError(`The storage ${this.location} was closed`, { hint: 'Open it anew; nothing may be called after close().' })
  }

  #refuse(operation: 'put' | 'delete', key: string): never {
    assertKey(key)
    throw new InvalidArgumentError(`Cannot ${operation} "${key}": ${this.location} is read over HTTP and cannot be written to`, { data: { key, operation }, hint: 'Write to the repository by s3:// or as a folder.' })
  }
}

/**
 * A repository folder behind a web server, read-only.
 * @throws InvalidArgumentError for what is no address of http or https, or holds credentials
 *
 * @example
 * const repository = await openRepository(httpStorage('https://data.example.org/pets/.varve'))
 */
export function httpStorage(url: string, settings: HttpSettings = {}): HttpStorage {
  return new HttpStorage(url, settings)
}

function ignore(): void {}
