import { RequestFailure } from '../requests/request-failure.ts'
import { retrying } from '../requests/retrying.ts'
import type { S3Connection } from './connection.ts'
import { notS3 } from './explain-failure.ts'
import { hashOf } from './hash-of.ts'
import { isRefusedCondition, settleWrite, type Write } from './write.ts'
import { WRITE_ID } from './write-id.ts'

/**
 * Stores an object by one request. Repeating it is safe: who finds the key taken asks whose write it was.
 * @throws AlreadyExistsError if another write created the object; RequestFailure
 */
export async function putWhole(connection: S3Connection, write: Write, bytes: Uint8Array): Promise<void> {
  const { key, id, signal, conditional } = write
  const hash = await hashOf(bytes)
  await settleWrite(connection, write, () => retrying(async (attempt) => {
    try {
      await connection.send({ method: 'PUT', key, attempt, bytesSent: bytes.length, sha256: hash.hex, signal }, async ({ sdk, client, options, answer }) => {
        const output = await client.send(new sdk.PutObjectCommand({
          Bucket: connection.bucket, Key: connection.inBucket(key), Body: bytes, ContentLength: bytes.length, ChecksumSHA256: hash.base64, Metadata: { [WRITE_ID]: id },
          ...(conditional ? { IfNoneMatch: '*' } : {}),
        }), options)
        if (output.ETag === undefined) throw notS3(answer.status)
      })
      return 'stored'
    } catch (error) {
      if (error instanceof RequestFailure && isRefusedCondition(error)) return write.refused(attempt, error)
      throw error
    }
  }, connection.policy, signal))
}
