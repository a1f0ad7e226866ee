import type { instance } from '@viz-js/viz'
import { InvalidArgumentError } from '../errors.ts'
import { type Drawing, dotText, mermaidText, type Shape } from '../recipe/draw-graph.ts'
import type { Lineage, LineageKind } from './interface.ts'
import { leftOutText, lineageTree } from './lineage-tree.ts'

export type LineageFormat = 'text' | 'mermaid' | 'dot' | 'json'

const SHAPES: Readonly<Record<LineageKind, Shape>> = { data: 'cylinder', artifact: 'folder', code: 'folder', derivation: 'box', run: 'rounded', model: 'hexagon', evaluation: 'note' }
const DATE_LENGTH = '2026-01-01'.length

/**
 * A lineage as text that ends with a newline: trees for people, a flowchart for Mermaid, a graph for Graphviz, or the graph itself as JSON. Names may hold anything: they are escaped so that they are shown as
 * they are, except that control characters are shown as `\xHH`.
 */
export function lineageText(lineage: Lineage, format: LineageFormat): string {
  if (format === 'text') return lineageTree(lineage)
  if (format === 'json') return `${JSON.stringify(lineage, null, 2)}\n`
  return format === 'dot' ? dotText(drawingOf(lineage)) : mermaidText(drawingOf(lineage))
}

/**
 * A lineage drawn by Graphviz, as SVG. Takes some seconds for a thousand nodes.
 * @throws InvalidArgumentError if the package `@viz-js/viz`, which the library does not bring along, is not installed
 */
export async function lineageSvg(lineage: Lineage): Promise<string> {
  return svgOf(dotText(drawingOf(lineage)))
}

/** @param load gives the package that draws */
export async function svgOf(dot: string, load: () => Promise<{ readonly instance: typeof instance }> = () => import('@viz-js/viz')): Promise<string> {
  const viz = await load().catch((cause: unknown) => {
    if ((cause as { code?: unknown } | null)?.code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new InvalidArgumentError('SVG is drawn by the package @viz-js/viz, which is not installed', { cause, hint: 'npm install @viz-js/viz, or ask for dot or mermaid, which other tools draw.' })
  })
  return (await viz.instance()).renderString(dot, { format: 'svg' })
}

function drawingOf({ nodes, edges, leftOut }: Lineage): Drawing {
  const drawn = nodes.map(({ id, kind, label, status, when }) => ({ id, shape: SHAPES[kind], lines: [label, [kind, status, when?.slice(0, DATE_LENGTH)].filter((fact) => fact !== null && fact !== undefined).join(', ')] }))
  return { name: 'lineage', nodes: leftOut === 0 ? drawn : [...drawn, { id: '', shape: 'note' as const, lines: [leftOutText(leftOut)] }], edges: edges.map(({ from, to, role }) => ({ from, to, label: role })) }
}
