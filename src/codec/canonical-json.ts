import { InvalidArgumentError, MalformedDataError } from '../errors.ts'
import type { JsonValue } from '../types.ts'

/** Deepest nesting of objects and arrays. */
const MAX_DEPTH = 256

/**
 * JSON with the keys of every object in order of their UTF-16 units and no white space, which is RFC 8785: equal values give equal text.
 * @param what the value is, for errors: `The meta of a snapshot`
 * @throws InvalidArgumentError for what JSON cannot hold, and for what is nested too deep
 */
export function canonicalJson(value: JsonValue, what: string, depth = 1): string {
  if (depth > MAX_DEPTH && typeof value === 'object' && value !== null) throw tooDeep(what)
  // Array.from: a hole in an array is nothing that JSON can hold.
  if (Array.isArray(value)) return `[${Array.from(value as readonly JsonValue[], (item) => canonicalJson(item, what, depth + 1)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    if (!isPlain(value)) throw new InvalidArgumentError(`JSON cannot hold a ${value.constructor.name}`)
    const rows = Object.entries(value as { [key: string]: JsonValue })
    return `{${rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item, what, depth + 1)}`).join(',')}}`
  }
  const finite = typeof value !== 'number' || Number.isFinite(value)
  if (!finite || !['string', 'number', 'boolean', 'object'].includes(typeof value)) throw new InvalidArgumentError(`JSON cannot hold ${String(value)}`)
  return JSON.stringify(value)
}

/** True for what `{}` makes, and JSON.parse: anything else, such as a date, would be stored as something that it is not. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

/**
 * A value with the keys left out whose value is undefined, as JSON leaves them out. All else that JSON cannot hold stays as it is, for `canonicalJson` to refuse.
 * @throws InvalidArgumentError for what is nested too deep, which also holds for what contains itself
 */
export function withoutUndefined(value: unknown, what: string, depth = 1): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) throw tooDeep(what)
  if (Array.isArray(value)) return value.map((item) => withoutUndefined(item, what, depth + 1))
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => [key, withoutUndefined(item, what, depth + 1)]))
}

function tooDeep(what: string): InvalidArgumentError {
  return new InvalidArgumentError(`${what} is nested deeper than ${MAX_DEPTH} levels`)
}

/** Reads JSON text. @throws MalformedDataError also for what is nested deeper than anything that is written */
export function parseJson(text: string, what: string): JsonValue {
  assertDepth(text, what)
  try {
    return JSON.parse(text) as JsonValue
  } catch (cause) {
    throw new MalformedDataError(`${what} is not JSON`, { cause })
  }
}

/** The same for text that holds an object. */
export function parseJsonObject(text: string, what: string): { readonly [key: string]: JsonValue } {
  const value = parseJson(text, what)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MalformedDataError(`${what} must be a JSON object`)
  return value as { [key: string]: JsonValue }
}

/** Looks at brackets alone, before anything is made of them: whoever writes the value out again goes as deep as it does. */
function assertDepth(text: string, what: string): void {
  let depth = 0
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') isText = !isText
    else if (isText) {
      if (character === '\\') at++
    } else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    if (depth > MAX_DEPTH) throw new MalformedDataError(`${what} is nested deeper than ${MAX_DEPTH} levels`)
  }
}
