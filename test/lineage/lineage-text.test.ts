import { instance } from '@viz-js/viz'
import { describe, expect, it } from 'vitest'
import type { Lineage, LineageKind } from '../../src/lineage/interface.ts'
import { lineageOf } from '../../src/lineage/lineage-of.ts'
import { lineageSvg, lineageText, svgOf } from '../../src/lineage/lineage-text.ts'
import { create } from '../dataset/in-memory.ts'
import { wholeWay } from './made-up-lineage.ts'

const HOSTILE = ['"', '\\', '\\"', '\\N\\G', '&amp; & &#65;', '<b>bold</b>', '#quot; #35;', '`code` **md**', 'a\nb\r\tc', '|x| --> [y]', '%% comment', ']]"] --> evil', '\u001b[31mred', '\u202eabc', '日本', '', '"]; evil [label="', '{{x}}', '\u2028']
const KINDS: readonly LineageKind[] = ['data', 'artifact', 'code', 'derivation', 'run', 'model', 'evaluation']

/** Every label, why and role is hostile. */
const hostile: Lineage = {
  start: ['0'], direction: 'both', depth: null, leftOut: 3,
  nodes: HOSTILE.map((label, at) => ({ id: String(at), kind: KINDS[at % KINDS.length] ?? 'data', label, status: label, when: null, why: label, facts: { aliases: [label], metrics: { [label]: label } } })),
  edges: HOSTILE.slice(1).map((role, at) => ({ from: String(at), to: String(at + 1), role })),
}

const seen = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u202e]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)

describe('a lineage as text', () => {
  it('is two trees, with what comes again said once', async () => {
    const repository = await create()
    await wholeWay(repository)
    const text = lineageText(await lineageOf(repository, 'digits@1'), 'text')
    expect(text.replaceAll(/bafy\w+…/g, 'bafy…').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'TIME')).toBe(`model digits@1 (TIME, accuracy 0.98)

made of
├─ weights of: artifact model of train#1
│  └─ model: run train#1 (succeeded, TIME, loss 0.25): a smaller rate
│     ├─ train: data covid/features (TIME)
│     │  └─ rows: derivation extract (succeeded, TIME)
│     │     ├─ raw: data covid/raw (TIME): as downloaded
│     │     └─ code: bafy…
│     ├─ code: bafy…
│     ├─ its metrics: artifact metrics of train#1
│     └─ its log: artifact log of train#1
├─ made by: train#1 (above)
└─ evaluation: evaluation of digits@1 (TIME, accuracy 0.98)
   └─ evaluated on: data covid/test (TIME): held back

used for
└─ evaluation: evaluation of digits@1 (TIME, accuracy 0.98)
`)
    const raw = lineageText(await lineageOf(repository, 'covid/raw', { mostNodes: 3 }), 'text')
    expect(raw).toMatch(/^data covid\/raw .*\n\nmade of\n {3}nothing that is recorded here\n\nused for\n└─ raw: derivation extract .*\n {3}└─ rows: data covid\/features .*\n\n1 more right beyond these\n$/)
  })

  it('writes a node that two lead to once', () => {
    const node = (id: string): Lineage['nodes'][number] => ({ id, kind: 'data', label: id, status: null, when: null, why: null, facts: {} })
    const edge = (from: string, to: string): Lineage['edges'][number] => ({ from, to, role: `${from}${to}` })
    const diamond: Lineage = { start: ['a'], direction: 'down', depth: null, leftOut: 0, nodes: ['a', 'b', 'c', 'd', 'e'].map(node), edges: [edge('a', 'b'), edge('a', 'c'), edge('b', 'd'), edge('c', 'd'), edge('d', 'e'), edge('d', 'a')] }
    expect(lineageText(diamond, 'text')).toBe('data a\n\nused for\n├─ ab: data b\n│  └─ bd: data d\n│     ├─ de: data e\n│     └─ da: a (above)\n└─ ac: data c\n   └─ cd: d (above)\n')
  })

  it('has nothing that a terminal would act on, and one line for each node', () => {
    const text = lineageText(hostile, 'text')
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202e\u2028]/u)
    expect(text.trimEnd().split('\n')).toHaveLength(HOSTILE.length + 7)
  })

  it('is JSON', () => {
    expect(JSON.parse(lineageText(hostile, 'json'))).toEqual(hostile)
  })

  it('is a flowchart for Mermaid, in which no name can be read as anything but letters', () => {
    const lines = lineageText(hostile, 'mermaid').trimEnd().split('\n')
    const label = String.raw`"(?:[\p{L}\p{N}\p{M} ./@,:_-]|#\d+;|<br>)*"`
    const line = new RegExp(String.raw`^  n\d+(?:\[\(${label}\)\]|\[/${label}/\]|\[${label}\]|\(\[${label}\]\)|\{\{${label}\}\}|\[\[${label}\]\]| -->\|${label}\| n\d+)$`, 'u')
    expect(lines[0]).toBe('flowchart LR')
    expect(lines.slice(1).filter((text) => !line.test(text))).toEqual([])
    expect(lines).toHaveLength(1 + hostile.nodes.length + 1 + hostile.edges.length)
    expect(lines.at(hostile.nodes.length + 1)).toContain('3 more right beyond these')
  })

  it('is read by Graphviz as it is meant, whatever the names, and drawn by it', async () => {
    const { errors, output = '' } = (await instance()).render(lineageText(hostile, 'dot'), { format: 'json' })
    expect(errors.filter(({ level }) => level === 'error')).toEqual([])
    const graph = JSON.parse(output) as { objects: readonly { name: string }[]; edges: readonly { tail: number; head: number }[] }
    expect(graph.objects.map(({ name }) => name)).toEqual([...hostile.nodes, 'beyond'].map((_, at) => `n${at}`))
    expect(graph.edges.map(({ tail, head }) => `${tail} ${head}`).sort()).toEqual(hostile.edges.map(({ from, to }) => `${from} ${to}`).sort())
    const svg = await lineageSvg(hostile)
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => unescaped(text))
    for (const name of HOSTILE) if (seen(name).trim() !== '') expect(texts).toContain(seen(name))
  })

  it('is not drawn without the package that draws, and the error names it; another failure stays what it is', async () => {
    await expect(svgOf('digraph {}', () => Promise.reject(Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', hint: expect.stringContaining('npm install @viz-js/viz') as string })
    await expect(svgOf('digraph {}', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })
})

function unescaped(xml: string): string {
  const names: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  return xml.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (_, decimal: string | undefined, hex: string | undefined, name = '') =>
    names[name as string] ?? String.fromCodePoint(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal))).replaceAll('\u00a0', ' ')
}
