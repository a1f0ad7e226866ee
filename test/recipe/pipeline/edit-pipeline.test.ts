import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { editPipeline, editYaml, parsePipeline, type PipelineEdit } from '../../../src/recipe/pipeline/index.ts'

const TEXT = `# the pipeline
params:   [ params.yaml ]   # files

steps:
    parse:   # first
        recipe:  "./parse.mjs#parse"
        inputs:   {raw: covid/raw}
        params:
            # how many
            rows:   10      # ten
            label: 'it is'


        seed: 7
    # about the command
    split:
        command: [python3, split.py, '{inputs.rows}', "a very long word ${'x'.repeat(100)}", 'and another one']
        code:
        -   split.py
        -   lib/**
        inputs: { rows: parse.rows }
        outputs: [ split ]     # one
# the end
`

const edit = (...edits: readonly PipelineEdit[]): string => editPipeline(TEXT, edits, { file: 'varve.yaml' })
const PARAMS = ['steps', 'parse', 'params'] as const

describe('an edit', () => {
  it.each<[string, PipelineEdit, string, string]>([
    ['a number', { path: [...PARAMS, 'rows'], value: 11 }, 'rows:   10 ', 'rows:   11 '],
    ['a text in its quotes', { path: [...PARAMS, 'label'], value: 'a: b #' }, "'it is'", "'a: b #'"],
    ['a text that its quotes cannot hold', { path: [...PARAMS, 'label'], value: "it's" }, "'it is'", "it's"],
    ['a text with a line break', { path: [...PARAMS, 'label'], value: 'a\nb' }, "'it is'", '"a\\nb"'],
    ['a text that looks like a number', { path: [...PARAMS, 'rows'], value: '10' }, 'rows:   10 ', 'rows:   "10" '],
    ['a number by a list', { path: [...PARAMS, 'rows'], value: [1, 'a, b', { c: null }] }, 'rows:   10 ', 'rows:   [1, "a, b", { c: null }] '],
    ['a word of a list', { path: ['steps', 'split', 'command', 0], value: 'python3.12' }, '[python3,', '[python3.12,'],
    ['a text in a flow map', { path: ['steps', 'parse', 'inputs', 'raw'], value: 'covid/raw@v1' }, '{raw: covid/raw}', '{raw: covid/raw@v1}'],
    ['a flow list by another', { path: ['params'], value: ['a.yaml', { b: 1 }] }, '[ params.yaml ]', '[a.yaml, { b: 1 }]'],
    ['a key that is new to a flow map', { path: ['steps', 'parse', 'inputs', 'more'], value: 'x' }, '{raw: covid/raw}', '{raw: covid/raw, more: x}'],
    ['a key that is new to a block map', { path: [...PARAMS, 'new key'], value: true }, "label: 'it is'\n", "label: 'it is'\n            new key: true\n"],
    ['a key that is new to a step', { path: ['steps', 'split', 'seed'], value: 1 }, '# one\n', '# one\n        seed: 1\n'],
  ])('puts in %s and changes nothing else', (_, change, before, after) => {
    expect(TEXT).toContain(before)
    expect(edit(change)).toBe(TEXT.replace(before, after))
  })

  it('keeps every comment also where it must set white space anew', () => {
    const text = edit({ path: ['steps', 'parse', 'seed'], value: undefined }, { path: ['steps', 'split', 'code'], value: ['split.py'] })
    for (const comment of TEXT.match(/#.*/g) ?? []) if (!comment.startsWith('#parse')) expect(text).toContain(comment)
    expect(text).toContain(`"a very long word ${'x'.repeat(100)}", 'and another one']`)
    expect(text).toContain('{raw: covid/raw}')
    const [parsed, split] = parsePipeline(text, { file: 'varve.yaml' }).steps
    expect([parsed?.seed, split?.action]).toEqual([null, expect.objectContaining({ code: ['split.py'] })])
  })

  it('keeps line ends of other systems', () => {
    const text = TEXT.replaceAll('\n', '\r\n')
    const edits = [{ path: ['steps', 'parse', 'seed'], value: 8 }, { path: [...PARAMS, 'x'], value: 1 }]
    expect(editPipeline(text, edits, { file: 'varve.yaml' })).toBe(text.replace('seed: 7', 'seed: 8').replace("'it is'\r\n", "'it is'\r\n            x: 1\r\n"))
  })

  it('that would break the pipeline is refused', () => {
    expect(() => edit({ path: ['steps', 'split', 'inputs', 'rows'], value: 'prase.rows' })).toThrow(expect.objectContaining({ code: 'INVALID_PIPELINE', message: expect.stringContaining('did you mean "parse"?') as string }))
  })

  it.each([[[]], [['steps', 'parse', 'seed', 'x']], [['steps', 'split', 'command', 'x']]])('of what cannot be there is refused: %j', (path) => {
    expect(() => edit({ path, value: 1 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => edit({ path: ['steps', 'nothing'], value: undefined })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it.each<[string, string, PipelineEdit, string]>([
    ['a map in a list', 'a:\n  - b:   1   # one\n  - c: 2\n', { path: ['a', 0, 'd'], value: 3 }, 'a:\n  - b:   1   # one\n    d: 3\n  - c: 2\n'],
    ['a text of several lines', 'a: |\n  b\n  c\n# two\nd: 1\n', { path: ['a'], value: 'x' }, 'a: x\n# two\nd: 1\n'],
    ['what has no value yet', 'a:\nb: 1 # one\n', { path: ['a'], value: 2 }, 'a: 2\nb: 1 # one\n'],
    ['an empty map', 'a: {} # none\n', { path: ['a', 'b'], value: 2 }, 'a: { b: 2 } # none\n'],
    ['the end of a file without a line break', 'a: 1', { path: ['b'], value: 2 }, 'a: 1\nb: 2\n'],
    ['an empty file', '', { path: ['b'], value: [2] }, 'b:\n  - 2\n'],
  ])('changes %s', (_, before, change, after) => {
    expect(editYaml(before, [change], { file: 'params.yaml' })).toBe(after)
  })

  it('reads back as what was put in, whatever it is', () => {
    const start = 'a: 1 # one\nb: { c: x, d: [1, "2"] }\ne:\n  f: g # h\n'
    const paths = [['a'], ['b', 'c'], ['b', 'd', 1], ['b', 'n'], ['e', 'f'], ['e', 'n'], ['n'], ['b', 'd'], ['e']]
    fc.assert(fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes('__proto__')), (path, value) => {
      const json = JSON.parse(JSON.stringify(value)) as never
      const text = editYaml(start, [{ path, value: json }], { file: 'params.yaml' })
      const expected = parse(start) as Record<string, never>
      const parent = path.slice(0, -1).reduce<Record<string, never>>((from, key) => from[key] as unknown as Record<string, never>, expected)
      parent[String(path.at(-1))] = json
      expect(parse(text)).toEqual(expected)
      if (path[0] !== 'a') expect(text).toContain('# one')
    }), { numRuns: 300 })
  })
})
