import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PipelineError } from '../../../src/errors.ts'
import { outputRef, parseParams, parsePipeline, planPipeline, resolveParams } from '../../../src/recipe/pipeline/index.ts'
import { problemLines } from './problems-of.ts'

describe('a pipeline file', () => {
  it('is read with all that a step can say', () => {
    const { params, steps } = parsePipeline(WHOLE, { file: 'varve.yaml' })
    expect(params.map((source) => (source.kind === 'file' ? source.path : [...source.values.entries.keys()]))).toEqual(['params.yaml', ['rate']])
    expect(steps.map(({ name, place, action, outputs }) => [name, place.line, action, outputs])).toEqual([
      ['parse', 3, { kind: 'recipe', module: './steps/parse.mjs', exportName: 'parse' }, null],
      ['train-test', 9, {
        kind: 'command', words: ['python3', 'split.py', '{inputs.rows}', '{outputs.split}', '{params.by}', '007', 'true'], code: ['split.py', 'lib/**'],
        environment: 'runtime', deterministic: { tolerance: { rows: 1 } }, map: null,
      }, ['split']],
      ['features', 18, { kind: 'recipe', module: 'features.ts', exportName: null }, ['table']],
    ])
    expect(steps[0]?.inputs.map(({ key, value }) => [key, value.kind === 'scalar' && value.value])).toEqual([['raw', 'covid/raw@v1~2:europe']])
    expect(steps[0]?.seed?.value).toBe(7)
  })

  it('is as its documentation shows it', () => {
    const source = readFileSync('src/recipe/pipeline/interface.ts', 'utf8')
    const text = (/```yaml\n([^]*?)```/.exec(source)?.[1] ?? '').replaceAll(/^ \* ?/gm, '')
    const params = resolveParams([parseParams('country: DE\nrate: 1', { file: 'params.yaml' })])
    const { steps } = planPipeline(parsePipeline(text, { file: 'varve.yaml' }), { params })
    expect(steps.map((step) => [step.name, step.params, step.after])).toEqual([
      ['parse', { country: 'DE' }, []], ['split', { by: 'hash' }, ['parse']], ['features@DE', { country: 'DE', rate: 1 }, ['split']], ['features@FR', { country: 'FR', rate: 1 }, ['split']],
    ])
    expect(steps.map((step) => outputRef(step, step.outputs?.[0] ?? 'rows'))).toEqual(['covid/rows', 'split/split', 'features/DE/table', 'features/FR/table'])
  })

  it('has defaults: locked, bitwise, no inputs', () => {
    const [step] = parsePipeline('steps: { a: { command: [ls], code: [], outputs: [b] } }', { file: 'varve.yaml' }).steps
    expect(step).toMatchObject({ action: { environment: 'locked', deterministic: 'bitwise', map: null, code: [] }, inputs: [], params: null, refs: [], seed: null, foreach: null })
  })

  it('gives every problem at once, in the order of lines, with the way to it', () => {
    expect(problemLines(WRONG)).toEqual([
      '1:1 stesp: A pipeline file has no key "stesp"; did you mean "steps"?',
      '3:3 steps.a: "a" needs "recipe" or "command"',
      '4:5 steps.a.recpie: A step has no key "recpie"; did you mean "recipe"?',
      '5:11 steps.a.seed: "seed" must be a whole number or text, not a number',
      '7:5 steps.b.command: A step has either "recipe" or "command", not both',
      '12:3 steps.c: "c" needs "outputs": nothing else tells what its command makes',
      '12:3 steps.c: "c" needs "code": the files that its command runs; [] if it runs none',
      '13:5 steps.c.command: "command" is a list of words; for a line that a shell reads: [sh, -c, "…"]',
      '14:18 steps.c.environment: "environment" of a step must be none, runtime, locked, image, not "lokced"',
      '16:3 steps.d: A step is a map with "recipe" or "command", not text',
    ])
    try {
      parsePipeline(WRONG, { file: 'my.yaml' })
    } catch (error) {
      expect(error).toBeInstanceOf(PipelineError)
      expect(error).toMatchObject({ code: 'INVALID_PIPELINE', message: 'my.yaml:1:1: A pipeline file has no key "stesp"; did you mean "steps"? (and 9 more problems)' })
      expect((error as PipelineError).data['problems']).toHaveLength(10)
      expect((error as PipelineError).data['problems']).toContainEqual(expect.objectContaining({ file: 'my.yaml', line: 5, column: 11, path: 'steps.a.seed' }))
    }
  })

  it.each([
    ['', '1:1 : A pipeline file needs "steps"'],
    ['steps: {}\n---\nsteps: {}', '2:1 : A second document begins here; a file has one'],
    ['[a]', '1:1 : A pipeline file is a map with params and steps, not a list'],
    ['steps: { a: { recipe: a.mjs, code: [x] } }', '1:30 steps.a.code: "code" belongs to a command; a recipe declares it in its module'],
    ['steps: { a: { recipe: a.mjs, map: file } }', '1:30 steps.a.map: "map" belongs to a command; a recipe declares it in its module'],
    ['steps: { a: { command: [x], code: [], outputs: [o], inputs: { i: r }, map: { shards: 0 } } }', '1:76 steps.a.map: "map" must be file or a map with "shards", a number from 1 to 65536'],
    ['steps: { a: { command: [x], code: [], outputs: [o], map: file } }', '1:58 steps.a.map: "map" needs "inputs": the command is started for parts of the first one'],
    ['steps: { a: { recipe: /a.mjs } }', '1:15 steps.a.recipe: "/a.mjs" cannot be a recipe: it must be relative to the pipeline file'],
    ['steps: { a: { recipe: "node:fs#x" } }', '1:15 steps.a.recipe: "node:fs#x" cannot be a recipe: it must be relative to the pipeline file'],
    ['steps: { a: { recipe: "C:a.mjs" } }', '1:15 steps.a.recipe: "C:a.mjs" cannot be a recipe: it must be relative to the pipeline file'],
    ['steps: { a: { recipe: "a.mjs#" } }', '1:15 steps.a.recipe: "a.mjs#" cannot be a recipe: after "#" comes the name of an export'],
    ['steps: { a: { recipe: 3 } }', '1:23 steps.a.recipe: "recipe" of a step must be text, not 3'],
    ['steps: { a.b: { recipe: a.mjs } }', '1:10 steps.a.b: "a.b" cannot be a name: letters, digits, "_" and "-" can, beginning with one of the first three'],
    ['steps: { a: { recipe: a.mjs, inputs: [x] } }', '1:38 steps.a.inputs: "inputs" of a step must be a map, not a list'],
    ['steps: { a: { recipe: a.mjs, inputs: { x: } } }', '1:43 steps.a.inputs.x: "x" of "inputs" of a step must be text, not nothing'],
    ['steps: { a: { recipe: a.mjs, outputs: [b, b] } }', '1:43 steps.a.outputs.1: The output "b" is there twice'],
    ['steps: { a: { recipe: a.mjs, outputs: [] } }', '1:30 steps.a.outputs: A step without outputs is good for nothing'],
    ['steps: { a: { recipe: a.mjs, outputs: [rows], refs: { row: x } } }', '1:55 steps.a.refs.row: There is no output "row"; did you mean "rows"?'],
    ['steps: { a: { recipe: a.mjs, refs: { rows: covid/rows@v1 } } }', '1:44 steps.a.refs.rows: "covid/rows@v1" is a tag, which stays where it is: an output needs a name that moves'],
    ['steps: { a: { recipe: a.mjs, refs: { rows: _varve/derivations } } }', '1:44 steps.a.refs.rows: Names in _varve/ are kept for varve itself'],
    ['steps: { a: { recipe: a.mjs, params: [b] } }', '1:38 steps.a.params: "params" of a step must be a map, or a reference to one, not a list'],
    ['steps: { a: { recipe: a.mjs, params: a.b } }', '1:38 steps.a.params: "params" of a step must be a map, or a reference to one, not text'],
    ['steps: { a: { recipe: a.mjs, foreach: { x: [] } } }', '1:44 steps.a.foreach.x: "x" of "foreach" must be a list that is not empty, or a reference to one'],
    ['steps: { a: { recipe: a.mjs, foreach: x } }', '1:39 steps.a.foreach: "foreach" must be a list, a map of lists, or a reference to one, and not empty'],
    ['steps: { a: { command: [ls], code: [..\\x], outputs: [b] } }', '1:37 steps.a.code.0: "..\\x" cannot be code: folders are joined by "/"'],
    ['steps: { a: { command: [ls, null], code: [], outputs: [b] } }', '1:29 steps.a.command.1: A word of a command must be text, not nothing'],
    ['steps: { a: { command: [], code: [], outputs: [b] } }', '1:15 steps.a.command: A command begins with the name of a program'],
    ['steps: { a: { command: [ls], code: [], outputs: [b], deterministic: maybe } }', '1:69 steps.a.deterministic: "deterministic" must be bitwise, false or a map with "tolerance"'],
    ['params: 3\nsteps: {}', '1:9 params: "params" are files and maps, not a number'],
    ['params: [x.toml]\nsteps: {}', '1:10 params.0: "x.toml" cannot be a file of parameters: its name must end in .yaml, .yml or .json'],
    ['steps:\n  a: { recipe: a.mjs }\n  b: { recipe: b.mjs }\n  a: { recipe: c.mjs }', '4:3 steps.a: "a" is there twice, first in line 2'],
  ])('is refused: %s', (text, problem) => {
    expect(problemLines(text)).toEqual([problem])
  })

  it('may hold references where no type is lost', () => {
    const [step] = parsePipeline('steps: { a: { recipe: a.mjs, foreach: "${params.list}", params: "${item}", seed: "${params.seed}", refs: { x: "a/${item}" } } }', { file: 'varve.yaml' }).steps
    expect(step?.foreach).toMatchObject({ value: '${params.list}' })
  })

  it('explains the braces of YAML to whoever forgets the quotes of a reference', () => {
    expect(problemLines('steps:\n  a: { recipe: a.mjs, params: { x: ${params.x} } }')[0]).toMatch(/^2:\d+ : .*must stand in quotes$/)
  })
})

