import { InvalidArgumentError } from '../../errors.ts'
import type { JsonValue } from '../../types.ts'
import { cycleMessage } from './check-links.ts'
import { expandForeach, type ForeachItem } from './expand-foreach.ts'
import { readInputSource, REVISION_HINT } from './input-source.ts'
import type { InputSource, Pipeline, PipelinePlan, PipelineStep, PlannedInput, PlannedStep, SourceScalar, SourceText } from './interface.ts'
import { isJsonMap, kindOf } from './json-of.ts'
import { suggestion } from '../../dataset/near-names.ts'
import { checkPlaceholders } from './placeholders.ts'
import { Problems } from './problems.ts'
import { checkRefs } from './check-refs.ts'
import { fillIn, fillInName, type Scope } from './references.ts'
import { refNameProblem } from './ref-targets.ts'
import type { ResolvedParams } from './resolve-params.ts'
import { sortSteps } from './sort-steps.ts'

export interface PlanPipelineOptions {
  /** Default: none. */
  readonly params?: Pick<ResolvedParams, 'values'>
  /** Names of steps, `features` for all its items or `features@DE` for one. They are planned with all that they need. Default: every step. */
  readonly steps?: readonly string[]
}

/**
 * Works out which steps there are, what each is given and in which order they can be run: that of the file, unless a step needs a later one. Executes nothing and reads nothing.
 * 1,000 steps take some 50 ms.
 * @throws PipelineError with every problem: references to parameters that do not exist, inputs from items that are not there, two outputs with one ref, cycles
 * @throws InvalidArgumentError for a wanted step that is not there
 */
export function planPipeline(pipeline: Pipeline, { params = { values: {} }, steps: wanted }: PlanPipelineOptions = {}): PipelinePlan {
  const problems = new Problems()
  const planned = pipeline.steps.flatMap((step) => planStep(step, params.values, problems))
  const byName = new Map(planned.map((item) => [item.name, item]))
  const groups = new Map(pipeline.steps.map((step) => [step.name, step]))
  const linked = planned.map((item) => link(item, byName, groups, problems))
  const needs = ({ inputs }: Linked): readonly string[] => inputs.flatMap(({ source }) => (source.kind === 'output' ? [source.step] : []))
  const { order, cycles } = sortSteps(linked, needs)
  for (const cycle of cycles) {
    const last = linked.find(({ name }) => name === cycle.at(-2))
    const input = last?.inputs.find(({ source }) => source.kind === 'output' && source.step === cycle.at(-1))
    if (last !== undefined && input !== undefined) problems.add({ place: input.place, path: `steps.${last.step}.inputs.${input.name}` }, cycleMessage(cycle))
  }
  checkRefs(order, problems)
  problems.throwIfAny()
  const positions = new Map(order.map(({ name }, at) => [name, at]))
  const after = (step: Linked): readonly string[] => [...new Set(needs(step))].sort((a, b) => (positions.get(a) ?? 0) - (positions.get(b) ?? 0))
  const all = order.map((step) => ({ ...step, after: after(step) }))
  return { steps: wanted === undefined ? all : withNeeded(all, wanted) }
}

type Linked = Omit<PlannedStep, 'after'>

/** With its inputs as they are written, references filled in. */
interface Unlinked extends Omit<Linked, 'inputs'> {
  readonly written: readonly { readonly entry: SourceText; readonly text: string }[]
}

function planStep(step: PipelineStep, params: Scope['params'], problems: Problems): readonly Unlinked[] {
  const uses = new Set<string>()
  return expandForeach(step, params, uses, problems).map((item) => planItem(step, item, { params, items: item.items, uses: new Set(uses) }, problems))
}

