import { RequestFailure } from '../requests/request-failure.ts'
import { retrying } from '../requests/retrying.ts'
import type { S3Connection } from './connection.ts'
import { notS3 } from './explain-failure.ts'
import { WRITE_ID } from './write-id.ts'

/** What a store says of an object. */
export interface HeadOfObject {
  readonly size: number
  /** The write that made it, if that was one of a varve storage. */
  readonly writeId: string | undefined
}

/** Asks for an object without its bytes, again and again if need be; undefined if it is absent. */
export function headObject(connection: S3Connection, key: string, signal?: AbortSignal): Promise<HeadOfObject | undefined> {
  return retrying((attempt) => headOnce(connection, key, attempt, signal), connection.policy, signal)
}

/** The same in one attempt. An answer to HEAD has no body that says what is absent, so the bucket is asked for until it was seen once. */
export async function headOnce(connection: S3Connection, key: string, attempt: number, signal?: AbortSignal): Promise<HeadOfObject | undefined> {
  try {
    return await connection.send({ method: 'HEAD', key, attempt, signal }, async ({ sdk, client, options, answer }) => {
      const { ContentLength: size, ETag, Metadata } = await client.send(new sdk.HeadObjectCommand({ Bucket: connection.bucket, Key: connection.inBucket(key) }), options)
      if (size === undefined || ETag === undefined) throw notS3(answer.status)
      return { size, writeId: Metadata?.[WRITE_ID] }
    })
  } catch (error) {
    if (!(error instanceof RequestFailure) || error.details.status !== 404 || error.details.reason === 'ENOBUCKET') throw error
    await assertBucket(connection, attempt, signal)
    return undefined
  }
}

const SEEN = new WeakSet<S3Connection>()

/** @throws RequestFailure if there is no such bucket, or none that these credentials may know of */
async function assertBucket(connection: S3Connection, attempt: number, signal: AbortSignal | undefined): Promise<void> {
  if (SEEN.has(connection)) return
  await connection.send({ method: 'GET', attempt, signal }, async ({ sdk, client, options, answer }) => {
    const { Name, KeyCount } = await client.send(new sdk.ListObjectsV2Command({ Bucket: connection.bucket, MaxKeys: 1, Prefix: connection.inBucket('') }), options)
    if (Name === undefined && KeyCount === undefined) throw notS3(answer.status)
  })
  SEEN.add(connection)
}
