import { Ajv } from 'ajv'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { PipelineError } from '../../../src/errors.ts'
import { parsePipeline } from '../../../src/recipe/pipeline/index.ts'
import { PIPELINE_KEYS } from '../../../src/recipe/pipeline/parse-pipeline.ts'
import { STEP_KEYS } from '../../../src/recipe/pipeline/parse-step.ts'

interface Schema {
  readonly properties: Readonly<Record<string, unknown>>
  readonly definitions: { readonly step: { readonly properties: Readonly<Record<string, { readonly examples?: readonly unknown[] }>> } }
}

const SCHEMA = JSON.parse(readFileSync('src/recipe/pipeline/varve.schema.json', 'utf8')) as Schema
const validate = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: true }).compile(SCHEMA)

function isRead(text: string): boolean {
  try {
    parsePipeline(text, { file: 'varve.yaml' })
    return true
  } catch (error) {
    if (error instanceof PipelineError) return false
    throw error
  }
}

const step = (fields: string): string => `steps: { a: { ${fields} } }`
const command = (fields: string): string => step(`command: [x], code: [], outputs: [o]${fields === '' ? '' : `, ${fields}`}`)

const GOOD = [
  'steps: {}', step('recipe: a.mjs'), step('recipe: "../lib/a.ts#b"'), command(''), step('command: [x, 1, true], code: ["lib/**"], outputs: [o, p]'), command('environment: none'), command('environment: image'), command('inputs: { rows: a }, map: file'), command('inputs: { rows: a }, map: { shards: 8 }'),
  command('deterministic: bitwise'), command('deterministic: false'), command('deterministic: { tolerance: 0.1 }'), step('recipe: a.mjs, inputs: { r: "covid/raw@v1~2:x" }'), step('recipe: a.mjs, params: { a: [1, { b: null }] }'),
  step('recipe: a.mjs, params: "${params.a}"'), step('recipe: a.mjs, outputs: [Ünicode_1-x]'), step('recipe: a.mjs, refs: { o: a/b }'), step('recipe: a.mjs, seed: 1'), step('recipe: a.mjs, seed: abc'), step('recipe: a.mjs, seed: "${params.s}"'),
  step('recipe: a.mjs, foreach: [1, { name: x }]'), step('recipe: a.mjs, foreach: "${params.l}"'), step('recipe: a.mjs, foreach: { a: [1], b: "${params.l}" }'), 'params: p.yaml\nsteps: {}', 'params: { a: 1 }\nsteps: {}',
  'params: [p.yml, { a: 1 }, q.JSON]\nsteps: {}', 'params: []\nsteps: {}', step('recipe: "1:a.mjs"'), step('recipe: "lib/c:a.mjs"'),
]

