import { describe, expect, it } from 'vitest'
import { type InputSource, outputRef, parseParams, parsePipeline, planPipeline, resolveParams } from '../../../src/recipe/pipeline/index.ts'
import { sortSteps } from '../../../src/recipe/pipeline/sort-steps.ts'
import { problemsIn } from './problems-of.ts'

const PARAMS = 'country: DE\nyears: [2020, 2021]\ntrain: { rate: 0.5, layers: [8, 4] }\nlist: [a, b]\nnothing: null\nflag: true\nnone: ""\n'

function plan(text: string, steps?: readonly string[], params = PARAMS): ReturnType<typeof planPipeline>['steps'] {
  const pipeline = parsePipeline(text, { file: 'varve.yaml' })
  return planPipeline(pipeline, { params: resolveParams([parseParams(params, { file: 'params.yaml' })]), ...(steps === undefined ? {} : { steps }) }).steps
}

function planProblems(text: string): readonly string[] {
  return problemsIn(() => plan(text)).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}

function shownSource(source: InputSource): string {
  return source.kind === 'output' ? `${source.step} . ${source.output}` : source.revision
}

describe('references', () => {
  const given = (value: string): unknown => plan(`steps: { a: { recipe: a.mjs, params: { x: ${value} } } }`)[0]?.params['x']

  it.each([
    ["'${params.train}'", { rate: 0.5, layers: [8, 4] }], ["'${params.train.rate}'", 0.5], ["'${params.train.layers.1}'", 4], ["'${params.nothing}'", null], ["'${params.flag}'", true], ['5', 5], ["'5'", '5'],
    ["'${params.country}-${params.train.rate}:${params.flag}'", 'DE-0.5:true'], ["' ${params.train.rate}'", ' 0.5'], ["'$${params.country}'", '${params.country}'], ["'$$${params.country}'", '$${params.country}'], ["'$5 {x}'", '$5 {x}'],
    ["[1, { a: '${params.years}' }]", [1, { a: [2020, 2021] }]],
  ])('are filled in: %s', (value, expected) => {
    expect(given(value)).toEqual(expected)
  })

  it.each([
    ['${params.contry}', 'There is no "contry" in params; did you mean "country"?'], ['${params.train.rat}', 'There is no "rat" in params.train; did you mean "rate"?'],
    ['${params.country.x}', 'There is no "x" in params.country, which is text'], ['${params.years.2}', 'There is no "2" in params.years, which is a list'],
    ['${params.constructor}', 'There is no "constructor" in params; there are: country, years, train, list, nothing, flag, none'], ['${params.__proto__}', 'There is no "__proto__" in params; there are: country, years, train, list, nothing, flag, none'],
    ['${param.country}', '"${param.country}" refers to nothing: references begin with params, foreach or item; write "$${" if none is meant'], ['${}', '"${}" refers to nothing: references begin with params, foreach or item; write "$${" if none is meant'],
    ['${item}', '"${item}" refers to nothing: the step has no foreach'], ['a ${params.country', '"${" without "}"; write "$${" if no reference is meant'],
    ['x ${params.years}', '${params.years} is a list, which cannot be put into a text'], ['x ${params.nothing}', '${params.nothing} is nothing, which cannot be put into a text'],
  ])('to nothing are refused: %s', (value, message) => {
    expect(planProblems(`steps: { a: { recipe: a.mjs, params: { x: '${value}' } } }`)).toEqual([`1:43 steps.a.params.x: ${message}`])
  })

  it('say which parameters a step depends on, and no others', () => {
    const [a, b] = plan("steps:\n  a: { recipe: a.mjs, foreach: '${params.list}', params: { x: '${params.train.rate}', y: 'q ${params.country}' } }\n  b: { recipe: b.mjs }", ['a@a', 'b'])
    expect([a?.uses, b?.uses]).toEqual([['country', 'list', 'train.rate'], []])
  })

  it('may give all parameters of a step, its seed, its inputs and its refs', () => {
    const [step] = plan("steps: { a: { recipe: a.mjs, params: '${params.train}', seed: '${params.years.0}', inputs: { i: 'covid/${params.country}' }, refs: { o: 'x/${params.country}' } } }")
    expect(step).toMatchObject({ params: { rate: 0.5 }, seed: '2020', inputs: [{ name: 'i', source: { kind: 'revision', revision: 'covid/DE' } }] })
    expect(step?.refs.get('o')).toBe('x/DE')
  })

  it.each([
    ["params: '${params.country}'", '1:38 steps.a.params: The parameters of a step must be a map, not text'], ["seed: '${params.train.rate}'", '1:36 steps.a.seed: "seed" must be a whole number or text, not a number'],
    ["refs: { o: 'x ${params.country}' }", '1:41 steps.a.refs.o: "x DE" is not a valid ref name'], ["inputs: { i: '${params.train.oops}' }", '1:43 steps.a.inputs.i: There is no "oops" in params.train; there are: rate, layers'], ["inputs: { i: '${params.none}' }", '1:43 steps.a.inputs.i: ${params.none} is empty'], ["refs: { o: '${params.none}' }", '1:41 steps.a.refs.o: ${params.none} is empty'],
  ])('must give what fits: %s', (field, start) => {
    expect(planProblems(`steps: { a: { recipe: a.mjs, ${field} } }`)).toEqual([expect.stringContaining(start)])
  })

  it('may give the parameters that a command names', () => {
    const step = (word: string): string => `steps: { a: { command: [x, '{params.${word}}'], code: [], outputs: [o], params: '\${params.train}' } }`
    expect(plan(step('rate'))).toHaveLength(1)
    expect(planProblems(step('rat'))).toEqual(['1:10 steps.a.command: The step has no parameter "rat"; did you mean "rate"?'])
  })
})

