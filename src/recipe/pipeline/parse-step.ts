import type { DeterminismClaim } from '../define-recipe.ts'
import { isMapRule, type MapRule, MAX_SHARDS } from '../map/map-rule.ts'
import type { PipelineStep, SourceEntry, SourceScalar, SourceText, SourceValue, StepAction } from './interface.ts'
import { jsonOf, kindOf } from './json-of.ts'
import { localPathProblem } from './local-path.ts'
import { suggestion } from '../../dataset/near-names.ts'
import { checkPlaceholders } from './placeholders.ts'
import type { Problems } from './problems.ts'
import { FieldReader, NAME, nameRule } from './read-fields.ts'
import { refNameProblem } from './ref-targets.ts'
import { hasReference, isReference } from './references.ts'

/** Of a command alone: a recipe declares them in its module. */
const COMMAND_KEYS = ['code', 'environment', 'deterministic', 'map'] as const
/** The keys of a step. */
export const STEP_KEYS: readonly string[] = ['recipe', 'command', ...COMMAND_KEYS, 'inputs', 'params', 'outputs', 'refs', 'seed', 'foreach']

const ENVIRONMENTS = ['none', 'runtime', 'locked', 'image'] as const

/** Reads one step. What is wrong is added to the problems, and left out of the result. */
export function parseStep({ key: name, place, value }: SourceEntry, problems: Problems): PipelineStep {
  const nothing: PipelineStep = { name, place, action: { kind: 'recipe', module: '', exportName: null }, inputs: [], params: null, outputs: null, refs: [], seed: null, foreach: null }
  if (value.kind !== 'map') {
    problems.add({ place, path: value.path }, `A step is a map with "recipe" or "command", not ${kindOf(jsonOf(value))}`)
    return nothing
  }
  const fields = new FieldReader(value, STEP_KEYS, 'A step', problems)
  const atName = { place, path: value.path }
  if (fields.has('recipe') && fields.has('command')) fields.problem('command', 'A step has either "recipe" or "command", not both')
  else if (!fields.has('recipe') && !fields.has('command')) problems.add(atName, `"${name}" needs "recipe" or "command"`)
  const isCommand = fields.has('command')
  for (const key of isCommand ? [] : COMMAND_KEYS) if (fields.has(key)) fields.problem(key, `"${key}" belongs to a command; a recipe declares it in its module`)
  const outputs = readOutputs(fields, problems)
  if (isCommand && !fields.has('outputs')) problems.add(atName, `"${name}" needs "outputs": nothing else tells what its command makes`)
  if (isCommand && !fields.has('code')) problems.add(atName, `"${name}" needs "code": the files that its command runs; [] if it runs none`)
  const inputs = fields.textEntries('inputs')
  const params = readParams(fields, problems)
  const refs = readRefs(fields, outputs, problems)
  const action = isCommand ? readCommand(fields, problems) : readRecipe(fields)
  const command = fields.get('command')
  if (command?.kind === 'list') checkPlaceholders(command.items, { inputs: inputs.map(({ key }) => key), outputs, params: params?.kind === 'map' ? [...params.entries.keys()] : null, foreach: fields.has('foreach') }, problems)
  return { name, place, action: action ?? nothing.action, inputs, params, outputs, refs, seed: readSeed(fields, problems), foreach: readForeach(fields, problems) }
}

function readRecipe(fields: FieldReader): StepAction | undefined {
  const text = fields.text('recipe')
  if (text === undefined) return undefined
  const at = text.indexOf('#')
  const module = at < 0 ? text : text.slice(0, at)
  const exportName = at < 0 ? null : text.slice(at + 1)
  const problem = localPathProblem(module) ?? (exportName === '' ? 'after "#" comes the name of an export' : undefined)
  return problem === undefined ? { kind: 'recipe', module, exportName } : fields.problem('recipe', `"${text}" cannot be a recipe: ${problem}`)
}