describe('a command', () => {
  const step = (word: string, more = ''): string => `steps:\n  a:\n    command: [x, ${JSON.stringify(word)}]\n    code: []\n    inputs: { raw: r }\n    outputs: [out]\n    params: { rate: 1 }\n${more}`

  it.each(['{inputs.raw}', '--x={outputs.out}/{params.rate}', '{params.rate.deep}', '{}', '${HOME} {a,b} ${item}', '{"json": {"inputs": 1}}'])('may have the word %s', (word) => {
    expect(parsePipeline(step(word), { file: 'varve.yaml' }).steps).toHaveLength(1)
  })

  it.each([
    ['{inputs.rwa}', 'The step has no input "rwa"; did you mean "raw"?'],
    ['{outputs.raw}', 'The step has no output "raw"; there is: out'],
    ['{params.rat}', 'The step has no parameter "rat"; did you mean "rate"?'],
    ['${inputs.raw}', 'In a command, write {inputs.raw} without "$"'],
    ['${params.rate}', 'In a command, write {params.rate} without "$"'],
    ['${params.train.rate}', 'In a command, write {params.rate}'],
    ['${params.train.depth}', "In a command, write {params.depth}, and give the step that parameter: params: { depth: '${params.train.depth}' }"],
  ])('cannot have the word %s', (word, message) => {
    expect(problemLines(step(word))).toEqual([`3:18 steps.a.command.1: ${message}`])
  })

  it('is the same for each item', () => {
    expect(problemLines(step('${item}', '    foreach: [1, 2]\n'))).toEqual(['3:18 steps.a.command.1: A command is the same for each item: give ${item} to the step as a parameter, and write {params.name}'])
  })
})

