import { instance } from '@viz-js/viz'
import { describe, expect, it } from 'vitest'
import { graphText, type PipelineGraph, type PipelinePlan, parsePipeline, planPipeline, type PlannedStep } from '../../../src/recipe/pipeline/index.ts'

const PLAN = planPipeline(parsePipeline(`steps:
  parse: { recipe: p.mjs, inputs: { raw: covid/raw }, refs: { rows: covid/rows } }
  split: { command: [x], code: [], inputs: { rows: parse.rows, names: 'countries@v1' }, outputs: [train, test] }
`, { file: 'varve.yaml' }))

const HOSTILE = ['"', '\\', '\\"', '\\N\\G\\l', '&amp; & &#65;', '<b>bold</b>', '#quot; #35;', '`code` **md** _x_', 'a\nb\r\tc', '|x| --> [y] {z} (w)', ';', '%% comment', ']]"] --> evil', 'end', 'subgraph', 'node', 'graph', '\u001b[31mred', '\u202eabc', '日本 ä 👩‍🔬', '', ' ', '$x', '"]; evil [label="', '<!-- x', "it's", '__proto__', '\\n', '\u2028']

/** What the parser of a pipeline would never let through. */
function hostilePlan(): PipelinePlan {
  const step = (name: string, at: number): PlannedStep => ({
    name, step: name, place: { file: 'x', line: 1, column: 1 }, action: { kind: 'recipe', module: 'x', exportName: null }, params: {}, uses: [], outputs: [`o${name}`], seed: null, after: [],
    refs: new Map([[`o${name}`, `r${name}`]]),
    inputs: [{ name: `i${name}`, place: { file: 'x', line: 1, column: 1 }, source: at % 2 === 0 ? { kind: 'revision', revision: `v${name}` } : { kind: 'output', step: HOSTILE[at - 1] ?? '', output: `o${HOSTILE[at - 1] ?? ''}` } }],
  })
  return { steps: HOSTILE.map(step) }
}

/** As it should be seen. */
function seen(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u202e]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

