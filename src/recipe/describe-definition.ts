import { InvalidArgumentError } from '../errors.ts'
import type { JsonValue } from '../types.ts'
import type { DeterminismClaim } from './define-recipe.ts'
import type { EnvironmentPolicy } from './interface.ts'
import { isMapRule, type MapRule, MAX_SHARDS } from './map/map-rule.ts'
import { foldedPartName, isPartName, PART_NAME_RULE } from './names.ts'

/** A definition as plain data: without its function and its schema, defaults filled in. */
export interface RecipeDescription {
  readonly name: string
  readonly version: string | null
  /** Whether there is a schema for parameters. */
  readonly takesParams: boolean
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly deterministic: DeterminismClaim
  readonly environment: EnvironmentPolicy
  readonly map: MapRule | null
  readonly files: readonly string[]
}

const FIELDS = new Set(['name', 'version', 'params', 'inputs', 'outputs', 'deterministic', 'environment', 'map', 'files', 'captures', 'run'])
const POLICIES: readonly EnvironmentPolicy[] = ['none', 'runtime', 'locked', 'image']
const MAX_NAME_LENGTH = 200
const CONTROL = /\p{Cc}/u

/**
 * Checks what a module exports as a recipe: JavaScript has nothing else that does.
 * @param what how messages call it, such as `prep.mjs#features`
 * @throws InvalidArgumentError that says which field is wrong, and how
 */
export function describeDefinition(value: unknown, what: string): RecipeDescription {
  const wrong = (why: string): never => {
    throw new InvalidArgumentError(`${what} is not a recipe: ${why}`, { hint: 'Export what defineRecipe({ name, inputs, outputs, run }) returns.' })
  }
  if (typeof value !== 'object' || value === null) return wrong(`it is ${value === null ? 'null' : `a ${typeof value}`}`)
  const fields = value as Readonly<Record<string, unknown>>
  const unknown = Object.keys(fields).find((field) => !FIELDS.has(field))
  if (unknown !== undefined) wrong(`it has a field "${unknown}", which there is none of`)
  const { name, version, params, inputs, outputs, deterministic = 'bitwise', environment = 'locked', map, files = [], captures = {}, run } = fields
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH || CONTROL.test(name)) return wrong(`its name must be text of 1 to ${MAX_NAME_LENGTH} characters`)
  if (version !== undefined && typeof version !== 'string') return wrong('its version must be text')
  if (typeof run !== 'function') wrong('its run must be a function')
  if (params !== undefined && !isSchema(params)) wrong('its params must be a Standard Schema, as zod, valibot and arktype make them')
  if (!isNames(inputs)) return wrong(`its inputs must be an array of names: ${PART_NAME_RULE}`)
  if (!isNames(outputs) || outputs.length === 0) return wrong(`its outputs must be an array of at least one name: ${PART_NAME_RULE}`)
  for (const [kind, names] of [['inputs', inputs], ['outputs', outputs]] as const) {
    if (new Set(names.map(foldedPartName)).size < names.length) wrong(`two of its ${kind} have names that differ by case or by - and _ alone`)
  }
  if (!isDeterminism(deterministic)) return wrong('its deterministic must be \'bitwise\', { tolerance: … } or false')
  const policy = POLICIES.find((known) => known === environment) ?? wrong(`its environment must be one of ${POLICIES.join(', ')}`)
  if (map !== undefined && !isMapRule(map)) return wrong(`its map must be 'file' or { shards: n }, n from 1 to ${MAX_SHARDS}, or absent`)
  if (map !== undefined && inputs.length === 0) wrong('with a map it needs an input whose files it is called for')
  if (!Array.isArray(files) || !files.every((glob) => typeof glob === 'string')) return wrong('its files must be an array of globs')
  if (typeof captures !== 'object' || captures === null || Array.isArray(captures)) return wrong('its captures must be plain data by the names of variables')
  const [unplain] = unplainParts(captures, '')
  if (unplain !== undefined) wrong(unplain.path === '' ? `its captures are ${unplain.what}, and not plain data by the names of variables` : `its capture ${unplain.path} is ${unplain.what}, and captures must be plain data: texts, finite numbers, booleans, null, arrays and objects of these`)
  return { name, version: version ?? null, takesParams: params !== undefined, inputs, outputs, deterministic, environment: policy, map: map ?? null, files }
}

function isSchema(value: unknown): boolean {
  // Some libraries make schemas that are functions.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as { '~standard'?: { version?: unknown; validate?: unknown } })['~standard']
  return standard?.version === 1 && typeof standard.validate === 'function'
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isPartName)
}

function isDeterminism(value: unknown): value is DeterminismClaim {
  if (value === 'bitwise' || value === false) return true
  return typeof value === 'object' && value !== null && Object.keys(value).join() === 'tolerance' && isJson((value as { tolerance: unknown }).tolerance)
}

/** What in a value JSON would not give back as it is: where it stands, and what it is, as `a function` or `a Date`. */
function* unplainParts(value: unknown, path: string): Generator<{ readonly path: string; readonly what: string }> {
  if (isJson(value)) return
  const isPlain = Array.isArray(value) || (typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null))
  if (!isPlain) {
    const what = typeof value === 'object' && value !== null ? articled(value.constructor.name) : typeof value === 'number' || value === undefined ? String(value) : `a ${typeof value}`
    yield { path, what }
    return
  }
  for (const [key, item] of Object.entries(value as object)) yield* unplainParts(item, path === '' ? key : `${path}.${key}`)
}

function articled(className: string): string {
  if (className === '') return 'an object of a class'
  return /^[AEIOU]/.test(className) ? `an ${className}` : `a ${className}`
}

/** True for what JSON gives back as it is. */
export function isJson(value: unknown): value is JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  if (typeof value !== 'object') return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson)
}
