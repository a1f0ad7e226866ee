import { readInputSource, REVISION_HINT } from './input-source.ts'
import type { PipelineStep, SourceText } from './interface.ts'
import { suggestion } from '../../dataset/near-names.ts'
import type { Problems } from './problems.ts'
import { markReferences } from './references.ts'
import { sortSteps } from './sort-steps.ts'

/** Stands for a reference, of which it is not known yet what it gives. No name can have it in it. */
const OPEN = '\0'

/** Checks what steps take from each other, as far as it can be known without parameters. */
export function checkLinks(steps: readonly PipelineStep[], problems: Problems): void {
  const byName = new Map(steps.map((step) => [step.name, step]))
  for (const step of steps) for (const input of step.inputs) checkLink(input, byName, problems)
  const { cycles } = sortSteps(steps, (step) => step.inputs.flatMap((input) => neededStep(input, byName) ?? []))
  for (const cycle of cycles) {
    const last = byName.get(cycle.at(-2) ?? '')
    const input = last?.inputs.find((candidate) => neededStep(candidate, byName) === cycle.at(-1))
    if (input !== undefined) problems.add(input.value, cycleMessage(cycle))
  }
}

/** `a` reads of `b`, which reads of `a`. */
export function cycleMessage(cycle: readonly string[]): string {
  if (cycle.length === 2) return `"${cycle[0] ?? ''}" needs what it makes itself`
  return `Steps that need each other can never run: ${cycle.join(' needs ')}`
}

function neededStep(input: SourceText, steps: ReadonlyMap<string, PipelineStep>): string | undefined {
  const source = sourceOf(input, steps)
  return source.kind === 'output' && steps.has(source.base) ? source.base : undefined
}

function sourceOf({ value }: SourceText, steps: ReadonlyMap<string, PipelineStep>): ReturnType<typeof readInputSource> {
  return readInputSource(markReferences(value.value, OPEN), (name) => steps.has(name))
}

function checkLink(input: SourceText, steps: ReadonlyMap<string, PipelineStep>, problems: Problems): void {
  const source = sourceOf(input, steps)
  if (source.kind === 'revision' || source.base.includes(OPEN)) return
  const problem = outputProblem(source, steps.get(source.base), steps.keys())
  if (problem !== undefined) problems.add(input.value, problem)
}

function outputProblem({ base, item, output }: { base: string; item: string | null; output: string }, step: PipelineStep | undefined, names: Iterable<string>): string | undefined {
  if (step === undefined) return `There is no step "${base}"${suggestion(base, names)}; ${REVISION_HINT}`
  if (item === null && step.foreach !== null) return `"${base}" is a step for each item of its foreach; name one: ${base}@item.${output}`
  if (item !== null && step.foreach === null) return `"${base}" has no foreach, so there is no "${base}@${item.replaceAll(OPEN, '…')}"; ${REVISION_HINT}`
  return step.outputs === null || output.includes(OPEN) || step.outputs.includes(output) ? undefined : `The step "${base}" has no output "${output}"${suggestion(output, step.outputs)}`
}
