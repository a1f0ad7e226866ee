import type { JsonValue } from '../../types.ts'
import type { SourceValue } from './interface.ts'

/** The value alone, without its places. */
export function jsonOf(value: SourceValue): JsonValue {
  if (value.kind === 'scalar') return value.value
  if (value.kind === 'list') return value.items.map(jsonOf)
  return Object.fromEntries([...value.entries].map(([key, entry]) => [key, jsonOf(entry.value)]))
}

/** The way to what stands under `key`. */
export function childPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** What kind of value it is, in words. */
export function kindOf(value: JsonValue): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return { string: 'text', number: 'a number', boolean: 'true or false', object: 'a map' }[typeof value as 'string' | 'number' | 'boolean' | 'object']
}

export function isJsonMap(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
