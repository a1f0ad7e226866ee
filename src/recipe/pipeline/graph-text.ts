import type { PipelinePlan } from './interface.ts'
import { type GraphNode, graphOf, outputsOf, outputsRead, type PipelineGraph } from './graph.ts'
import { outputRef } from './ref-targets.ts'

export type GraphFormat = 'text' | 'mermaid' | 'dot' | 'json'

/**
 * The graph of steps and datasets as text that ends with a newline: for people, for Mermaid (flowchart), for Graphviz, or a `PipelineGraph` as JSON.
 * Names may hold anything: they are escaped so that they are shown as they are, except that control characters are shown as `\xHH` where they cannot be shown.
 */
export function graphText(plan: PipelinePlan, format: GraphFormat): string {
  if (format === 'text') return plainText(plan)
  const graph = graphOf(plan)
  if (format === 'json') return `${JSON.stringify(graph, null, 2)}\n`
  return format === 'dot' ? dotText(graph) : mermaidText(graph)
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
function labelOf({ name, ref }: GraphNode): readonly string[] {
  return ref === null ? [visible(name)] : [visible(name), visible(ref)]
}

/** The DOT language: within quotes a quote and a backslash are escaped, and labels know entities as HTML does. */
function dotText({ nodes, edges }: PipelineGraph): string {
  const text = (lines: readonly string[]): string => `"${lines.map((line) => line.replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"')).join('\\n')}"`
  const names = numbered(nodes)
  const shapes = { step: 'box', output: 'folder', revision: 'cylinder' }
  return [
    'digraph pipeline {',
    '  rankdir=LR',
    ...nodes.map((node) => `  ${names(node.id)} [shape=${shapes[node.kind]}, label=${text(labelOf(node))}]`),
    ...edges.map(({ from, to, label }) => `  ${names(from)} -> ${names(to)} [label=${text([visible(label)])}]`),
    '}\n',
  ].join('\n')
}

/** Within quotes Mermaid reads HTML, Markdown and `#code;`, so that everything but letters, digits and a few signs is written as the last. */
function mermaidText({ nodes, edges }: PipelineGraph): string {
  const escape = (line: string): string => line.replaceAll(/[^\p{L}\p{N}\p{M} ./@,:_-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`)
  const text = (lines: readonly string[]): string => `"${lines.map((line) => escape(line) || ' ').join('<br>')}"`
  const names = numbered(nodes)
  const shapes = { step: ['[', ']'], output: ['[/', '/]'], revision: ['[(', ')]'] } as const
  return [
    'flowchart LR',
    ...nodes.map((node) => `  ${names(node.id)}${shapes[node.kind][0]}${text(labelOf(node))}${shapes[node.kind][1]}`),
    ...edges.map(({ from, to, label }) => `  ${names(from)} -->|${text([visible(label)])}| ${names(to)}`),
    '',
  ].join('\n')
}

/** `n0`, `n1` …: names that no format can misread. */
function numbered(nodes: readonly GraphNode[]): (id: string) => string {
  const numbers = new Map(nodes.map(({ id }, at) => [id, `n${at}`]))
  return (id) => numbers.get(id) ?? 'n'
}

/** With nothing in it that a terminal would act on or that would break a line. */
function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu, (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`)
}