function readCommand(fields: FieldReader, problems: Problems): StepAction {
  const command = fields.get('command')
  if (command?.kind !== 'list') fields.problem('command', '"command" is a list of words; for a line that a shell reads: [sh, -c, "…"]')
  const words: string[] = []
  for (const item of command?.kind === 'list' ? command.items : []) {
    // A number is passed on as it is written.
    const word = item.kind !== 'scalar' || item.value === null ? undefined : typeof item.value === 'string' ? item.value : item.written
    if (word === undefined) problems.add(item, `A word of a command must be text, not ${kindOf(jsonOf(item))}`)
    else words.push(word)
  }
  if (command?.kind === 'list' && (command.items.length === 0 || words[0] === '')) fields.problem('command', 'A command begins with the name of a program')
  const code = fields.texts('code') ?? []
  for (const item of code) {
    const problem = localPathProblem(item.value)
    if (problem !== undefined) problems.add(item, `"${item.value}" cannot be code: ${problem}`)
  }
  return { kind: 'command', words, code: code.map(({ value }) => value), environment: fields.one('environment', ENVIRONMENTS) ?? 'locked', deterministic: readDeterministic(fields, problems), map: readMap(fields, problems) }
}

function readMap(fields: FieldReader, problems: Problems): MapRule | null {
  const value = fields.get('map')
  if (value === undefined) return null
  const rule = jsonOf(value)
  if (!isMapRule(rule)) problems.add(value, `"map" must be file or a map with "shards", a number from 1 to ${MAX_SHARDS}`)
  else if (!fields.has('inputs')) problems.add(value, '"map" needs "inputs": the command is started for parts of the first one')
  return isMapRule(rule) ? rule : null
}

function readDeterministic(fields: FieldReader, problems: Problems): DeterminismClaim {
  const value = fields.get('deterministic')
  if (value === undefined || (value.kind === 'scalar' && value.value === 'bitwise')) return 'bitwise'
  if (value.kind === 'scalar' && value.value === false) return false
  const tolerance = value.kind === 'map' ? new FieldReader(value, ['tolerance'], '"deterministic"', problems).get('tolerance') : undefined
  if (tolerance === undefined) problems.add(value, '"deterministic" must be bitwise, false or a map with "tolerance"')
  return tolerance === undefined ? 'bitwise' : { tolerance: jsonOf(tolerance) }
}

function readOutputs(fields: FieldReader, problems: Problems): readonly string[] | null {
  const items = fields.texts('outputs')
  if (items === undefined) return null
  const names = new Set<string>()
  for (const item of items) {
    const name = item.value
    if (!NAME.test(name)) problems.add(item, nameRule(name))
    else if (names.has(name)) problems.add(item, `The output "${name}" is there twice`)
    names.add(name)
  }
  if (fields.list('outputs')?.items.length === 0) fields.problem('outputs', 'A step without outputs is good for nothing')
  return [...names]
}

function readRefs(fields: FieldReader, outputs: readonly string[] | null, problems: Problems): readonly SourceText[] {
  const entries = fields.textEntries('refs')
  for (const { key, place, value } of entries) {
    if (outputs !== null && !outputs.includes(key)) problems.add({ place, path: value.path }, `There is no output "${key}"${suggestion(key, outputs)}`)
    const problem = hasReference(value.value) ? undefined : refNameProblem(value.value)
    if (problem !== undefined) problems.add(value, problem)
  }
  return entries
}

function readParams(fields: FieldReader, problems: Problems): SourceValue | null {
  const value = fields.get('params')
  if (value === undefined || value.kind === 'map' || isReference(value)) return value ?? null
  problems.add(value, `"params" of a step must be a map, or a reference to one, not ${kindOf(jsonOf(value))}`)
  return null
}

function readSeed(fields: FieldReader, problems: Problems): SourceScalar | null {
  const value = fields.get('seed')
  if (value === undefined) return null
  if (value.kind === 'scalar' && (Number.isSafeInteger(value.value) || (typeof value.value === 'string' && value.value !== ''))) return value
  problems.add(value, `"seed" must be a whole number or text, not ${kindOf(jsonOf(value))}`)
  return null
}

/** A list, a map of lists, or a reference instead of any of these. */
function readForeach(fields: FieldReader, problems: Problems): SourceValue | null {
  const value = fields.get('foreach')
  if (value === undefined) return null
  const isList = (candidate: SourceValue): boolean => isReference(candidate) || (candidate.kind === 'list' && candidate.items.length > 0)
  if (value.kind !== 'map' ? !isList(value) : value.entries.size === 0) problems.add(value, '"foreach" must be a list, a map of lists, or a reference to one, and not empty')
  for (const { key, place, value: list } of value.kind === 'map' ? value.entries.values() : []) {
    if (!NAME.test(key)) problems.add({ place, path: list.path }, nameRule(key))
    if (!isList(list)) problems.add(list, `"${key}" of "foreach" must be a list that is not empty, or a reference to one`)
  }
  return value
}
