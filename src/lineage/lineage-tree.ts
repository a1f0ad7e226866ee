import { visible } from '../recipe/draw-graph.ts'
import type { JsonValue } from '../types.ts'
import type { Lineage, LineageEdge, LineageNode } from './interface.ts'
import { RECORDS } from './run-records.ts'

const MOST_METRICS = 4
const DATE_LENGTH = '2026-01-01 00:00'.length

/** A graph as two trees for people: what the start was made of, and what was made of it. Each node is written out once; where it comes again, it says so. */
export function lineageTree(lineage: Lineage): string {
  const nodes = new Map(lineage.nodes.map((node) => [node.id, node]))
  const [first] = lineage.start
  const lines = [nodeText(nodes.get(first ?? ''))]
  if (lineage.direction !== 'down') lines.push('', 'made of', ...treeLines(lineage, nodes, ({ from, to }) => [to, from]))
  if (lineage.direction !== 'up') lines.push('', 'used for', ...treeLines(lineage, nodes, ({ from, to }) => [from, to]))
  if (lineage.leftOut > 0) lines.push('', leftOutText(lineage.leftOut))
  return `${lines.join('\n')}\n`
}

export function leftOutText(count: number): string {
  return `${count} more right beyond these`
}

/** Name, state and time of a node, and why it is there, in one line that a terminal can be given; what it is is said once, if not by the roles before it. */
function nodeText(node: LineageNode | undefined, roles: readonly string[] = []): string {
  if (node === undefined) return ''
  const { kind, label, status, when, why } = node
  const said = [status, when?.slice(0, DATE_LENGTH).replace('T', ' ') ?? null, ...extraFacts(node)].filter((fact) => fact !== null && fact !== '')
  return visible(`${label.startsWith(kind) || roles.includes(kind) ? '' : `${kind} `}${label}${said.length === 0 ? '' : ` (${said.join(', ')})`}${why === null ? '' : `: ${why}`}`)
}

function extraFacts({ facts }: LineageNode): readonly string[] {
  const { aliases, metrics } = facts
  const shown = typeof metrics === 'object' && metrics !== null && !Array.isArray(metrics) ? Object.entries(metrics as { readonly [name: string]: JsonValue }).slice(0, MOST_METRICS) : []
  return [...(Array.isArray(aliases) ? aliases.map(String) : []), ...shown.map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(6)) : JSON.stringify(value)}`)]
}

interface Branch {
  readonly id: string
  readonly roles: readonly string[]
  /** What stands before the node itself. */
  readonly head: string
  /** What stands before all below it. */
  readonly margin: string
}

/** From the start along the edges, which `ends` turns so that they lead away. What another run than the start kept of itself hangs on it in both trees: nothing else leads there upward. */
function* treeLines({ start, edges }: Lineage, nodes: ReadonlyMap<string, LineageNode>, ends: (edge: LineageEdge) => readonly [from: string, to: string]): Generator<string> {
  const [first = '', ...others] = start
  const below = new Map<string, Map<string, string[]>>()
  for (const edge of edges) {
    const isRecord = nodes.get(edge.from)?.kind === 'run' && nodes.get(edge.to)?.kind === 'artifact' && RECORDS.has(edge.role) && edge.from !== first && edge.to !== first
    // What else the walk began at belongs to the start, whichever way the edge between them leads.
    const [from, to] = isRecord ? [edge.from, edge.to] : others.includes(edge.from) || others.includes(edge.to) ? [...ends(edge)].sort((a, b) => Number(b === first) - Number(a === first)) : ends(edge)
    if (from === undefined || to === undefined) continue
    const there = below.get(from) ?? new Map<string, string[]>()
    below.set(from, there)
    // Seen from below it is no part of what the run was made of.
    const role = isRecord && ends(edge)[0] !== from ? `its ${edge.role}` : edge.role
    there.set(to, [...(there.get(to) ?? []), role])
  }
  const written = new Set([first])
  const waiting = branches(below.get(first), '').reverse()
  if (waiting.length === 0) yield '   nothing that is recorded here'
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const { id, roles, head, margin } = at
    const isRepeated = written.has(id)
    yield isRepeated ? `${head}${visible(nodes.get(id)?.label ?? id)} (above)` : `${head}${nodeText(nodes.get(id), roles)}`
    if (isRepeated) continue
    written.add(id)
    waiting.push(...branches(below.get(id), margin).reverse())
  }
}

function branches(below: ReadonlyMap<string, readonly string[]> | undefined, margin: string): Branch[] {
  const all = [...(below ?? [])]
  return all.map(([id, roles], at) => {
    const isLast = at === all.length - 1
    return { id, roles, head: `${margin}${isLast ? '└─' : '├─'} ${visible(roles.join(', '))}: `, margin: `${margin}${isLast ? '   ' : '│  '}` }
  })
}
