import { type Drawing, dotText, mermaidText, visible } from '../draw-graph.ts'
import type { PipelinePlan } from './interface.ts'
import { graphOf, outputsOf, outputsRead, type PipelineGraph } from './graph.ts'
import { outputRef } from './ref-targets.ts'

export type GraphFormat = 'text' | 'mermaid' | 'dot' | 'json'

const SHAPES = { step: 'box', output: 'folder', revision: 'cylinder' } as const

/**
 * The graph of steps and datasets as text that ends with a newline: for people, for Mermaid (flowchart), for Graphviz, or a `PipelineGraph` as JSON.
 * Names may hold anything: they are escaped so that they are shown as they are, except that control characters are shown as `\xHH` where they cannot be shown.
 */
export function graphText(plan: PipelinePlan, format: GraphFormat): string {
  if (format === 'text') return plainText(plan)
  const graph = graphOf(plan)
  if (format === 'json') return `${JSON.stringify(graph, null, 2)}\n`
  return format === 'dot' ? dotText(drawingOf(graph)) : mermaidText(drawingOf(graph))
}

function plainText(plan: PipelinePlan): string {
  const read = outputsRead(plan)
  return plan.steps.map((step) => [
    step.name,
    ...step.inputs.map(({ name, source }) => `  ${name} <- ${source.kind === 'output' ? `${source.step}.${source.output}` : source.revision}`),
    ...outputsOf(step, read).map((output) => `  ${output} -> ${outputRef(step, output)}`),
  ].map((line) => `${visible(line)}\n`).join('')).join('\n')
}

/** An output with its ref below its name. */
function drawingOf({ nodes, edges }: PipelineGraph): Drawing {
  return { name: 'pipeline', nodes: nodes.map(({ id, kind, name, ref }) => ({ id, shape: SHAPES[kind], lines: ref === null ? [name] : [name, ref] })), edges }
}