describe('the graph of a plan', () => {
  it('is text for people', () => {
    expect(graphText(PLAN, 'text')).toBe('parse\n  raw <- covid/raw\n  rows -> covid/rows\n\nsplit\n  rows <- parse.rows\n  names <- countries@v1\n  train -> split/train\n  test -> split/test\n')
  })

  it('is JSON', () => {
    const { nodes, edges } = JSON.parse(graphText(PLAN, 'json')) as PipelineGraph
    expect(nodes).toEqual([
      { id: 'revision:covid/raw', kind: 'revision', name: 'covid/raw', ref: null }, { id: 'step:parse', kind: 'step', name: 'parse', ref: null }, { id: 'output:parse.rows', kind: 'output', name: 'parse.rows', ref: 'covid/rows' },
      { id: 'revision:countries@v1', kind: 'revision', name: 'countries@v1', ref: null }, { id: 'step:split', kind: 'step', name: 'split', ref: null },
      { id: 'output:split.train', kind: 'output', name: 'split.train', ref: 'split/train' }, { id: 'output:split.test', kind: 'output', name: 'split.test', ref: 'split/test' },
    ])
    expect(edges.map(({ from, label, to }) => `${from} -${label}- ${to}`)).toEqual([
      'revision:covid/raw -raw- step:parse', 'step:parse -rows- output:parse.rows', 'output:parse.rows -rows- step:split', 'revision:countries@v1 -names- step:split', 'step:split -train- output:split.train',
      'step:split -test- output:split.test',
    ])
  })

  it('is a flowchart for Mermaid', () => {
    expect(graphText(PLAN, 'mermaid')).toBe(`flowchart LR
  n0[("covid/raw")]
  n1["parse"]
  n2[/"parse.rows<br>covid/rows"/]
  n3[("countries@v1")]
  n4["split"]
  n5[/"split.train<br>split/train"/]
  n6[/"split.test<br>split/test"/]
  n0 -->|"raw"| n1
  n1 -->|"rows"| n2
  n2 -->|"rows"| n4
  n3 -->|"names"| n4
  n4 -->|"train"| n5
  n4 -->|"test"| n6
`)
  })

  it('has nothing in its Mermaid labels that could be read as anything but letters', () => {
    const lines = graphText(hostilePlan(), 'mermaid').trimEnd().split('\n')
    const label = String.raw`"(?:[\p{L}\p{N}\p{M} ./@,:_-]|#\d+;|<br>)*"`
    const line = new RegExp(String.raw`^  n\d+(?:\[${label}\]|\[/${label}/\]|\[\(${label}\)\]| -->\|${label}\| n\d+)$`, 'u')
    expect(lines.slice(1).filter((text) => !line.test(text))).toEqual([])
    const graph = JSON.parse(graphText(hostilePlan(), 'json')) as PipelineGraph
    const labels = lines.slice(1, 1 + graph.nodes.length).map((text) => (/"(.*)"/.exec(text)?.[1] ?? '').replaceAll(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))))
    expect(labels).toEqual(graph.nodes.map(({ name, ref }) => (name === '' ? ' ' : seen(name)) + (ref === null ? '' : `<br>${seen(ref)}`)))
  })

  it('is read by Graphviz as it is meant, whatever the names', async () => {
    for (const plan of [PLAN, hostilePlan()]) {
      const graph = JSON.parse(graphText(plan, 'json')) as PipelineGraph
      const { errors, output } = (await instance()).render(graphText(plan, 'dot'), { format: 'svg' })
      expect(errors.filter(({ level }) => level === 'error')).toEqual([])
      const drawn = drawnGroups(output ?? '')
      const lines = (names: readonly (string | null)[]): readonly string[] => names.flatMap((name) => (name === null || seen(name).trim() === '' ? [] : [seen(name)]))
      const nodes = new Map(drawn.filter(({ kind }) => kind === 'node').map(({ title, texts }) => [title, texts]))
      expect(nodes.size).toBe(graph.nodes.length)
      expect(graph.nodes.map((_, at) => nodes.get(`n${at}`))).toEqual(graph.nodes.map(({ name, ref }) => lines([name, ref])))
      const numbers = new Map(graph.nodes.map(({ id }, at) => [id, `n${at}`]))
      const edges = drawn.filter(({ kind }) => kind === 'edge').map(({ title, texts }) => `${title} ${texts.join('')}`)
      expect(edges.sort()).toEqual(graph.edges.map(({ from, to, label }) => `${numbers.get(from) ?? ''}->${numbers.get(to) ?? ''} ${seen(label)}`).sort())
    }
  })

  it('has nothing in its text that a terminal would act on', () => {
    const text = graphText(hostilePlan(), 'text')
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u)
    expect(text).toContain('\\x1b[31mred\n')
  })

  it('has only what is said of a recipe whose outputs its module declares', () => {
    const plan = planPipeline(parsePipeline('steps:\n  a: { recipe: a.mjs, refs: { x: y } }\n  b: { recipe: b.mjs, inputs: { i: a.z } }', { file: 'varve.yaml' }))
    expect(graphText(plan, 'text')).toBe('a\n  x -> y\n  z -> a/z\n\nb\n  i <- a.z\n')
  })
})

interface Drawn {
  readonly kind: string
  readonly title: string
  /** Each line that is seen, after all escapes. */
  readonly texts: readonly string[]
}

function drawnGroups(svg: string): readonly Drawn[] {
  return [...svg.matchAll(/<g id="[^"]*" class="(node|edge)">\n<title>([^<]*)<\/title>([^]*?)<\/g>/g)].map(([, kind = '', title = '', inner = '']) => ({
    kind, title: unescaped(title), texts: [...inner.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => unescaped(text)).filter((text) => text.trim() !== ''),
  }))
}

function unescaped(xml: string): string {
  const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  return xml.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (_, decimal: string | undefined, hex: string | undefined, name = '') =>
    names[name as string] ?? String.fromCodePoint(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal))).replaceAll('\u00a0', ' ')
}
