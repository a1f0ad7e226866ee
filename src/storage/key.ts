import { InvalidArgumentError } from '../errors.ts'

const SEGMENT = '(?!\\.{1,2}(?:/|$))[a-z0-9._-]+'
const KEY = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`)

/** True if `text` may be the key of an object. */
export function isKey(text: string): boolean {
  return KEY.test(text)
}

/**
 * Refuses what is not a key: a relative path of one or more segments of `[a-z0-9._-]`, joined by single `/`, none of them `.` or `..`.
 * Every storage calls it first in every method, so that a key means the same object on each, and none outside of it.
 * @throws InvalidArgumentError
 */
export function assertKey(key: string): void {
  if (isKey(key)) return
  throw new InvalidArgumentError(`${JSON.stringify(key)} is not an object key`, {
    data: { key },
    hint: 'A key is made of segments of a-z, 0-9, ".", "_" and "-" joined by "/"; no segment is "." or "..".',
  })
}

/**
 * Refuses what `list` does not take: a prefix is empty, or a key followed by `/`.
 * @throws InvalidArgumentError
 */
export function assertPrefix(prefix: string): void {
  if (prefix === '' || (prefix.endsWith('/') && isKey(prefix.slice(0, -1)))) return
  throw new InvalidArgumentError(`${JSON.stringify(prefix)} is not a prefix of object keys`, {
    data: { prefix },
    hint: 'A prefix is empty, which lists everything, or ends in "/", such as "packs/".',
  })
}