function planItem(step: PipelineStep, item: ForeachItem, scope: Scope, problems: Problems): Unlinked {
  const text = ({ value }: SourceText): string => fillInName(value, scope, problems)
  const written = step.inputs.map((entry) => ({ entry, text: text(entry) }))
  const params = step.params === null ? {} : fillIn(step.params, scope, problems)
  if (step.params !== null && !isJsonMap(params) && params !== null) problems.add(step.params, `The parameters of a step must be a map, not ${kindOf(params)}`)
  const refs = new Map(step.refs.map((entry) => [entry.key, text(entry)]))
  for (const entry of step.refs) {
    const name = refs.get(entry.key) ?? ''
    const problem = name === '' ? undefined : refNameProblem(name)
    if (problem !== undefined) problems.add(entry.value, problem)
  }
  const seed = step.seed === null ? null : seedText(step.seed, fillIn(step.seed, scope, problems), problems)
  const { name, place, action, outputs } = step
  if (action.kind === 'command' && step.params?.kind === 'scalar' && isJsonMap(params)) {
    const words = action.words.map((word): SourceScalar => ({ kind: 'scalar', value: word, written: word, place, path: `steps.${name}.command` }))
    checkPlaceholders(words, { inputs: step.inputs.map(({ key }) => key), outputs, params: Object.keys(params), foreach: false }, problems)
  }
  return {
    name: item.name === null ? name : `${name}@${item.name}`, step: name, place, action, written, params: isJsonMap(params) ? params : {}, uses: [...scope.uses].sort(), outputs, refs, seed,
  }
}

function seedText(source: SourceScalar, value: JsonValue, problems: Problems): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (typeof value === 'string' && value !== '') return value
  if (value !== null) problems.add(source, `"seed" must be a whole number or text, not ${kindOf(value)}`)
  return null
}

function link({ written, ...step }: Unlinked, steps: ReadonlyMap<string, Unlinked>, groups: ReadonlyMap<string, PipelineStep>, problems: Problems): Linked {
  const inputs = written.map(({ entry, text }): PlannedInput => {
    const source = linkInput(entry, text, steps, groups, problems)
    return { name: entry.key, source, place: entry.value.place }
  })
  return { ...step, inputs }
}

function linkInput(entry: SourceText, text: string, steps: ReadonlyMap<string, Unlinked>, groups: ReadonlyMap<string, PipelineStep>, problems: Problems): InputSource {
  const source = readInputSource(text, (name) => groups.has(name))
  if (source.kind === 'revision') return source
  const name = source.item === null ? source.base : `${source.base}@${source.item}`
  const needed = steps.get(name)
  const output: InputSource = { kind: 'output', step: name, output: source.output }
  // Where items could not be worked out, that is the problem, not those who want one.
  if (needed === undefined && source.item !== null && ![...steps.values()].some(({ step }) => step === source.base)) return output
  if (needed === undefined) {
    const siblings = [...steps.values()].filter(({ step }) => step === source.base).map((sibling) => sibling.name)
    problems.add(entry.value, `There is no step "${name}"${suggestion(name, siblings.length > 0 ? siblings : [...steps.keys()])}; ${REVISION_HINT}`)
  } else if (needed.outputs !== null && !needed.outputs.includes(source.output)) {
    problems.add(entry.value, `The step "${name}" has no output "${source.output}"${suggestion(source.output, needed.outputs)}`)
  }
  return output
}

/** The wanted steps and all they need, in the order of the plan. */
function withNeeded(steps: readonly PlannedStep[], wanted: readonly string[]): readonly PlannedStep[] {
  const needed = new Set<string>()
  for (const name of wanted) {
    const found = steps.filter((step) => step.name === name || step.step === name)
    if (found.length === 0) {
      const names = [...new Set(steps.flatMap((step) => [step.step, step.name]))]
      throw new InvalidArgumentError(`There is no step "${name}"${suggestion(name, names)}`, { data: { step: name }, hint: 'The steps are those of the pipeline file: `name`, or `name@item` for one item of a foreach.' })
    }
    for (const step of found) needed.add(step.name)
  }
  // A step stands behind all that it needs.
  for (const step of [...steps].reverse()) if (needed.has(step.name)) for (const name of step.after) needed.add(name)
  return steps.filter(({ name }) => needed.has(name))
}
