import { concatBytes } from '../../bytes.ts'
import type { ByteRange } from '../../storage/interface.ts'
import { RequestFailure } from '../requests/request-failure.ts'

/** What is read in vain at most, of an object whose server gives it whole when asked for a part. */
const MAX_SKIPPED_BYTES: number = 64 * 1024 * 1024
/** The largest part that is taken out of a whole. */
const MAX_PART_BYTES: number = 256 * 1024 * 1024

/**
 * A part of an object, out of an answer that is the whole of it; reads no further than the part.
 * @param total size of the object, if the server said so; the part is cut to it
 * @throws RequestFailure if too much would have to be read, or the answer ends before `total`
 */
export async function readPrefix(body: AsyncIterable<Uint8Array>, range: ByteRange, total: number | undefined, onBytes: (count: number) => void): Promise<Uint8Array> {
  const end = Math.min(range.end, total ?? range.end)
  const start = Math.min(range.start, end)
  if (start > MAX_SKIPPED_BYTES || (total !== undefined && end - start > MAX_PART_BYTES)) throw ignored()
  const parts: Uint8Array[] = []
  let seen = 0
  let size = 0
  if (end > start || total === undefined) {
    for await (const piece of body) {
      onBytes(piece.length)
      const part = piece.subarray(Math.max(0, start - seen), Math.max(0, end - seen))
      seen += piece.length
      size += part.length
      if (size > MAX_PART_BYTES) throw ignored()
      if (part.length > 0) parts.push(part)
      if (seen >= end) break
    }
  }
  if (total !== undefined && size !== end - start) throw new RequestFailure({ reason: 'ETRUNCATED', what: `the answer ends after ${seen} of ${total} bytes`, again: 'soon', hint: 'Something between here and the server cuts answers; run the same command again.' })
  return concatBytes(parts)
}

function ignored(): RequestFailure {
  return new RequestFailure({ reason: 'ENORANGES', what: 'the server gives whole files when it is asked for a part of one', again: 'never', hint: 'Use a web server that knows range requests, as most do.' })
}
