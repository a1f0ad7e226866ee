import { asArray, asCount, asRecord, asText, shownValue } from '../../codec/shape.ts'
import { InvalidArgumentError, MalformedDataError } from '../../errors.ts'
import { isJsonMap } from '../../recipe/pipeline/json-of.ts'
import type { JsonValue } from '../../types.ts'
import { innerKey } from './config-key.ts'
import type { ConfigEntry, ConfigOrigin, ResolvedConfig } from './interface.ts'
import { frozenCopy, type JsonMap } from './plain-values.ts'
import { configHash } from './resolve-config.ts'

/** By how near they are: what is overridden is never nearer than what overrides it. */
const LAYER_ORDER: readonly ConfigOrigin['layer'][] = ['default', 'file', 'environment', 'program', 'set']

/** The form in which a configuration is part of a run's block. A value stands in it once, under `values`: entries say where those come from. */
export function configToJson({ values, entries, hash }: ResolvedConfig): JsonMap {
  return { values, entries: entries.map(({ key, origin, overrides }) => ({ key, origin: { ...origin }, overrides: overrides.map((one) => ({ value: one.value, origin: { ...one.origin } })) })), hash }
}

/**
 * Reads it back, and checks that entries are those of the values, that no farther layer overrides a nearer one, and the hash.
 * @throws MalformedDataError that says what is wrong
 */
export function configFromJson(json: unknown): ResolvedConfig {
  const fields = asRecord(json, 'A configuration', ['values', 'entries', 'hash'])
  const values = asValues(fields.values)
  const leaves = [...leavesOf(values, null)].sort(([a], [b]) => (a < b ? -1 : 1))
  const rows = asArray(fields.entries, 'The entries of a configuration', leaves.length)
  const entries = leaves.map(([key, value], at) => asEntry(rows[at], key, value))
  const hash = configHash(values)
  if (fields.hash !== hash) throw new MalformedDataError(`A configuration says that its hash is ${shownValue(fields.hash)}, and it is ${hash}`)
  return { values, entries, hash }
}

function asEntry(row: unknown, key: string, value: JsonValue): ConfigEntry {
  const fields = asRecord(row, 'An entry of a configuration', ['key', 'origin', 'overrides'])
  if (fields.key !== key) throw new MalformedDataError(`An entry of a configuration is for ${shownValue(fields.key)}, where ${shownValue(key)} must be`)
  const origin = asOrigin(fields.origin)
  const overrides = asArray(fields.overrides, 'What a value overrides').map((one) => {
    const overridden = asRecord(one, 'What a value overrides', ['value', 'origin'])
    return { value: asJson(overridden.value, 'A value that was overridden'), origin: asOrigin(overridden.origin) }
  })
  const order = [origin, ...overrides.map((one) => one.origin)].map(({ layer }) => LAYER_ORDER.indexOf(layer))
  if (order.some((rank, at) => rank > (order[at - 1] ?? rank))) throw new MalformedDataError(`The layers that ${shownValue(key)} comes from are out of order`)
  return { key, value, origin, overrides }
}

function asOrigin(value: unknown): ConfigOrigin {
  const layer: unknown = isJsonMap(value as JsonValue | undefined) && Object.hasOwn(value as object, 'layer') ? (value as { layer: unknown }).layer : undefined
  if (layer === 'default' || layer === 'program' || layer === 'set') {
    asRecord(value, 'An origin', ['layer'])
    return { layer }
  }
  if (layer === 'environment') return { layer, variable: asText(asRecord(value, 'An origin', ['layer', 'variable']).variable, 'A variable of a configuration') }
  if (layer !== 'file') throw new MalformedDataError(`A value of a configuration comes from ${shownValue(layer)}, which is no layer`)
  const { path, line } = asRecord(value, 'An origin', ['layer', 'path', 'line'])
  if (line === 0) throw new MalformedDataError('A line of a configuration must count from 1')
  return { layer, path: asText(path, 'A path of a configuration'), line: line === null ? null : asCount(line, 'A line of a configuration') }
}

function asValues(value: unknown): JsonMap {
  const values = asJson(value, 'The values of a configuration')
  if (!isJsonMap(values)) throw new MalformedDataError('The values of a configuration must be a map')
  return values
}

function asJson(value: unknown, what: string): JsonValue {
  try {
    return frozenCopy(value as JsonValue, what)
  } catch (error) {
    throw error instanceof InvalidArgumentError ? new MalformedDataError(error.message, { cause: error }) : error
  }
}

/** Every value that is no map, and every empty map. */
function* leavesOf(values: JsonMap, outer: string | null): Generator<readonly [key: string, value: JsonValue]> {
  for (const [name, value] of Object.entries(values)) {
    const key = innerKey(outer, name)
    if (isJsonMap(value) && Object.keys(value).length > 0) yield* leavesOf(value, key)
    else yield [key, value]
  }
}
