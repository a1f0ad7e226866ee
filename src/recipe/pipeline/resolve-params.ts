import { InvalidArgumentError, PipelineError } from '../../errors.ts'
import type { JsonValue } from '../../types.ts'
import type { SourceEntry, SourceMap, SourceValue } from './interface.ts'
import { childPath, isJsonMap, jsonOf, kindOf } from './json-of.ts'
import { suggestion } from '../../dataset/near-names.ts'
import type { ParamLayer } from './params-file.ts'
import { Problems } from './problems.ts'
import { readYaml } from './read-yaml.ts'

/** The file of a value that was given on the command line. */
const OVERRIDE = '--set'

/** One parameter that is no map. */
export interface ParamEntry {
  /** `train.rate` */
  readonly name: string
  readonly value: JsonValue
  /** `params.yaml:3`, `--set`, or both with a comma between them for a list in which a place was set. */
  readonly origin: string
}

export interface ResolvedParams {
  readonly values: { readonly [key: string]: JsonValue }
  /** Every value that is no map, and every empty map, in the order of `values`. */
  readonly entries: readonly ParamEntry[]
}

/**
 * Lays parameters over each other. Later layers win, key by key: maps are merged, everything else is replaced whole. Then overrides replace what has their name.
 * @param overrides `train.rate=0.1`: dotted names of what is there, numbers for places in lists; the value is read as in a YAML flow, so that `1` is a number, `'1'` text and `[1, 2]` a list
 * @throws InvalidArgumentError for an override whose name is not there, naming near ones, or whose value cannot be read
 */
export function resolveParams(layers: readonly ParamLayer[], overrides: readonly string[] = []): ResolvedParams {
  let merged: SourceMap = { kind: 'map', entries: new Map(), path: '', place: { file: OVERRIDE, line: 0, column: 0 } }
  for (const layer of layers) merged = merge(merged, layer)
  for (const override of overrides) merged = applyOverride(merged, override)
  const values = jsonOf(merged)
  return { values: isJsonMap(values) ? values : {}, entries: [...entriesOf(merged, '')] }
}

function merge(below: SourceMap, above: SourceMap): SourceMap {
  const entries = new Map<string, SourceEntry>(below.entries)
  for (const [key, entry] of above.entries) {
    const earlier = entries.get(key)?.value
    entries.set(key, earlier?.kind === 'map' && entry.value.kind === 'map' ? { ...entry, value: merge(earlier, entry.value) } : entry)
  }
  return { ...above, entries }
}

function* entriesOf(value: SourceValue, name: string): Generator<ParamEntry> {
  if (value.kind === 'map' && (value.entries.size > 0 || name === '')) {
    for (const [key, entry] of value.entries) yield* entriesOf(entry.value, childPath(name, key))
  } else {
    yield { name, value: jsonOf(value), origin: originOf(value) }
  }
}

function originOf(value: SourceValue): string {
  if (value.place.file === OVERRIDE) return OVERRIDE
  return `${value.place.file}:${value.place.line}${isOverridden(value) ? `, ${OVERRIDE}` : ''}`
}

function isOverridden(value: SourceValue): boolean {
  if (value.place.file === OVERRIDE) return true
  return value.kind === 'list' ? value.items.some(isOverridden) : value.kind === 'map' && [...value.entries.values()].some((entry) => isOverridden(entry.value))
}

function applyOverride(values: SourceMap, override: string): SourceMap {
  const at = override.indexOf('=')
  const name = override.slice(0, Math.max(0, at))
  if (name === '') throw new InvalidArgumentError(`"${override}" sets nothing`, { data: { override }, hint: 'Write name=value: train.rate=0.1' })
  const value = overrideValue(override.slice(at + 1), name)
  const replaced = replaceAt(values, name.split('.'), value, { name, way: '' })
  return replaced.kind === 'map' ? replaced : values
}

function overrideValue(text: string, name: string): SourceValue {
  const problems = new Problems()
  const value = readYaml(text, OVERRIDE, problems)
  try {
    problems.throwIfAny()
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    throw new InvalidArgumentError(`The value of "${name}" cannot be read: ${error.problems[0]?.message ?? ''}`, { cause: error, data: { name, value: text }, hint: 'Write text that has signs of YAML in it in quotes: \'name="a: b"\'' })
  }
  const isFlow = value === undefined || value.kind === 'scalar' || /^\s*[[{]/.test(text)
  if (!isFlow) throw new InvalidArgumentError(`The value of "${name}" looks like ${kindOf(jsonOf(value))}`, { data: { name, value: text }, hint: 'Write text in quotes, lists as [a, b] and maps as {a: b}.' })
  return value ?? { kind: 'scalar', value: null, written: '', path: name, place: { file: OVERRIDE, line: 1, column: 1 } }
}

function replaceAt(from: SourceValue, keys: readonly string[], to: SourceValue, { name, way }: { name: string; way: string }): SourceValue {
  const [key, ...rest] = keys
  if (key === undefined) return to
  const next = { name, way: childPath(way, key) }
  if (from.kind === 'list') {
    const item = /^(0|[1-9]\d*)$/.test(key) ? from.items[Number(key)] : undefined
    if (item === undefined) throw unknownParam(name, `"${way}" is a list of ${from.items.length}, without "${key}"`, [])
    return { ...from, items: from.items.map((old) => (old === item ? replaceAt(item, rest, to, next) : old)) }
  }
  const entry = from.kind === 'map' ? from.entries.get(key) : undefined
  if (from.kind !== 'map') throw unknownParam(name, `"${way}" is ${kindOf(jsonOf(from))}`, [])
  if (entry === undefined) throw unknownParam(name, '', [...from.entries.keys()].map((known) => childPath(way, known)))
  return { ...from, entries: new Map([...from.entries].map(([known, old]) => [known, old === entry ? { ...old, value: replaceAt(entry.value, rest, to, next) } : old])) }
}

function unknownParam(name: string, reason: string, known: readonly string[]): InvalidArgumentError {
  return new InvalidArgumentError(`There is no parameter "${name}"${reason === '' ? suggestion(name, known) : `: ${reason}`}`, {
    data: { name }, hint: 'Only parameters that a file or the pipeline gives a value can be set.',
  })
}
