import { describe, expect, it } from 'vitest'
import { parseParams } from '../../../src/recipe/pipeline/index.ts'
import { resolveConfig } from '../../../src/run/config/resolve-config.ts'

const BASE = parseParams('seed: 1\ntrain:\n  rate: 0.01\n  layers:\n    - 8\n    - 4\n', { file: 'conf/base.yaml' })
const LARGE = parseParams('{\n  "train": {\n    "layers": [64],\n    "batch": 32\n  }\n}', { file: 'large.json' })
const file = (path: string, line: number): object => ({ layer: 'file', path, line })
const variable = (name: string): object => ({ layer: 'environment', variable: name })

describe('layers of a configuration', () => {
  it('override each other in their order, and every value knows what it stands in place of', () => {
    const environment = { VARVE_CONFIG__train__rate: '0.05', VARVE_CONFIG__train__name: 'from here', HOME: '/home/x', VARVE_CONFIG: 'x', VARVE_CONFIG_seed: '5' }
    const { values, entries } = resolveConfig({ defaults: { train: { rate: 0.001 }, deep: {} }, files: [BASE, LARGE], environment, program: { seed: 2 }, set: { train: { rate: 0.1 } } })
    expect(values).toEqual({ deep: {}, seed: 2, train: { batch: 32, layers: [64], name: 'from here', rate: 0.1 } })
    expect(entries).toEqual([
      { key: 'deep', value: {}, origin: { layer: 'default' }, overrides: [] },
      { key: 'seed', value: 2, origin: { layer: 'program' }, overrides: [{ value: 1, origin: file('conf/base.yaml', 1) }] },
      { key: 'train.batch', value: 32, origin: file('large.json', 4), overrides: [] },
      { key: 'train.layers', value: [64], origin: file('large.json', 3), overrides: [{ value: [8, 4], origin: file('conf/base.yaml', 4) }] },
      { key: 'train.name', value: 'from here', origin: variable('VARVE_CONFIG__train__name'), overrides: [] },
      { key: 'train.rate', value: 0.1, origin: { layer: 'set' }, overrides: [
        { value: 0.05, origin: variable('VARVE_CONFIG__train__rate') }, { value: 0.01, origin: file('conf/base.yaml', 3) }, { value: 0.001, origin: { layer: 'default' } },
      ] },
    ])
  })

  it('let the later one win where a map meets something else, and say so', () => {
    const { values, entries } = resolveConfig({ defaults: { a: 1, b: { x: 1, y: 2 }, c: {}, d: 5 }, program: { a: { x: 2 }, b: { z: 3 }, c: { x: 4 }, d: {} }, set: { a: { y: 3 }, b: 'flat' } })
    expect(values).toEqual({ a: { x: 2, y: 3 }, b: 'flat', c: { x: 4 }, d: {} })
    const [byDefault, byProgram, bySet] = [{ layer: 'default' }, { layer: 'program' }, { layer: 'set' }]
    expect(entries).toEqual([
      { key: 'a.x', value: 2, origin: byProgram, overrides: [{ value: 1, origin: byDefault }] },
      { key: 'a.y', value: 3, origin: bySet, overrides: [] },
      { key: 'b', value: 'flat', origin: bySet, overrides: [{ value: { z: 3 }, origin: byProgram }, { value: { x: 1, y: 2 }, origin: byDefault }] },
      { key: 'c.x', value: 4, origin: byProgram, overrides: [{ value: {}, origin: byDefault }] },
      { key: 'd', value: {}, origin: byProgram, overrides: [{ value: 5, origin: byDefault }] },
    ])
  })

  it('may all be empty', () => {
    expect(resolveConfig({})).toEqual({ values: {}, entries: [], hash: '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' })
    expect(resolveConfig({ files: [parseParams('', { file: 'empty.yaml' })], set: {} }).entries).toEqual([])
  })

  it('take undefined for not said', () => {
    expect(resolveConfig({ defaults: { a: 1, b: { c: 2 } }, program: { a: undefined, b: { c: undefined, d: 3 } } }).values).toEqual({ a: 1, b: { c: 2, d: 3 } })
  })

  it('are copied: neither changes of what was given nor of the result reach it', () => {
    const program = { list: [{ a: 1 }] }
    const { values } = resolveConfig({ program })
    program.list.push({ a: 2 })
    expect(values).toEqual({ list: [{ a: 1 }] })
    expect(() => { (values as { list: unknown })['list'] = 1 }).toThrow(TypeError)
    const [item = { a: 0 }] = values['list'] as { a: number }[]
    expect(() => { item.a = 3 }).toThrow(TypeError)
  })

  it('keep names with dots apart from ways', () => {
    expect(resolveConfig({ program: { 'a.b': 1, a: { b: 2 }, '': { '\\': 3 } } }).entries.map(({ key, value }) => [key, value])).toEqual([['.\\\\', 3], ['a.b', 2], ['a\\.b', 1]])
  })

  it('cannot change what prototypes hold', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 2}}}') as object
    const { values, entries } = resolveConfig({ defaults: hostile, program: hostile, set: hostile as Record<string, never>, environment: { VARVE_CONFIG__constructor__prototype__polluted: '3' } })
    expect(entries.map(({ key, overrides }) => [key, overrides.length])).toEqual([['__proto__.polluted', 2], ['constructor.prototype.polluted', 3]])
    expect(JSON.stringify(values)).toBe('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}}}')
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it.each<[string, object, string]>([
    ['a date', { when: new Date(0) }, 'JSON cannot hold a Date'], ['a number that is none', { a: { b: NaN } }, 'JSON cannot hold NaN'], ['a function', { a: [() => 1] }, 'JSON cannot hold () => 1'],
    ['a list', [1], 'A configuration must be a map from names to values'], ['undefined in a list', { a: [undefined] }, 'JSON cannot hold undefined'],
  ])('refuse %s', (_, program, message) => {
    expect(() => resolveConfig({ program })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
  })

  it('refuse what contains itself, in bounded time', () => {
    const program: Record<string, unknown> = {}
    Object.assign(program, { a: program, b: program })
    expect(() => resolveConfig({ program })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'A configuration is nested deeper than 256 levels' }))
  })
})

