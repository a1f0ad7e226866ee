import { RequestFailure } from '../requests/request-failure.ts'
import { retrying } from '../requests/retrying.ts'
import { DELETION_REFUSED } from '../../storage/deletion-refused.ts'
import type { S3Connection } from './connection.ts'
import { notS3 } from './explain-failure.ts'

/** How stores say that an object must stay, beside the plain refusal. */
const STAYS: ReadonlySet<string> = new Set(['EACCES', 'MethodNotAllowed', 'ObjectLocked', 'InvalidObjectState', 'ObjectAlreadyProtected'])
const WRITE_ONCE = /\b(?:WORM|object lock|retention|legal hold|protected)/i

/**
 * Removes an object; one that is absent is no error.
 * @returns whether the store says that it keeps an old version
 * @throws RequestFailure, with the reason of `isDeletionRefused` if the store keeps objects from being deleted
 */
export async function deleteObject(connection: S3Connection, key: string, signal?: AbortSignal): Promise<boolean> {
  return retrying(async (attempt) => {
    try {
      return await connection.send({ method: 'DELETE', key, attempt, signal }, async ({ sdk, client, options, answer }) => {
        const { DeleteMarker } = await client.send(new sdk.DeleteObjectCommand({ Bucket: connection.bucket, Key: connection.inBucket(key) }), options)
        if (answer.status !== 204 && answer.headers['content-type']?.startsWith('text/html') === true) throw notS3(answer.status)
        return DeleteMarker === true
      })
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error
      if (error.details.reason === 'NoSuchKey') return false
      if (!STAYS.has(error.details.reason) && !WRITE_ONCE.test(error.details.what)) throw error
      throw new RequestFailure({
        ...error.details, again: 'never', reason: DELETION_REFUSED, what: 'the store does not let it be deleted',
        hint: 'Object lock, a legal hold or the missing permission s3:DeleteObject keeps it; nothing is lost by that but space.',
      })
    }
  }, connection.policy, signal)
}
