import { pipeline, Readable, Transform } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { VarveError } from '../../errors.ts'
import { Deadline } from '../requests/deadline.ts'
import type { RemoteRequest } from '../requests/interface.ts'
import { Limiter } from '../requests/limiter.ts'
import { RequestFailure } from '../requests/request-failure.ts'
import type { RetryPolicy } from '../requests/retrying.ts'
import { explainFailure, type SeenAnswer } from './explain-failure.ts'
import type { S3Location, S3Settings } from './interface.ts'
import { loadS3Sdk, type S3Sdk } from './load-sdk.ts'

const MAX_REQUESTS = 16
const MAX_ATTEMPTS = 8
const RETRY_FOR_MS = 120_000
const IDLE_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 10_000

/** What is sent, for the account of it. */
export interface Call {
  readonly method: RemoteRequest['method']
  /** Without the prefix of the storage. */
  readonly key?: string
  readonly attempt: number
  /** Size of the body, and its hash in hex, which signs it too. */
  readonly bytesSent?: number
  readonly sha256?: string
  readonly signal?: AbortSignal | undefined
}

/** What one attempt works with. */
export interface Sending {
  readonly sdk: S3Sdk
  /** Its `send` signs and watches what it sends as a request of this attempt. */
  readonly client: Pick<S3Client, 'send'>
  /** To be passed to `client.send`. */
  readonly options: { readonly abortSignal: AbortSignal }
  /** What was seen of the answer, once there is one. */
  readonly answer: SeenAnswer
  readonly deadline: Deadline
  /** To be told of bytes of a body that is read as it arrives. */
  readonly onBytes: (count: number) => void
}

/** Of the attempt under way. */
interface Observation {
  status: number | undefined
  headers: Readonly<Record<string, string>>
  received: number
  readonly sha256: string | undefined
  readonly countBody: boolean
}

/** A client of one bucket: the SDK without its retries, a bound on what is under way, and an account of every request. */
export class S3Connection {
  readonly bucket: string
  readonly policy: RetryPolicy
  readonly #prefix: string
  readonly #location: S3Location
  readonly #settings: S3Settings
  readonly #limiter: Limiter
  readonly #load: () => Promise<S3Sdk>
  #opened: Promise<{ readonly sdk: S3Sdk; readonly client: S3Client }> | undefined

  /** @param load finds the SDK; for tests */
  constructor(location: S3Location, settings: S3Settings, load: () => Promise<S3Sdk> = loadS3Sdk) {
    this.#load = load
    this.bucket = location.bucket
    this.#prefix = location.prefix === undefined || location.prefix === '' ? '' : `${location.prefix}/`
    this.#location = location
    this.#settings = settings
    this.#limiter = new Limiter(settings.maxRequests ?? MAX_REQUESTS)
    this.policy = { maxAttempts: settings.maxAttempts ?? MAX_ATTEMPTS, retryForMs: settings.retryForMs ?? RETRY_FOR_MS }
  }

  /** The key in the bucket of an object, or the beginning of those that begin with `key`. */
  inBucket(key: string): string {
    return this.#prefix + key
  }

  /**
   * Sends one request, once.
   * @throws RequestFailure that explains why it failed; the signal's reason if it is aborted
   */
  async send<T>(call: Call, work: (sending: Sending) => Promise<T>): Promise<T> {
    const { signal, bytesSent = 0, method, key, attempt } = call
    const release = await this.#limiter.acquire(signal)
    const observation: Observation = { status: undefined, headers: {}, received: 0, sha256: call.sha256, countBody: method !== 'GET' || key === undefined }
    const deadline = new Deadline(signal, bytesSent)
    try {
      const { sdk, client } = await this.#open()
      const onBytes = (count: number): void => {
        observation.received += count
      }
      return await work({ sdk, client: watched(client, observation), options: { abortSignal: deadline.signal }, answer: observation, deadline, onBytes })
    } catch (error) {
      signal?.throwIfAborted()
      // The SDK is not installed: no request failed.
      if (error instanceof VarveError) throw error
      if (deadline.isOver) throw new RequestFailure({ reason: 'ETIMEDOUT', what: 'the server takes too long', again: 'soon', cause: error })
      throw explainFailure(error, observation, this.bucket)
    } finally {
      deadline.end()
      release()
      const { status, received } = observation
      this.#settings.onRequest?.({ method, ...(key === undefined ? {} : { key }), bytesSent, bytesReceived: received, ...(status === undefined ? {} : { status }), attempt })
    }
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined)
    // The client ends whatever its agents have, also what others have from them.
    if (this.#settings.agents === undefined) opened?.client.destroy()
  }

