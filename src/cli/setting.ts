import { InvalidArgumentError } from '../errors.ts'
import type { JsonValue } from '../types.ts'

/** For options that may be given several times. */
export const gather = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

/** Splits `name=value`. @throws InvalidArgumentError naming the option */
export function splitPair(text: string, option: string, example: string): readonly [name: string, value: string] {
  const at = text.indexOf('=')
  if (at <= 0) throw new InvalidArgumentError(`"${text}" is not of the form name=value`, { hint: `Write ${option} ${example}.` })
  return [text.slice(0, at), text.slice(at + 1)]
}

/**
 * Parameters given one by one as `a.b=1`. A value that is JSON counts as that, anything else as text.
 * @throws InvalidArgumentError if one is no pair, or a name stands for a value and for a group of them
 */
export function parseSettings(settings: readonly string[]): { readonly [key: string]: JsonValue } {
  const params: Group = Object.create(null) as Group
  for (const setting of settings) {
    const [name, value] = splitPair(setting, '--set', 'size=32')
    const keys = name.split('.')
    const last = keys.pop() ?? ''
    let group = params
    for (const key of keys) {
      const inner = (group[key] ??= Object.create(null) as Group)
      if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) throw new InvalidArgumentError(`${setting}: ${key} has a value already, and cannot hold others`)
      group = inner as Group
    }
    group[last] = parseValue(value)
  }
  return params
}

interface Group {
  [key: string]: JsonValue
}

function parseValue(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return text
  }
}