/** Wrong in a way that an editor can see; what concerns more than one place only the parser knows. */
const BAD = [
  '', '[]', 'text', 'stesp: {}', 'steps: []', 'steps: {}\nmore: 1', 'steps: { a: x }', 'steps: { "a b": { recipe: a.mjs } }', 'steps: { "": { recipe: a.mjs } }', 'steps: { -a: { recipe: a.mjs } }', step(''), step('recpie: a.mjs'),
  step('recipe: a.mjs, command: [x], code: [], outputs: [o]'), step('recipe: 1'), step('recipe: ""'), step('recipe: "#a"'), step('recipe: "a.mjs#"'), step('recipe: /a.mjs'), step('recipe: "node:fs"'), step('recipe: "C:/a.mjs"'), step('recipe: "a\\\\b.mjs"'),
  step('recipe: a.mjs, code: []'), step('recipe: a.mjs, environment: none'), step('recipe: a.mjs, deterministic: false'), step('recipe: a.mjs, inputs: { rows: a }, map: file'), command('map: file'), command('inputs: { rows: a }, map: shard'), command('inputs: { rows: a }, map: { shards: 0 }'), step('command: [x], outputs: [o]'), step('command: [x], code: []'), step('command: x, code: [], outputs: [o]'),
  step('command: [], code: [], outputs: [o]'), step('command: [x, null], code: [], outputs: [o]'), step('command: [x, [y]], code: [], outputs: [o]'), step('command: [x], code: a.py, outputs: [o]'), step('command: [x], code: [/a.py], outputs: [o]'),
  step('command: [x], code: [""], outputs: [o]'), command('environment: all'), command('deterministic: true'), command('deterministic: {}'), command('deterministic: { tolerance: 1, more: 2 }'), step('recipe: a.mjs, inputs: []'),
  step('recipe: a.mjs, inputs: { a: 1 }'), step('recipe: a.mjs, inputs: { a: "" }'), step('recipe: a.mjs, inputs: { a.b: c }'), step('recipe: a.mjs, params: []'), step('recipe: a.mjs, params: x'), step('recipe: a.mjs, params: "${a} ${b}"'),
  step('recipe: a.mjs, outputs: []'), step('recipe: a.mjs, outputs: [a, a]'), step('recipe: a.mjs, outputs: [a.b]'), step('recipe: a.mjs, outputs: { a: b }'), step('recipe: a.mjs, refs: [a]'), step('recipe: a.mjs, refs: { o: 1 }'),
  step('recipe: a.mjs, seed: 1.5'), step('recipe: a.mjs, seed: true'), step('recipe: a.mjs, seed: ""'), step('recipe: a.mjs, foreach: []'), step('recipe: a.mjs, foreach: {}'), step('recipe: a.mjs, foreach: x'), step('recipe: a.mjs, foreach: { a: [] }'),
  step('recipe: a.mjs, foreach: { a: x }'), step('recipe: a.mjs, foreach: { "a b": [1] }'), 'params: 1\nsteps: {}', 'params: [1]\nsteps: {}', 'params: x.toml\nsteps: {}', 'params: /x.yaml\nsteps: {}', 'params: [[x.yaml]]\nsteps: {}', 'params: null\nsteps: {}',
]

describe('the schema for editors', () => {
  it.each(GOOD)('agrees with the parser that this is right: %s', (text) => {
    expect([isRead(text), validate(parse(text)), validate.errors]).toEqual([true, true, null])
  })

  it.each(BAD)('agrees with the parser that this is wrong: %s', (text) => {
    expect([isRead(text), validate(parse(text))]).toEqual([false, false])
  })

  it('knows the same keys as the parser', () => {
    expect(Object.keys(SCHEMA.properties).sort()).toEqual([...PIPELINE_KEYS].sort())
    expect(Object.keys(SCHEMA.definitions.step.properties).sort()).toEqual([...STEP_KEYS].sort())
  })

  it('has examples that are right', () => {
    const examples = Object.entries(SCHEMA.definitions.step.properties).flatMap(([key, { examples = [] }]) => examples.map((example) => [key, example] as const))
    expect(examples.length).toBeGreaterThan(4)
    for (const [key, example] of examples) {
      const base = { command: { code: [], outputs: ['split'], inputs: { rows: 'a' } }, code: { command: ['x'], outputs: ['o'] }, map: { command: ['x'], code: [], outputs: ['o'], inputs: { rows: 'a' } } }[key] ?? { recipe: 'a.mjs' }
      const filled = { ...(key === 'recipe' ? {} : base), [key]: example }
      expect([key, validate({ steps: { a: filled, parse: { recipe: 'p.mjs' } } })]).toEqual([key, true])
      expect([key, isRead(JSON.stringify({ steps: { a: filled, parse: { recipe: 'p.mjs' } } }))]).toEqual([key, true])
    }
  })

  it('lies in the package, under the name that the package gives', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown>; files: readonly string[] }
    const target = manifest.exports['./varve.schema.json']
    expect(target).toBe('./dist/varve.schema.json')
    expect(manifest.files).toContain('dist')
    expect(JSON.parse(readFileSync(String(target), 'utf8'))).toEqual(SCHEMA)
  })
})
