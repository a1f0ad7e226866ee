import { InvalidArgumentError } from '../../errors.ts'
import type { Place, SourceMap, SourceValue } from '../../recipe/pipeline/interface.ts'
import { isJsonMap, jsonOf } from '../../recipe/pipeline/json-of.ts'
import type { ParamLayer } from '../../recipe/pipeline/params-file.ts'
import type { JsonValue } from '../../types.ts'
import type { ConfigOrigin } from './interface.ts'
import { plainValues } from './plain-values.ts'
import { groupSettings, settingValue } from './settings.ts'

/** What one layer says of one key. */
export interface Said {
  readonly value: JsonValue
  readonly origin: ConfigOrigin
  /** Of a map; null for anything else. */
  readonly parts: ReadonlyMap<string, Said> | null
}

/** A layer whose values all come from the same place. */
export function saidAtOnce(values: object, origin: ConfigOrigin, what: string): Said {
  return saidOfJson(plainValues(values, what), origin)
}

function saidOfJson(value: JsonValue, origin: ConfigOrigin): Said {
  return { value, origin, parts: isJsonMap(value) ? new Map(Object.entries(value).map(([name, inner]) => [name, saidOfJson(inner, origin)])) : null }
}

/** A file, in which every key knows its line. */
export function saidInFile(file: ParamLayer): Said {
  return saidOfSource(file, plainValues(jsonOf(file), file.place.file), file.place)
}

function saidOfSource(source: SourceValue, value: JsonValue, { file, line }: Place): Said {
  return { value, origin: { layer: 'file', path: file, line }, parts: source.kind === 'map' && isJsonMap(value) ? partsOf(source, value) : null }
}

function partsOf({ entries }: SourceMap, values: { readonly [key: string]: JsonValue }): ReadonlyMap<string, Said> {
  return new Map([...entries.values()].map(({ key, place, value }) => [key, saidOfSource(value, values[key] ?? null, place)]))
}

/**
 * Variables whose names begin with the prefix, `VARVE_CONFIG__train__rate` for `train.rate`: one layer each, in the order of their names, so that it does not matter in which order
 * the system has them. JSON counts as that, anything else as text.
 * @throws InvalidArgumentError for a name with an empty part, and for variables that give a key both a value and others within it
 */
export function saidInEnvironment(variables: Readonly<Record<string, string | undefined>>, prefix: string): readonly Said[] {
  const settings = Object.entries(variables).flatMap(([label, text]) => (label.startsWith(prefix) && text !== undefined ? [{ label, names: namesOf(label, prefix), value: settingValue(text) }] : []))
  settings.sort((a, b) => (a.label < b.label ? -1 : 1))
  // Refuses what contradicts itself; which of two variables should win, nobody can tell.
  groupSettings(settings)
  return settings.map((setting) => saidAtOnce(groupSettings([setting]), { layer: 'environment', variable: setting.label }, setting.label))
}

function namesOf(variable: string, prefix: string): readonly string[] {
  const names = variable.slice(prefix.length).split('__')
  if (names.includes('')) throw new InvalidArgumentError(`The variable ${variable} names no key`, { data: { variable }, hint: `Write two underscores between the names: ${prefix}train__rate sets train.rate.` })
  return names
}
