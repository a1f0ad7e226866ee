import type { ByteRange } from '../../storage/interface.ts'
import { RequestFailure } from './request-failure.ts'

/** Where the bytes of a partial answer are in the object, `end` exclusive, and the size of the whole. */
export interface ContentRange extends ByteRange {
  readonly total: number
}

/** Servers read the end of a range as a number of 63 bits at most, some of fewer. */
const LARGEST_END: number = 2 ** 50

/** The header that asks for a part, which must not be empty. */
export function rangeHeader({ start, end }: ByteRange): string {
  return end > LARGEST_END ? `bytes=${start}-` : `bytes=${start}-${end - 1}`
}

/** The header of a partial answer, or undefined if it is not in that form. */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(header ?? '')
  if (match === null) return undefined
  const [start, last, total] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return Number.isSafeInteger(total) && start <= last && last < total ? { start, end: last + 1, total } : undefined
}

/** @throws RequestFailure unless a partial answer is what `asked` comes to for an object of the size that the answer tells */
export function assertAsked(header: string | undefined, asked: ByteRange): ContentRange {
  const given = parseContentRange(header)
  if (given !== undefined && given.start === asked.start && given.end === Math.min(asked.end, given.total)) return given
  throw new RequestFailure({
    reason: 'EWRONGRANGE', what: `the server answers with ${header === undefined ? 'no range' : JSON.stringify(header.slice(0, 100))} when asked for ${rangeHeader(asked)}`, again: 'soon',
    hint: 'A cache or proxy in between may mix up ranges; go around it, then run the same command again.',
  })
}
