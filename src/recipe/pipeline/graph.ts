import type { PipelinePlan, PlannedStep } from './interface.ts'
import { outputRef } from './ref-targets.ts'

/** A step, or a dataset that steps read or make. */
export interface GraphNode {
  /** `step:parse`, `output:parse.rows`, `revision:covid/raw`. */
  readonly id: string
  readonly kind: 'step' | 'output' | 'revision'
  readonly name: string
  /** Where an output is kept; null for others. */
  readonly ref: string | null
}

/** From what is read to who reads it, and from who makes it to what is made. */
export interface GraphEdge {
  readonly from: string
  readonly to: string
  /** The name of the input or output. */
  readonly label: string
}

export interface PipelineGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

/** Steps in the order of the plan, each behind the revisions it is the first to read, and before what it makes. */
export function graphOf(plan: PipelinePlan): PipelineGraph {
  const nodes = new Map<string, GraphNode>()
  const edges: GraphEdge[] = []
  const read = outputsRead(plan)
  for (const step of plan.steps) {
    const id = `step:${step.name}`
    for (const { name, source } of step.inputs) {
      const from = source.kind === 'output' ? `output:${source.step}.${source.output}` : `revision:${source.revision}`
      if (source.kind === 'revision') nodes.set(from, { id: from, kind: 'revision', name: source.revision, ref: null })
      edges.push({ from, to: id, label: name })
    }
    nodes.set(id, { id, kind: 'step', name: step.name, ref: null })
    for (const output of outputsOf(step, read)) {
      const name = `${step.name}.${output}`
      nodes.set(`output:${name}`, { id: `output:${name}`, kind: 'output', name, ref: outputRef(step, output) })
      edges.push({ from: id, to: `output:${name}`, label: output })
    }
  }
  return { nodes: [...nodes.values()], edges }
}

/** Those that are declared; of a recipe that says it in its module, those that the file speaks of. */
export function outputsOf(step: PlannedStep, read: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  return step.outputs ?? [...new Set([...step.refs.keys(), ...(read.get(step.name) ?? [])])]
}

export function outputsRead(plan: PipelinePlan): ReadonlyMap<string, ReadonlySet<string>> {
  const read = new Map<string, Set<string>>()
  for (const { source } of plan.steps.flatMap(({ inputs }) => inputs)) {
    if (source.kind !== 'output') continue
    const outputs = read.get(source.step) ?? new Set()
    read.set(source.step, outputs.add(source.output))
  }
  return read
}
