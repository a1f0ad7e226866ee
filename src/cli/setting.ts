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
 * Parameters given one by one as `a.b=1`. A value that is JSON counts as that, anything else as text; the last of several values for one name counts. A group may be given whole, as
 * `a={"b":1}`, and then be added to.
 * @throws InvalidArgumentError if one is no pair, or a name stands for a value and for a group of them, or for a group given whole after parts of it
 */
export function parseSettings(settings: readonly string[]): { readonly [key: string]: JsonValue } {
  const params = emptyGroup()
  for (const setting of settings) {
    const [name, value] = splitPair(setting, '--set', 'size=32')
    const keys = name.split('.')
    const last = keys.pop() ?? ''
    let group = params
    for (const key of keys) {
      const inner = Object.hasOwn(group, key) ? group[key] : (group[key] = emptyGroup())
      if (!isGroup(inner)) throw new InvalidArgumentError(`${setting}: ${key} has a value already, and cannot hold others`)
      group = inner
    }
    const given = parseValue(value)
    if (Object.hasOwn(group, last)) {
      if (isGroup(group[last])) throw new InvalidArgumentError(`${setting}: ${last} holds others already, and cannot be given whole`)
      if (isGroup(given)) throw new InvalidArgumentError(`${setting}: ${last} has a value already, and cannot hold others`)
    }
    group[last] = given
  }
  return params
}

/** Inherits nothing: `__proto__` is a name like any other, here and in all groups below. */
interface Group {
  [key: string]: JsonValue
}

function emptyGroup(): Group {
  return Object.create(null) as Group
}

function isGroup(value: JsonValue | undefined): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseValue(text: string): JsonValue {
  try {
    return withoutPrototypes(JSON.parse(text) as JsonValue)
  } catch {
    return text
  }
}

function withoutPrototypes(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => withoutPrototypes(item))
  if (!isGroup(value)) return value
  const group = emptyGroup()
  for (const [key, inner] of Object.entries(value)) group[key] = withoutPrototypes(inner)
  return group
}
