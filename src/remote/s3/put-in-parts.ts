import { listenTo } from '../requests/deadline.ts'
import { RequestFailure } from '../requests/request-failure.ts'
import { retrying } from '../requests/retrying.ts'
import type { Limiter } from '../requests/limiter.ts'
import type { S3Connection } from './connection.ts'
import { notS3 } from './explain-failure.ts'
import { hashOf } from './hash-of.ts'
import { isRefusedCondition, settleWrite, type Write } from './write.ts'
import { WRITE_ID } from './write-id.ts'

/** Within what every store takes, 5 MiB to 5 GiB; all of one size, which some want. */
export const PART_SIZE_BYTES: number = 8 * 1024 * 1024
/** Of one storage, whatever is being put: bounds the memory, which one further part an object adds to. */
export const MAX_PARTS_SENT = 8
const MAX_PARTS = 10_000
/** What giving an upload up may cost in time: whoever interrupts a put waits for it. */
const ABORT_WITHIN_MS = 5000

export interface PartsOptions {
  /** Where parts wait for their turn. */
  readonly places: Limiter
  /** Told of each part that the store has taken. Others may still be on their way when a put fails. */
  readonly onSent: (piece: Uint8Array) => void
}

interface SentPart {
  readonly PartNumber: number
  readonly ETag: string
  readonly ChecksumSHA256: string
}

/**
 * Stores an object in parts, several at a time. It appears as a whole when the last is there, and not at all if anything fails.
 * @throws AlreadyExistsError if there is one already, or another write was first; RequestFailure; whatever `pieces` throws
 */
export async function putInParts(connection: S3Connection, write: Write, pieces: AsyncIterable<Uint8Array>, { places, onSent }: PartsOptions): Promise<void> {
  await write.assertFree()
  const upload = new Upload(connection, write, await begin(connection, write))
  try {
    await upload.send(pieces, places, onSent)
    await settleWrite(connection, write, () => upload.complete())
  } catch (error) {
    await upload.abort()
    throw error
  }
}

async function begin(connection: S3Connection, { key, id, signal }: Write): Promise<string> {
  return retrying((attempt) => connection.send({ method: 'POST', key, attempt, signal }, async ({ sdk, client, options, answer }) => {
    const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand({ Bucket: connection.bucket, Key: connection.inBucket(key), Metadata: { [WRITE_ID]: id }, ChecksumAlgorithm: 'SHA256' }), options)
    if (UploadId === undefined) throw notS3(answer.status)
    return UploadId
  }), connection.policy, signal)
}

class Upload {
  readonly #connection: S3Connection
  readonly #write: Write
  readonly #uploadId: string
  readonly #parts: SentPart[] = []
  readonly #stop = new AbortController()

  constructor(connection: S3Connection, write: Write, uploadId: string) {
    this.#connection = connection
    this.#write = write
    this.#uploadId = uploadId
  }

  async send(pieces: AsyncIterable<Uint8Array>, places: Limiter, onSent: (piece: Uint8Array) => void): Promise<void> {
    const { signal } = this.#write
    const onAbort = (): void => this.#stop.abort(signal?.reason)
    if (signal?.aborted === true) onAbort()
    else if (signal !== undefined) listenTo(signal, onAbort)
    const sending: Promise<void>[] = []
    try {
      let number = 0
      for await (const piece of pieces) {
        if (++number > MAX_PARTS) throw new RequestFailure({ reason: 'EFBIG', what: `it is larger than ${MAX_PARTS} parts of ${PART_SIZE_BYTES} bytes`, again: 'never', hint: 'Store it as several objects.' })
        const release = await places.acquire(this.#stop.signal)
        sending.push(this.#sendPart(number, piece).then(() => onSent(piece), (error: unknown) => this.#stop.abort(error)).finally(release))
      }
    } catch (error) {
      this.#stop.abort(error)
    } finally {
      await Promise.all(sending)
      signal?.removeEventListener('abort', onAbort)
    }
    this.#stop.signal.throwIfAborted()
  }

  async #sendPart(number: number, bytes: Uint8Array): Promise<void> {
    const { key } = this.#write
    const { signal } = this.#stop
    const hash = await hashOf(bytes)
    this.#parts[number - 1] = await retrying((attempt) => this.#connection.send({ method: 'PUT', key, attempt, bytesSent: bytes.length, sha256: hash.hex, signal }, async ({ sdk, client, options, answer }) => {
      const { ETag } = await client.send(new sdk.UploadPartCommand({ ...this.#names(), PartNumber: number, Body: bytes, ContentLength: bytes.length, ChecksumSHA256: hash.base64 }), options)
      if (ETag === undefined) throw notS3(answer.status)
      return { PartNumber: number, ETag, ChecksumSHA256: hash.base64 }
    }), this.#connection.policy, signal)
  }

  complete(): Promise<'stored'> {
    const { key, signal, conditional } = this.#write
    return retrying(async (attempt) => {
      try {
        await this.#connection.send({ method: 'POST', key, attempt, signal }, async ({ sdk, client, options, answer }) => {
          const { ETag } = await client.send(new sdk.CompleteMultipartUploadCommand({ ...this.#names(), MultipartUpload: { Parts: this.#parts }, ...(conditional ? { IfNoneMatch: '*' } : {}) }), options)
          if (ETag === undefined) throw notS3(answer.status)
        })
        return 'stored'
      } catch (error) {
        if (!(error instanceof RequestFailure)) throw error
        // An upload that is gone was completed by an attempt whose answer was lost, or given up by the store.
        if (isRefusedCondition(error) || error.details.reason === 'NoSuchUpload') return this.#write.refused(attempt, error)
        throw error
      }
    }, this.#connection.policy, signal)
  }

  /** What was sent is no use to anybody. If this fails too, the store keeps it until a rule for incomplete uploads removes it. */
  async abort(): Promise<void> {
    const signal = AbortSignal.timeout(ABORT_WITHIN_MS)
    const send = (attempt: number): Promise<unknown> =>
      this.#connection.send({ method: 'DELETE', key: this.#write.key, attempt, signal }, ({ sdk, client, options }) => client.send(new sdk.AbortMultipartUploadCommand(this.#names()), options))
    await retrying(send, this.#connection.policy, signal).catch(() => undefined)
  }

  #names(): { readonly Bucket: string; readonly Key: string; readonly UploadId: string } {
    return { Bucket: this.#connection.bucket, Key: this.#connection.inBucket(this.#write.key), UploadId: this.#uploadId }
  }
}