  #open(): Promise<{ readonly sdk: S3Sdk; readonly client: S3Client }> {
    this.#opened ??= this.#load().then((sdk) => ({ sdk, client: this.#newClient(sdk) }))
    return this.#opened
  }

  #newClient(sdk: S3Sdk): S3Client {
    const { endpoint, pathStyle = endpoint !== undefined, region = endpoint === undefined ? undefined : 'us-east-1' } = this.#location
    const { agents, credentials, idleTimeoutMs = IDLE_TIMEOUT_MS, maxRequests = MAX_REQUESTS } = this.#settings
    const agent = { keepAlive: true, maxSockets: maxRequests }
    return new sdk.S3Client({
      ...(endpoint === undefined ? {} : { endpoint }), ...(region === undefined ? {} : { region }), ...(credentials === undefined ? {} : { credentials }),
      forcePathStyle: pathStyle,
      followRegionRedirects: false,
      // Retries are those of `retrying`: they know what a lost reply to a conditional write means.
      maxAttempts: 1,
      // Objects bring their own SHA-256, and what is read is verified by its hash.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // With it the SDK opens a connection for each body.
      expectContinueHeader: false,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: idleTimeoutMs, httpAgent: agents?.http ?? agent, httpsAgent: agents?.https ?? agent },
      logger: SILENT,
    })
  }
}

/**
 * A client that signs with the hash of the attempt, and observes its answer. Each command is told by itself what it belongs to: to have the runtime keep account of that slows every promise of the program down, before
 * Node 24.
 */
function watched(client: S3Client, observation: Observation): Pick<S3Client, 'send'> {
  const sign: Step = (next) => (args) => {
    if (observation.sha256 !== undefined) args.request.headers['x-amz-content-sha256'] = observation.sha256
    return next(args)
  }
  const look: Step = (next) => async (args) => {
    const result = await next(args)
    observe(observation, result.response)
    return result
  }
  const send = (command: SdkCommand, options: never): unknown => {
    command.middlewareStack.addRelativeTo(sign as unknown as SdkStep, { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'varveSign' })
    command.middlewareStack.addRelativeTo(look as unknown as SdkStep, { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'varveLook' })
    return client.send(command as never, options)
  }
  return { send } as Pick<S3Client, 'send'>
}

/** What the SDK does with a request on its way, in the terms of HTTP. */
type Step = (next: (args: StepArguments) => Promise<StepResult>) => (args: StepArguments) => Promise<StepResult>
type SdkStep = Parameters<S3Client['middlewareStack']['addRelativeTo']>[0]
type SdkCommand = Pick<S3Client, 'middlewareStack'>

interface StepArguments {
  readonly request: { readonly headers: Record<string, string> }
}

interface StepResult {
  readonly response: RawResponse
}

interface RawResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  body?: unknown
}

function observe(observation: Observation, response: RawResponse): void {
  observation.status = response.statusCode
  observation.headers = response.headers
  // A body that is handed out is counted by who reads it.
  if (!(response.body instanceof Readable) || (!observation.countBody && response.statusCode < 300)) return
  const counted = new Transform({
    transform(piece: Uint8Array, _encoding, done) {
      observation.received += piece.length
      done(null, piece)
    },
  })
  // The SDK reads `counted` to its end, and is told by it of what fails.
  response.body = pipeline(response.body, counted, () => undefined)
}

const SILENT = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet }

function quiet(): void {}