describe('foreach', () => {
  const names = (foreach: string): readonly string[] => plan(`steps:\n  a: { recipe: a.mjs, foreach: ${foreach} }`).map(({ name }) => name)

  it.each([
    ['[DE, FR]', ['a@DE', 'a@FR']], ['{ c: [DE, FR], y: [1, 0.5] }', ['a@DE,1', 'a@DE,0.5', 'a@FR,1', 'a@FR,0.5']], ["'${params.list}'", ['a@a', 'a@b']], ["{ y: '${params.years}' }", ['a@2020', 'a@2021']],
    ["['${params.country}', true]", ['a@DE', 'a@true']], ['[{ name: low, rate: 1 }, { name: high, rate: 2 }]', ['a@low', 'a@high']], ["[München, '東京']", ['a@München', 'a@東京']],
  ])('makes a step for each item: %s', (foreach, expected) => {
    expect(names(foreach)).toEqual(expected)
  })

  it.each([
    ['[DE, DE]', '2:37 steps.a.foreach.1: "foreach" has the item "DE" twice'], ["[1, '1']", '2:36 steps.a.foreach.1: "foreach" has the item "1" twice'],
    ['[New York]', '2:33 steps.a.foreach.0: "New York" cannot name a step and its refs; give it a name: { name: a-name, value: … }'], ['[-1]', '2:33 steps.a.foreach.0: "-1" cannot name a step and its refs; give it a name: { name: a-name, value: … }'],
    ['[a/b]', '2:33 steps.a.foreach.0: "a/b" cannot name a step and its refs; give it a name: { name: a-name, value: … }'], ['[[1]]', '2:33 steps.a.foreach.0: An item of "foreach" that is a list cannot name a step and its refs; give it a name: { name: a-name, value: … }'],
    ['[{ rate: 1 }]', '2:33 steps.a.foreach.0: An item of "foreach" that is a map cannot name a step and its refs; give it a name: { name: a-name, value: … }'],
    ["'${params.country}'", '2:32 steps.a.foreach: "foreach" needs lists that are not empty, not text'], ["{ x: '${params.train}' }", '2:37 steps.a.foreach.x: "foreach" needs lists that are not empty, not a map'],
    ["'${params.lits}'", '2:32 steps.a.foreach: There is no "lits" in params; did you mean "list"?'], ["['${item}']", '2:33 steps.a.foreach.0: "${item}" refers to nothing: the step has no foreach'],
  ])('is refused: %s', (foreach, problem) => {
    expect(planProblems(`steps:\n  a: { recipe: a.mjs, foreach: ${foreach} }`)).toEqual([problem])
  })

  it('does not multiply without end', () => {
    const list = (length: number): string => `[${Array.from({ length }, (_, at) => at).join(', ')}]`
    const text = (lists: string): string => `steps:\n  a: { recipe: a.mjs, foreach: { ${lists} } }`
    expect(plan(text(`a: ${list(100)}, b: ${list(100)}`))).toHaveLength(10_000)
    for (const lists of [`a: ${list(101)}, b: ${list(100)}`, 'abcdefgh'.split('').map((name) => `${name}: ${list(100)}`).join(', ')]) expect(planProblems(text(lists))).toEqual(['2:32 steps.a.foreach: "foreach" makes more than 10000 steps'])
  })

  it('gives each step its items, and lets steps take from those of the same item', () => {
    const text = `steps:
  a: { recipe: a.mjs, foreach: { c: [DE, FR], y: '\${params.years}' }, params: { c: '\${foreach.c}', y: '\${foreach.y}' }, outputs: [o] }
  b: { recipe: b.mjs, foreach: [DE, FR], inputs: { i: 'a@\${item},2021.o', raw: 'covid/\${item}' }, params: { x: '\${item}', y: '\${foreach.item}' }, outputs: [o.p] }
  c: { recipe: c.mjs, foreach: [{ name: 'x.y', rate: 1 }], inputs: { i: b@FR.o }, params: { r: '\${item.rate}' } }
  d: { recipe: d.mjs, inputs: { i: c@x.y.out } }`.replace('[o.p]', '[o]')
    const steps = plan(text)
    expect(steps.map(({ name, params, inputs, after }) => [name, params, inputs.map(({ source }) => shownSource(source)), after])).toEqual([
      ['a@DE,2020', { c: 'DE', y: 2020 }, [], []], ['a@DE,2021', { c: 'DE', y: 2021 }, [], []], ['a@FR,2020', { c: 'FR', y: 2020 }, [], []], ['a@FR,2021', { c: 'FR', y: 2021 }, [], []],
      ['b@DE', { x: 'DE', y: 'DE' }, ['a@DE,2021 . o', 'covid/DE'], ['a@DE,2021']], ['b@FR', { x: 'FR', y: 'FR' }, ['a@FR,2021 . o', 'covid/FR'], ['a@FR,2021']],
      ['c@x.y', { r: 1 }, ['b@FR . o'], ['b@FR']], ['d', {}, ['c@x.y . out'], ['c@x.y']],
    ])
    expect(steps.map((step) => outputRef(step, 'o')).slice(3, 7)).toEqual(['a/FR/2021/o', 'b/DE/o', 'b/FR/o', 'c/x.y/o'])
  })

  it('names the items there are for one that is not', () => {
    expect(planProblems('steps:\n  a: { recipe: a.mjs, foreach: [DE, FR] }\n  b: { recipe: b.mjs, inputs: { i: a@DF.o } }')).toEqual(['3:36 steps.b.inputs.i: There is no step "a@DF"; did you mean "a@DE"?; if a ref is meant, add "~0" to it'])
  })

  it('is the problem where its items cannot be worked out, and not those who want one', () => {
    expect(planProblems("steps:\n  a: { recipe: a.mjs, foreach: '${params.lits}' }\n  b: { recipe: b.mjs, inputs: { i: a@DE.o } }")).toEqual(['2:32 steps.a.foreach: There is no "lits" in params; did you mean "list"?'])
  })

  it('wants to know which list is meant by ${item}', () => {
    expect(planProblems("steps:\n  a: { recipe: a.mjs, foreach: { a: [1], b: [2] }, params: { x: '${item}' } }")).toEqual(['2:65 steps.a.params.x: There are several lists; write ${foreach.a} or ${foreach.b}'])
  })
})

