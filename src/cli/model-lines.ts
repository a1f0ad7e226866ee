import type { ModelComparison } from '../registry/compare-models.ts'
import type { AliasMove, ModelInfo, RemovedModel } from '../registry/interface.ts'
import { entryLine } from '../run/config/explain-config.ts'
import type { JsonValue } from '../types.ts'
import { plural, shownText } from './format.ts'
import type { Output } from './output.ts'
import { shortNumber } from './run-lines.ts'

/** Of the configuration; a large one is in the document. */
const MOST_PARAMETERS = 20

/** A version in one line: label, aliases, run, what it scored, when, how often it was approved. */
export function modelLine(output: Output, model: ModelInfo): string {
  const scores = Object.entries(model.evaluation?.metrics ?? {}).map(([name, value]) => `${shownText(name)} ${scoreText(value)}`)
  return [
    output.style('bold', model.label), ...model.aliases.map((alias) => output.style('green', alias)), shownText(model.run.label), ...scores, dayText(model.at), ...(model.approvals.length === 0 ? [] : [`approved by ${nameList(model)}`]),
  ].join('  ')
}

export function* modelLines(output: Output, model: ModelInfo): Generator<string> {
  const { run, evaluation } = model
  yield `model       ${output.style('bold', model.label)}${model.aliases.length === 0 ? '' : `  ${model.aliases.map((alias) => output.style('green', alias)).join(', ')}`}`
  yield `id          ${model.id}`
  yield `weights     ${model.root}  (${shownText(model.artifact)})`
  yield `run         ${output.style('cyan', shownText(run.label))}  ${run.id}`
  yield `record      ${run.record}`
  for (const { name, revision, root } of model.inputs) yield `input       ${name} = ${shownText(revision)}  ${root}`
  yield `code        ${model.code ?? 'not stored'}${model.commit === null ? '' : `, commit ${model.commit}`}`
  yield `config      ${model.configHash}`
  for (const parameter of model.parameters.slice(0, MOST_PARAMETERS)) yield `            ${entryLine(parameter, (value) => valueText(value))}`
  if (model.parameters.length > MOST_PARAMETERS) yield `            and ${model.parameters.length - MOST_PARAMETERS} more; --json has all`
  yield `seed        ${shownText(model.seed)}`
  if (evaluation !== null) {
    yield `evaluation  on ${shownText(evaluation.revision)}  ${evaluation.root}`
    for (const [name, value] of Object.entries(evaluation.metrics)) yield `            ${shownText(name)} ${scoreText(value)}`
  }
  for (const { by, at, why } of model.approvals) yield `approved    by ${shownText(by ?? 'somebody')}, ${timeText(at)}${whyText(why)}`
  yield `registered  ${timeText(model.at)}${model.by === null ? '' : ` by ${shownText(model.by)}`}${whyText(model.why)}`
}

export function moveLine(output: Output, { alias, at, by, why, before, after, isBackdated }: AliasMove): string {
  const from = before === null ? 'nothing' : String(before)
  const to = after === null ? 'nothing' : String(after)
  return `${timeText(at)}  ${output.style('green', alias)}  ${from} → ${output.style('bold', to)}${by === null ? '' : `  ${shownText(by)}`}${whyText(why)}${isBackdated ? `  ${output.style('yellow', '(the clock had gone back; the order is right)')}` : ''}`
}

/** What an alias pointed to at a time. */
export function heldLine(output: Output, { alias, at, by, why, after }: AliasMove): string {
  return `${output.style('green', alias)}  ${output.style('bold', String(after))}  since ${timeText(at)}${by === null ? '' : `  ${shownText(by)}`}${whyText(why)}`
}

/** What was removed, with its ids, and how each version is registered anew. */
export function* removedLines(output: Output, { name, versions, moves }: RemovedModel): Generator<string> {
  const approvals = versions.reduce((sum, version) => sum + version.approvals.length, 0)
  yield `removed ${output.style('bold', name)} from this repository: ${plural(versions.length, 'version')}, ${plural(moves.length, 'alias move')}, ${plural(approvals, 'approval')}`
  for (const version of versions) {
    yield modelLine(output, version)
    yield `  id ${version.id}  weights ${version.root}`
  }
  yield 'Runs and artifacts stay. To register a version under another name:'
  for (const version of versions.toReversed()) yield `  ${registerCommand(version)}`
  yield output.style('dim', `Remotes keep what they have of ${name}, since a push only adds: \`varve pull\` brings that here, and the next version registered here comes after it.`)
}

/** On the very data that it was evaluated on, and of the very run. */
function registerCommand({ run, artifact, evaluation }: ModelInfo): string {
  return `varve model register <new-name> --run ${run.label.includes('#') ? run.label : run.id} --artifact ${artifact}${evaluation === null ? '' : ` --evaluation <metrics.json> --on ${evaluation.root}`}`
}

export function* comparisonLines(output: Output, { first, second, differences, metrics, isSameEvaluationData }: ModelComparison): Generator<string> {
  yield `${output.style('bold', first.label)} and ${output.style('bold', second.label)}`
  if (differences.length === 0) yield 'are made of the same'
  for (const { what, first: one, second: other } of differences) yield `${shownText(what)}: ${valueText(one)} → ${valueText(other)}`
  for (const { name, first: one, second: other } of metrics) yield `${output.style('cyan', shownText(name))}: ${scoreText(one)} → ${scoreText(other)}`
  if (metrics.length > 0 && !isSameEvaluationData) yield output.style('yellow', 'They were not evaluated on the same data: the metrics do not say which is better.')
}

function scoreText(value: JsonValue): string {
  return typeof value === 'number' ? shortNumber(value) : valueText(value)
}

function valueText(value: JsonValue): string {
  return value === null ? '–' : shownText(typeof value === 'string' ? value : JSON.stringify(value))
}

function nameList({ approvals }: ModelInfo): string {
  return [...new Set(approvals.map(({ by }) => shownText(by ?? 'somebody')))].join(', ')
}

function whyText(why: string | null): string {
  return why === null || why === '' ? '' : `: ${shownText(why.split('\n')[0] ?? '')}`
}

function dayText(time: string): string {
  return time.slice(0, 10)
}

function timeText(time: string): string {
  return time.slice(0, 19).replace('T', ' ')
}