describe('variables of a configuration', () => {
  it('are JSON or else text, whatever their order', () => {
    const variables = [['VARVE_CONFIG__a', '{"x": 1}'], ['VARVE_CONFIG__a__y', 'word'], ['VARVE_CONFIG__list', '[1, "2"]'], ['VARVE_CONFIG__empty', ''], ['VARVE_CONFIG__n', 'null'], ['VARVE_CONFIG__snake_case', '1e-3']] as const
    const resolved = resolveConfig({ environment: Object.fromEntries(variables) })
    expect(resolved.values).toEqual({ a: { x: 1, y: 'word' }, empty: '', list: [1, '2'], n: null, snake_case: 0.001 })
    expect(resolveConfig({ environment: Object.fromEntries([...variables].reverse()) })).toEqual(resolved)
    expect(resolved.entries.slice(0, 2).map(({ key, origin }) => [key, origin])).toEqual([['a.x', variable('VARVE_CONFIG__a')], ['a.y', variable('VARVE_CONFIG__a__y')]])
  })

  it('may have another prefix', () => {
    expect(resolveConfig({ environment: { JOB_rate: '1', VARVE_CONFIG__rate: '2' } }, { prefix: 'JOB_' }).values).toEqual({ rate: 1 })
  })

  it.each([
    [{ VARVE_CONFIG__: '1' }, 'The variable VARVE_CONFIG__ names no key'],
    [{ VARVE_CONFIG__a____b: '1' }, 'The variable VARVE_CONFIG__a____b names no key'],
    [{ VARVE_CONFIG__a__b: '1', VARVE_CONFIG__a: '2' }, 'VARVE_CONFIG__a__b: a has a value already, and cannot hold others'],
    [{ VARVE_CONFIG__a__b: '1', VARVE_CONFIG__a: '{"b":{}}' }, 'VARVE_CONFIG__a__b: b holds others already, and cannot be given whole'],
  ])('are refused if they are %j', (environment, message) => {
    expect(() => resolveConfig({ environment })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
  })
})