describe('inputs', () => {
  const steps = (...inputs: readonly string[]): string => `steps:\n  parse: { recipe: p.mjs, outputs: [rows] }\n  open: { recipe: p.mjs }\n  each: { recipe: p.mjs, foreach: [1, 2], outputs: [x] }\n${inputs.map((input, at) => `  s${at}: { recipe: s.mjs, inputs: { i: ${JSON.stringify(input)} } }`).join('\n')}`

  it('are outputs of steps, or revisions', () => {
    const good = ['parse.rows', 'open.whatever', 'each@1.x', 'each@${params.n}.x', '${params.which}.rows', 'covid/raw', 'covid/raw.v1', 'mnist@v1.2', 'data.v1~0', 'mnist~1:a.b/c.d', 'abc']
    expect(parsePipeline(steps(...good), { file: 'varve.yaml' }).steps).toHaveLength(3 + good.length)
  })

  it.each([
    ['prase.rows', 'There is no step "prase"; did you mean "parse"?; if a ref is meant, add "~0" to it'],
    ['parse.row', 'The step "parse" has no output "row"; did you mean "rows"?'],
    ['each.x', '"each" is a step for each item of its foreach; name one: each@item.x'],
    ['parse@DE.rows', '"parse" has no foreach, so there is no "parse@DE"; if a ref is meant, add "~0" to it'],
    ['parse@${params.x}.rows', '"parse" has no foreach, so there is no "parse@…"; if a ref is meant, add "~0" to it'],
  ])('are refused: %s', (input, message) => {
    expect(problemLines(steps(input))).toEqual([`5:37 steps.s0.inputs.i: ${message}`])
  })

  it('cannot go in circles, and the whole circle is named', () => {
    const text = 'steps:\n  a: { recipe: a.mjs, inputs: { x: raw } }\n  b: { recipe: b.mjs, inputs: { x: a.x, y: d.x } }\n  c: { recipe: c.mjs, inputs: { x: b.x } }\n  d: { recipe: d.mjs, inputs: { x: c.x, y: d.y } }'
    expect(problemLines(text)).toEqual([
      '4:36 steps.c.inputs.x: Steps that need each other can never run: b needs d needs c needs b',
      '5:44 steps.d.inputs.y: "d" needs what it makes itself',
    ])
  })
})

const WHOLE = `params: [params.yaml, { rate: 0.1 }]
steps:
  parse:
    recipe: ./steps/parse.mjs#parse
    inputs: { raw: 'covid/raw@v1~2:europe' }
    params: { country: '\${params.country}' }
    refs: { rows: covid/rows }
    seed: 7
  train-test:
    command: [python3, split.py, '{inputs.rows}', '{outputs.split}', '{params.by}', 007, true]
    code: [split.py, 'lib/**']
    environment: runtime
    deterministic:
      tolerance: { rows: 1 }
    inputs: { rows: parse.rows }
    params: { by: hash }
    outputs: [split]
  features:
    foreach: { country: [DE, FR] }
    recipe: features.ts
    inputs: { rows: train-test.split }
    outputs: [table]
`

const WRONG = `stesp: {}
steps:
  a:
    recpie: x.mjs
    seed: 1.5
  b:
    command: [ls]
    recipe: b.mjs
    code: []
    outputs: [x]

  c:
    command: ls -l
    environment: lokced

  d: text
`
