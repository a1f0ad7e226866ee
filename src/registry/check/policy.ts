import { PipelineError, PolicyError } from '../../errors.ts'
import type { SourceEntry, SourceMap, SourceValue } from '../../recipe/pipeline/interface.ts'
import { jsonOf, kindOf } from '../../recipe/pipeline/json-of.ts'
import { suggestion } from '../../dataset/near-names.ts'
import { Problems } from '../../recipe/pipeline/problems.ts'
import { FieldReader } from '../../recipe/pipeline/read-fields.ts'
import { readYaml } from '../../recipe/pipeline/read-yaml.ts'
import type { Tolerances } from '../../run/tolerances.ts'
import { momentOf } from '../moment.ts'
import type { CheckItemId, CheckLevel, CheckPolicy } from './interface.ts'
import { CHECK_LEVELS } from './levels.ts'
import { CHECK_ITEMS } from './rules.ts'

export const POLICY_KEYS: readonly string[] = ['level', 'require', 'waive', 'tolerances', 'before']
export const REQUIRE_KEYS: readonly string[] = ['item', 'proven']
export const WAIVE_KEYS: readonly string[] = ['item', 'why', 'expires']
export const BEFORE_KEYS: readonly string[] = ['approve', 'alias']

export interface ParsePolicyOptions {
  /** Its name, for messages. */
  readonly file: string
  /** What waivers have to outlive. */
  readonly now: Date
}

/**
 * Reads a policy, `varve-policy.yaml`:
 *
 * ```yaml
 * level: reproducible                # what `varve check` asks for
 * require:                           # items that are asked for at every level
 *   - image
 *   - { item: seed, proven: true }   # to say so is not enough
 * waive:                             # items that are not asked for: why, and until when
 *   - { item: committed, why: the code is under review, expires: 2027-01-31 }
 * tolerances: { loss: 0.001 }        # how far metrics of a re-run may be from those of the run
 * before:                            # what must be reached first
 *   approve: reproducible
 *   alias: { production: reproducible }
 * ```
 *
 * @throws PolicyError with every problem by line and column: what is no YAML, unknown keys and items, a waiver without a why, one that has expired
 */
export function parsePolicy(text: string, { file, now }: ParsePolicyOptions): CheckPolicy {
  const problems = new Problems()
  try {
    const source = readYaml(text, file, problems)
    problems.throwIfAny()
    const policy = read(source ?? { kind: 'map', entries: new Map(), path: '', place: { file, line: 1, column: 1 } }, file, now, problems)
    problems.throwIfAny()
    return policy
  } catch (error) {
    throw error instanceof PipelineError ? new PolicyError(error.problems) : error
  }
}

const NOTHING = { level: null, required: [], waived: [], tolerances: {}, before: { approve: null, alias: new Map<string, CheckLevel>() } } as const

function read(source: SourceValue, file: string, now: Date, problems: Problems): CheckPolicy {
  if (source.kind !== 'map') {
    problems.add(source, `A policy is a map with ${POLICY_KEYS.join(', ')}, not ${kindOf(jsonOf(source))}`)
    return { file, ...NOTHING }
  }
  const fields = new FieldReader(source, POLICY_KEYS, 'A policy', problems)
  const required = (fields.list('require')?.items ?? []).flatMap((item) => readRequired(item, problems))
  const waived = (fields.list('waive')?.items ?? []).flatMap((item) => readWaiver(item, now, problems))
  const seen = new Set<CheckItemId>()
  for (const { item, source: place } of [...required, ...waived]) {
    if (seen.has(item)) problems.add(place, `"${item}" is there before; an item is either required or waived, once`)
    seen.add(item)
  }
  return {
    file, level: fields.one('level', CHECK_LEVELS) ?? null, required: required.map(({ item, proven }) => ({ item, proven })), waived: waived.map(({ item, why, expires }) => ({ item, why, expires })),
    tolerances: readTolerances(fields.mapOf('tolerances'), problems), before: readBefore(fields.mapOf('before'), problems),
  }
}

type Read<T> = T & { readonly source: SourceValue }

