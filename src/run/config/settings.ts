import { InvalidArgumentError } from '../../errors.ts'
import type { JsonValue } from '../../types.ts'

/** A value that was given by itself, on the command line or in a variable. */
export interface Setting {
  /** How messages call it: `train.rate=1`. */
  readonly label: string
  /** The way to it; at least one. */
  readonly names: readonly string[]
  readonly value: JsonValue
}

/** Inherits nothing: `__proto__` is a name like any other, here and in all groups below. */
interface Group {
  [key: string]: JsonValue
}

/**
 * Puts values that were given one by one together. The last of several for one name counts. A group may be given whole, and then be added to.
 * @throws InvalidArgumentError if a name stands for a value and for a group of them, or for a group given whole after parts of it
 */
export function groupSettings(settings: Iterable<Setting>): { readonly [key: string]: JsonValue } {
  const all = emptyGroup()
  for (const { label, names, value } of settings) {
    const last = names.at(-1) ?? ''
    let group = all
    for (const name of names.slice(0, -1)) {
      const inner = Object.hasOwn(group, name) ? group[name] : (group[name] = emptyGroup())
      if (!isGroup(inner)) throw new InvalidArgumentError(`${label}: ${name} has a value already, and cannot hold others`)
      group = inner
    }
    if (Object.hasOwn(group, last)) {
      if (isGroup(group[last])) throw new InvalidArgumentError(`${label}: ${last} holds others already, and cannot be given whole`)
      if (isGroup(value)) throw new InvalidArgumentError(`${label}: ${last} has a value already, and cannot hold others`)
    }
    group[last] = value
  }
  return all
}

/** Text that is JSON counts as that, anything else as text. */
export function settingValue(text: string): JsonValue {
  try {
    return withoutPrototypes(JSON.parse(text) as JsonValue)
  } catch {
    return text
  }
}

function emptyGroup(): Group {
  return Object.create(null) as Group
}

function isGroup(value: JsonValue | undefined): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withoutPrototypes(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => withoutPrototypes(item))
  if (!isGroup(value)) return value
  const group = emptyGroup()
  for (const [key, inner] of Object.entries(value)) group[key] = withoutPrototypes(inner)
  return group
}
