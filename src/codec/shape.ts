import { assertOwnCid, CID } from '../cid/cid.ts'
import { MalformedDataError } from '../errors.ts'

const MAX_SHOWN_LENGTH = 40

/** Readers for decoded dag-cbor. Each returns the value with its type, or refuses it with the name of the field. */

/** An array of exactly `length` items, or of any length. */
export function asArray(value: unknown, what: string, length?: number): readonly unknown[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    throw new MalformedDataError(`${what} must be an array${length === undefined ? '' : ` of ${length} items`}`)
  }
  return value as readonly unknown[]
}

/** An integer from 0 to `max`, never beyond what a double holds exactly. */
export function asCount(value: unknown, what: string, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new MalformedDataError(`${what} must be an integer from 0 to ${max}`)
  }
  return value
}

/** A byte string of at most `max` bytes. */
export function asBytes(value: unknown, what: string, max: number = Number.MAX_SAFE_INTEGER): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length > max) throw new MalformedDataError(`${what} must be a byte string${max === Number.MAX_SAFE_INTEGER ? '' : ` of at most ${max} bytes`}`)
  return value
}

/** A text string. */
export function asText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new MalformedDataError(`${what} must be text`)
  return value
}

/** A link of a kind that varve writes; `code` narrows the codec. */
export function asCid(value: unknown, what: string, code?: number): CID {
  const cid = CID.asCID(value)
  if (cid === null) throw new MalformedDataError(`${what} must be a CID`)
  assertOwnCid(cid)
  if (code !== undefined && cid.code !== code) throw new MalformedDataError(`${what} must be a CID with codec 0x${code.toString(16)}`)
  return cid
}

/** A value for a message. Only what is a number or text has a text of its own: to ask a map for one calls what stands in it as `toString`. */
export function shownValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_SHOWN_LENGTH))
  return ['number', 'bigint', 'boolean', 'undefined'].includes(typeof value) || value === null ? String(value) : 'something else'
}

/** A map with exactly the given keys, and perhaps some of `optional`. */
export function asRecord<Key extends string, Optional extends string = never>(
  value: unknown, what: string, keys: readonly Key[], optional: readonly Optional[] = [],
): Readonly<Record<Key, unknown> & Partial<Record<Optional, unknown>>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array || CID.asCID(value) !== null) {
    throw new MalformedDataError(`${what} must be a map`)
  }
  const allowed: readonly string[] = [...keys, ...optional]
  if (!Object.keys(value).every((key) => allowed.includes(key)) || !keys.every((key) => Object.hasOwn(value, key))) {
    throw new MalformedDataError(`${what} must have exactly the fields ${keys.join(', ')}`)
  }
  return value as Readonly<Record<Key, unknown> & Partial<Record<Optional, unknown>>>
}
