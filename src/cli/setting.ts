import { InvalidArgumentError } from '../errors.ts'
import { splitKey } from '../run/config/config-key.ts'
import { groupSettings, settingValue } from '../run/config/settings.ts'
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
 * `a={"b":1}`, and then be added to. A dot that is part of a name has a backslash before it.
 * @throws InvalidArgumentError if one is no pair, or a name stands for a value and for a group of them, or for a group given whole after parts of it
 */
export function parseSettings(settings: readonly string[]): { readonly [key: string]: JsonValue } {
  return groupSettings(settings.map((label) => {
    const [name, value] = splitPair(label, '--set', 'size=32')
    return { label, names: splitKey(name), value: settingValue(value) }
  }))
}
