/** A graph as it is drawn, whatever it is of. */
export interface Drawing {
  /** A word of letters. */
  readonly name: string
  readonly nodes: readonly DrawnNode[]
  readonly edges: readonly DrawnEdge[]
}

export interface DrawnNode {
  readonly id: string
  readonly shape: Shape
  /** Written below each other. */
  readonly lines: readonly string[]
}

export interface DrawnEdge {
  /** Ids of nodes. */
  readonly from: string
  readonly to: string
  readonly label: string
}

const SHAPES = {
  box: { dot: 'shape=box', mermaid: ['[', ']'] },
  rounded: { dot: 'shape=box, style=rounded', mermaid: ['([', '])'] },
  folder: { dot: 'shape=folder', mermaid: ['[/', '/]'] },
  cylinder: { dot: 'shape=cylinder', mermaid: ['[(', ')]'] },
  hexagon: { dot: 'shape=hexagon', mermaid: ['{{', '}}'] },
  note: { dot: 'shape=note', mermaid: ['[[', ']]'] },
} as const

export type Shape = keyof typeof SHAPES

/** For Graphviz. Within quotes of the DOT language a quote and a backslash are escaped, and labels know entities as HTML does. */
export function dotText({ name, nodes, edges }: Drawing): string {
  const text = (lines: readonly string[]): string => `"${lines.map((line) => visible(line).replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"')).join('\\n')}"`
  const names = numbered(nodes)
  return [
    `digraph ${name} {`,
    '  rankdir=LR',
    ...nodes.map(({ id, shape, lines }) => `  ${names(id)} [${SHAPES[shape].dot}, label=${text(lines)}]`),
    ...edges.map(({ from, to, label }) => `  ${names(from)} -> ${names(to)} [label=${text([label])}]`),
    '}\n',
  ].join('\n')
}

/** A flowchart. Within quotes Mermaid reads HTML, Markdown and `#code;`, so that everything but letters, digits and a few signs is written as the last. */
export function mermaidText({ nodes, edges }: Drawing): string {
  const escape = (line: string): string => visible(line).replaceAll(/[^\p{L}\p{N}\p{M} ./@,:_-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`)
  const text = (lines: readonly string[]): string => `"${lines.map((line) => escape(line) || ' ').join('<br>')}"`
  const names = numbered(nodes)
  return [
    'flowchart LR',
    ...nodes.map(({ id, shape, lines }) => `  ${names(id)}${SHAPES[shape].mermaid[0]}${text(lines)}${SHAPES[shape].mermaid[1]}`),
    ...edges.map(({ from, to, label }) => `  ${names(from)} -->|${text([label])}| ${names(to)}`),
    '',
  ].join('\n')
}

/** With nothing in it that a terminal would act on or that would break a line: such characters as `\xHH`. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu, (character) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`)
}

/** `n0`, `n1` …: names that no format can misread. */
function numbered(nodes: readonly DrawnNode[]): (id: string) => string {
  const numbers = new Map(nodes.map(({ id }, at) => [id, `n${at}`]))
  return (id) => numbers.get(id) ?? 'n'
}