function readRequired(source: SourceValue, problems: Problems): readonly Read<CheckPolicy['required'][number]>[] {
  if (source.kind !== 'map') {
    const item = itemOf(source, problems)
    return item === undefined ? [] : [{ item, proven: false, source }]
  }
  const fields = new FieldReader(source, REQUIRE_KEYS, 'A required item', problems)
  const item = neededItem(fields, problems)
  const proven = fields.get('proven')
  if (proven !== undefined && (proven.kind !== 'scalar' || typeof proven.value !== 'boolean')) fields.problem('proven', '"proven" of a required item must be true or false')
  return item === undefined ? [] : [{ item, proven: proven?.kind === 'scalar' && proven.value === true, source }]
}

function readWaiver(source: SourceValue, now: Date, problems: Problems): readonly Read<CheckPolicy['waived'][number]>[] {
  if (source.kind !== 'map') {
    problems.add(source, `A waiver is a map with ${WAIVE_KEYS.join(', ')}, not ${kindOf(jsonOf(source))}`)
    return []
  }
  const fields = new FieldReader(source, WAIVE_KEYS, 'A waiver', problems)
  const item = neededItem(fields, problems)
  for (const key of ['why', 'expires']) if (!fields.has(key)) fields.problem(key, `A waiver needs "${key}"`)
  const [why, expires] = [fields.text('why'), fields.text('expires')]
  if (why?.trim() === '') fields.problem('why', 'A waiver needs a "why" that says something')
  const end = expires === undefined ? undefined : momentOf(expires)
  if (expires !== undefined && end === undefined) fields.problem('expires', `"${expires}" is not a date; write 2027-01-31, or 2027-01-31T12:00:00Z`)
  if (end !== undefined && end < now.getTime()) fields.problem('expires', `This waiver has expired: it held until ${expires}`)
  return item === undefined || why === undefined || expires === undefined ? [] : [{ item, why, expires, source }]
}

function neededItem(fields: FieldReader, problems: Problems): CheckItemId | undefined {
  const value = fields.get('item')
  return value === undefined ? fields.problem('item', `An item is missing: one of ${CHECK_ITEMS.join(', ')}`) : itemOf(value, problems)
}

function itemOf(value: SourceValue, problems: Problems): CheckItemId | undefined {
  const known = value.kind === 'scalar' ? CHECK_ITEMS.find((item) => item === value.value) : undefined
  if (known !== undefined) return known
  const shown = value.kind === 'scalar' && value.value !== null ? `"${value.written}"` : kindOf(jsonOf(value))
  const near = value.kind === 'scalar' && typeof value.value === 'string' ? suggestion(value.value, CHECK_ITEMS) : ''
  problems.add(value, `${shown} is no item of the checklist${near === '' ? `; there are ${CHECK_ITEMS.join(', ')}` : near}`)
  return undefined
}

function readTolerances(map: SourceMap | undefined, problems: Problems): Tolerances {
  const entries = [...(map?.entries.values() ?? [])].flatMap(({ key, value }: SourceEntry) => {
    if (value.kind === 'scalar' && typeof value.value === 'number' && value.value >= 0) return [[key, value.value] as const]
    problems.add(value, `The tolerance of "${key}" must be a number that is not negative`)
    return []
  })
  return Object.fromEntries(entries)
}

function readBefore(map: SourceMap | undefined, problems: Problems): CheckPolicy['before'] {
  if (map === undefined) return NOTHING.before
  const fields = new FieldReader(map, BEFORE_KEYS, '"before"', problems)
  const aliases = fields.mapOf('alias')
  const reader = aliases === undefined ? undefined : new FieldReader(aliases, [...aliases.entries.keys()], 'An alias', problems)
  const alias = [...(aliases?.entries.keys() ?? [])].flatMap((name) => {
    const level = reader?.one(name, CHECK_LEVELS)
    return level === undefined ? [] : [[name, level] as const]
  })
  return { approve: fields.one('approve', CHECK_LEVELS) ?? null, alias: new Map(alias) }
}
