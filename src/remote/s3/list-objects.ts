import type { ListObjectsV2Output } from '@aws-sdk/client-s3'
import type { ObjectEntry } from '../../storage/interface.ts'
import { isKey } from '../../storage/key.ts'
import { RequestFailure } from '../requests/request-failure.ts'
import { retrying } from '../requests/retrying.ts'
import type { S3Connection } from './connection.ts'
import { notS3 } from './explain-failure.ts'

const PAGE_SIZE = 1000
/** Ten million objects: a listing that is longer has no end. */
const MAX_PAGES = 10_000
/** Stores may pass over what was deleted without showing anything, but not for ever. */
const MAX_EMPTY_PAGES = 100

/**
 * All objects whose key begins with `prefix`, page by page. Objects whose names are not keys were not made by a storage, and are passed over.
 * @throws RequestFailure for a listing that is not one: without end, in circles, of other objects, or not whole
 */
export async function* listObjects(connection: S3Connection, prefix: string, signal?: AbortSignal, maxPages: number = MAX_PAGES): AsyncGenerator<ObjectEntry, void, undefined> {
  const tokens = new Set<string>()
  let token: string | undefined
  let emptyPages = 0
  for (let pages = 0; ; pages++) {
    if (pages === maxPages || emptyPages === MAX_EMPTY_PAGES) throw lies('it has no end')
    const page = await listPage(connection, prefix, token, signal)
    emptyPages = (page.Contents ?? []).length === 0 ? emptyPages + 1 : 0
    for (const { Key, Size } of page.Contents ?? []) {
      const entry = toEntry(connection, prefix, Key, Size)
      if (entry === undefined) continue
      signal?.throwIfAborted()
      yield entry
    }
    signal?.throwIfAborted()
    if (page.IsTruncated !== true) return
    token = page.NextContinuationToken
    if (token === undefined || tokens.has(token)) throw lies('it does not say how it goes on')
    tokens.add(token)
  }
}

function listPage(connection: S3Connection, prefix: string, token: string | undefined, signal: AbortSignal | undefined): Promise<ListObjectsV2Output> {
  return retrying((attempt) => connection.send({ method: 'GET', attempt, signal }, async ({ sdk, client, options, answer }) => {
    const page = await client.send(new sdk.ListObjectsV2Command({
      Bucket: connection.bucket, Prefix: connection.inBucket(prefix), MaxKeys: PAGE_SIZE, ...(token === undefined ? {} : { ContinuationToken: token }),
    }), options)
    const { Name, KeyCount, IsTruncated, Contents = [] } = page
    // An answer that is something else comes out as an empty one, which is the one thing that a listing must never be by mistake.
    if ((Name === undefined && KeyCount === undefined) || IsTruncated === undefined) throw notS3(answer.status)
    if (KeyCount !== undefined && KeyCount !== Contents.length) throw lies(`it has ${Contents.length} objects and says that it has ${KeyCount}`, 'soon')
    return page
  }), connection.policy, signal)
}

function toEntry(connection: S3Connection, prefix: string, name: string | undefined, size: number | undefined): ObjectEntry | undefined {
  const start = connection.inBucket('')
  if (name === undefined || !name.startsWith(start + prefix)) throw lies('it shows objects that were not asked for')
  const key = name.slice(start.length)
  if (!isKey(key)) return undefined
  if (size === undefined || !Number.isSafeInteger(size) || size < 0) throw lies('it shows an object without its size')
  return { key, size }
}

function lies(what: string, again: 'never' | 'soon' = 'never'): RequestFailure {
  return new RequestFailure({ reason: 'ELISTING', what: `the listing of the server is wrong: ${what}`, again, hint: 'Do not use this server, or find out what stands in between.' })
}