describe('a plan', () => {
  const DIAMOND = `steps:
  last: { recipe: a.mjs, inputs: { l: left.o, r: right.o } }
  left: { recipe: a.mjs, inputs: { i: first.o } }
  alone: { recipe: a.mjs }
  right: { recipe: a.mjs, inputs: { i: first.o, j: left.o, k: first.p } }
  first: { recipe: a.mjs, inputs: { i: raw } }
`
  it('has every step after those it needs, otherwise as in the file', () => {
    expect(plan(DIAMOND).map(({ name, after }) => [name, after])).toEqual([['first', []], ['left', ['first']], ['right', ['first', 'left']], ['last', ['left', 'right']], ['alone', []]])
  })

  it('has what is wanted with all that it needs, and no more', () => {
    expect(plan(DIAMOND, ['left']).map(({ name }) => name)).toEqual(['first', 'left'])
    expect(plan(DIAMOND, ['alone', 'right']).map(({ name }) => name)).toEqual(['first', 'left', 'right', 'alone'])
    expect(plan(DIAMOND, [])).toEqual([])
    const each = 'steps:\n  a: { recipe: a.mjs, foreach: [x, y] }\n  b: { recipe: a.mjs, foreach: [x, y], inputs: { i: "a@${item}.o" } }'
    expect(plan(each, ['b@y']).map(({ name }) => name)).toEqual(['a@y', 'b@y'])
    expect(plan(each, ['b']).map(({ name }) => name)).toEqual(['a@x', 'a@y', 'b@x', 'b@y'])
  })

  it('says what there is for a wanted step that is not there', () => {
    expect(() => plan(DIAMOND, ['lefft'])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'There is no step "lefft"; did you mean "left"?' }))
  })

  it('finds circles that only references close', () => {
    expect(planProblems("steps:\n  a: { recipe: a.mjs, foreach: [x], inputs: { i: 'b@${item}.o' } }\n  b: { recipe: b.mjs, foreach: [x], inputs: { i: '${item}.o', j: '${params.list.0}@x.o' } }\n  x: { recipe: x.mjs }")).toEqual([
      '3:66 steps.b.inputs.j: Steps that need each other can never run: a@x needs b@x needs a@x',
    ])
  })

  it.each([
    ['  a: { recipe: a.mjs, outputs: [o], refs: { o: x } }\n  b: { recipe: b.mjs, refs: { p: x } }', '3:3 steps.b: b.p and a.o would both be kept as "x"'],
    ["  a: { recipe: a.mjs, foreach: [1, 2], refs: { o: x } }", '2:3 steps.a: a@2.o and a@1.o would both be kept as "x"'],
    ['  a: { recipe: a.mjs, outputs: [o] }\n  b: { recipe: b.mjs, refs: { o: a/o } }', '3:3 steps.b: b.o and a.o would both be kept as "a/o"'],
    ['  a: { recipe: a.mjs, refs: { o: covid/rows } }\n  b: { recipe: b.mjs, inputs: { i: covid/rows } }', '3:36 steps.b.inputs.i: "covid/rows" is what a.o makes: write a.o, so that it is made first; for the one before, write covid/rows~0'],
    ['  a: { recipe: a.mjs }\n  b: { recipe: b.mjs, inputs: { i: a/o } }', '3:36 steps.b.inputs.i: "a/o" is what a.o makes: write a.o, so that it is made first; for the one before, write a/o~0'],
  ])('has one maker for each ref, whom readers name: %s', (steps, problem) => {
    expect(planProblems(`steps:\n${steps}`)).toEqual([problem])
  })

  it('cannot keep an output where varve keeps its own', () => {
    expect(planProblems('steps: { _varve: { recipe: a.mjs, outputs: [o] } }')).toEqual(['1:10 steps._varve: Names in _varve/ are kept for varve itself'])
  })

  it('keeps outputs under their own refs, or under those that are named', () => {
    const [step] = plan('steps: { a: { recipe: a.mjs, outputs: [o, p], refs: { p: other/name } } }')
    expect(step === undefined ? [] : [outputRef(step, 'o'), outputRef(step, 'p')]).toEqual(['a/o', 'other/name'])
  })

  it('is the same for equal files', () => {
    expect(plan(DIAMOND)).toEqual(plan(DIAMOND))
  })
})

describe('the order of steps', () => {
  it('is found for chains deeper than any stack', () => {
    const count = 100_000
    const steps = Array.from({ length: count }, (_, at) => ({ name: `s${at}`, needs: [`s${at + 1}`] }))
    const { order, cycles } = sortSteps(steps, ({ needs }) => needs)
    expect([order.length, order[0]?.name, order.at(-1)?.name, cycles]).toEqual([count, `s${count - 1}`, 's0', []])
  })
})
