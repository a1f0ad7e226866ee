import type { ByteRange, StorageCallOptions } from '../../storage/interface.ts'
import { assertAsked, rangeHeader } from '../requests/content-range.ts'
import { readBody } from '../requests/read-body.ts'
import { RequestFailure } from '../requests/request-failure.ts'
import { retrying } from '../requests/retrying.ts'
import type { S3Connection } from './connection.ts'
import { notS3 } from './explain-failure.ts'
import { headObject } from './head-object.ts'

/** The largest object that is read whole. */
const MAX_WHOLE_BYTES: number = 2 ** 31

interface ReadOptions extends StorageCallOptions {
  readonly range?: ByteRange
  /** Memory that the result may begin in. */
  readonly into?: Uint8Array
}

/** The bytes of an object, or of a part that is cut to what is there; undefined if the object is absent. */
export async function readObject(connection: S3Connection, key: string, options: ReadOptions): Promise<Uint8Array | undefined> {
  const { range, signal } = options
  if (range !== undefined && range.start === range.end) return (await headObject(connection, key, signal)) === undefined ? undefined : new Uint8Array(0)
  const result = await retrying((attempt) => readOnce(connection, key, options, attempt), connection.policy, signal)
  return result === 'past-end' && range !== undefined ? pastEnd(connection, key, range, signal) : (result as Uint8Array | undefined)
}

async function readOnce(connection: S3Connection, key: string, { range, into, signal }: ReadOptions, attempt: number): Promise<Uint8Array | 'past-end' | undefined> {
  try {
    return await connection.send({ method: 'GET', key, attempt, signal }, async ({ sdk, client, options, answer, deadline, onBytes }) => {
      const { Body, ContentLength, ContentRange, ETag } = await client.send(new sdk.GetObjectCommand({
        Bucket: connection.bucket, Key: connection.inBucket(key), ...(range === undefined ? {} : { Range: rangeHeader(range) }),
      }), options)
      if (Body === undefined || ETag === undefined) throw notS3(answer.status)
      const given = range === undefined ? undefined : assertAsked(ContentRange, range)
      const expected = given === undefined ? ContentLength : given.end - given.start
      if (expected !== undefined) deadline.allow(expected)
      return readBody(Body as AsyncIterable<Uint8Array>, { expected, most: given === undefined ? MAX_WHOLE_BYTES : given.end - given.start, onBytes, into })
    })
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error
    if (error.details.reason === 'NoSuchKey') return undefined
    if (error.details.status === 416 && range !== undefined) return 'past-end'
    throw error
  }
}

/** A store says that a part is beyond the end: it must then be as small as that. */
async function pastEnd(connection: S3Connection, key: string, range: ByteRange, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
  const found = await headObject(connection, key, signal)
  if (found === undefined) return undefined
  if (found.size <= range.start) return new Uint8Array(0)
  throw new RequestFailure({ reason: 'EWRONGRANGE', what: `the server refuses ${rangeHeader(range)} of an object of ${found.size} bytes`, again: 'never', status: 416 })
}
