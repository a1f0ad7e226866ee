import { canonicalJson, withoutUndefined } from '../../codec/canonical-json.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { isJsonMap } from '../../recipe/pipeline/json-of.ts'
import type { JsonValue } from '../../types.ts'

/** A map of JSON values by name. */
export interface JsonMap {
  readonly [key: string]: JsonValue
}

/** A frozen copy of what a program gives as configuration. Keys whose value is undefined are left out. @throws InvalidArgumentError for what is no map, or holds what JSON cannot */
export function plainValues(values: unknown, what: string): JsonMap {
  const copy = frozenCopy(withoutUndefined(values, what) as JsonValue, what)
  if (!isJsonMap(copy)) throw new InvalidArgumentError(`${what} must be a map from names to values`)
  return copy
}

/**
 * A copy that nobody can change, with the keys of all maps in canonical order: a program that goes through them does the same when its run is reproduced from the record.
 * @throws InvalidArgumentError for what JSON cannot hold
 */
export function frozenCopy(value: JsonValue, what: string): JsonValue {
  return frozen(JSON.parse(canonicalJson(value, what)) as JsonValue)
}

function frozen(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values<JsonValue>(value)) frozen(inner)
  return Object.freeze(value)
}
