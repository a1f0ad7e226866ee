import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ConfigReader, configReader } from '../../../src/run/config/config-reader.ts'
import { resolveConfig } from '../../../src/run/config/resolve-config.ts'
import { madeUpLayers, textOf } from './made-up-configs.ts'

interface Example {
  readonly seed: number
  readonly train: { readonly rate: number; readonly layers: readonly { readonly units: number }[]; readonly more?: unknown }
  readonly empty: Readonly<Record<string, unknown>>
  readonly get: string
}
const EXAMPLE = { seed: 1, train: { rate: 0.1, layers: [{ units: 8 }] }, empty: {}, get: 'mine' }
const readerOf = (options?: { readonly strict?: boolean }): ConfigReader<Example> => configReader<Example>(resolveConfig({ program: EXAMPLE }), options)

describe('a configuration in code', () => {
  it('is read like the object that it is', () => {
    const { view, get } = readerOf()
    expect(view.train.rate).toBe(0.1)
    expect(view.get).toBe('mine')
    const { seed, train: { layers } } = view
    expect([seed, layers]).toEqual([1, [{ units: 8 }]])
    expect([get('train.rate'), get('train'), get('empty')]).toEqual([0.1, EXAMPLE.train, {}])
    expect(view).toEqual(EXAMPLE)
    expect(JSON.parse(JSON.stringify(view))).toEqual(EXAMPLE)
    expect({ ...view.train }).toEqual(EXAMPLE.train)
    expect(Object.keys(view)).toEqual(['empty', 'get', 'seed', 'train'])
    expect(structuredClone(get('train'))).toEqual(EXAMPLE.train)
  })

  it('gives all that any configuration holds, by key and as an object', () => {
    fc.assert(fc.property(madeUpLayers, ({ layers }) => {
      const resolved = resolveConfig(layers)
      const { view, get, unused } = configReader(resolved)
      expect(unused()).toEqual(resolved.entries.map(({ key }) => key))
      expect(textOf(JSON.parse(JSON.stringify(view)) as typeof view)).toBe(textOf(resolved.values))
      expect(unused()).toEqual([])
      for (const { key, value } of resolved.entries) expect(get(key)).toEqual(value)
    }), { numRuns: 200 })
  })

  it.each<[string, (config: Example) => unknown, string, readonly string[]]>([
    ['train.rat', ({ train }) => (train as { rat?: number }).rat, '; did you mean "train.rate"?', ['train.rate']],
    ['rate', (config) => (config as { rate?: number }).rate, '; did you mean "train.rate"?', ['train.rate']],
    ['empty.x', ({ empty }) => empty['x'], '; there are: empty, get, seed, train, train.layers, train.rate', []],
    ['train.more', ({ train }) => train.more, '; there are: empty, get, seed, train, train.layers, train.rate', []],
    ['trian', (config) => (config as { trian?: number }).trian, '; did you mean "train"?', ['train']],
  ])('has no %s, and says what is near', (key, read, suggestion, near) => {
    const { view, get } = readerOf()
    const error = expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `The configuration has no key "${key}"${suggestion}`, data: { key, near } }) as Error
    expect(() => read(view)).toThrow(error)
    expect(() => get(key)).toThrow(error)
  })

  it('looks for a key whose map is misspelt, or another one', () => {
    const { get } = readerOf()
    expect(() => get('trian.rat')).toThrow('no key "trian.rat"; did you mean "train.rate"?')
    expect(() => get('model.rate')).toThrow('no key "model.rate"; did you mean "train.rate"?')
    expect(() => get('train.rate.x')).toThrow('no key "train.rate.x"; there are: ')
  })

  it('names several keys if any may be meant, and none if there are too many', () => {
    const { get } = configReader(resolveConfig({ program: { a: { momentum: 1 }, b: { momentum: 2 }, 'c.d': { momentum: 3 } } }))
    expect(() => get('optimizer.momentum')).toThrow('no key "optimizer.momentum"; did you mean "a.momentum", "b.momentum" or "c\\.d.momentum"?')
    const beside = configReader(resolveConfig({ program: { a: { rate: 1 }, b: { ratio: 2 } } }))
    expect(() => beside.get('b.ratie')).toThrow('no key "b.ratie"; did you mean "b.ratio"?')
    const both = configReader(resolveConfig({ program: { a: { rate: 1 }, b: { ratt: 2 }, '': 3 } }))
    expect(() => both.get('b.rate')).toThrow('no key "b.rate"; did you mean "b.ratt" or "a.rate"?')
    expect(() => both.get('far')).toThrow('no key "far"; there are: , a, a.rate, b, b.ratt')
    const many = configReader(resolveConfig({ program: Object.fromEntries(Array.from({ length: 13 }, (_, at) => [`abcdef${at}`, at])) }))
    expect(() => many.get('zzz')).toThrow(/no key "zzz"$/)
    expect(() => configReader(resolveConfig({})).get('zzz')).toThrow('no key "zzz"; it is empty')
  })

  it('says undefined for what is not there, unless it is strict', () => {
    const { view, get, unused } = readerOf({ strict: false })
    expect([view.train.more, get('train.more'), get('train.rate.more'), get('toString')]).toEqual([undefined, undefined, undefined, undefined])
    expect(unused()).toHaveLength(5)
  })

  it('is asked for what any object has without an error', async () => {
    const { view, unused } = readerOf()
    expect('rate' in view.train).toBe(true)
    expect('toString' in view.train || 'more' in view.train).toBe(false)
    expect(Object.prototype.toString.call(view)).toBe('[object Object]')
    expect(Reflect.get(view, 'toString')).toBe(Object.prototype.toString)
    expect(Object.prototype.hasOwnProperty.call(view, 'seed')).toBe(true)
    expect(await Promise.resolve(view)).toBe(view)
    expect(inspect(view, { depth: 5, compact: 10, breakLength: Infinity })).toBe("{ empty: {}, get: 'mine', seed: 1, train: { layers: [ { units: 8 } ], rate: 0.1 } }")
    expect(unused()).toHaveLength(5)
  })

  it('tells which values nobody read', () => {
    const { view, get, unused } = readerOf()
    expect(unused()).toEqual(['empty', 'get', 'seed', 'train.layers', 'train.rate'])
    void [view.train, 'seed' in view, Object.keys(view.train)]
    expect(unused()).toHaveLength(5)
    void [view.seed, view.train.rate, view.train.rate]
    expect(unused()).toEqual(['empty', 'get', 'train.layers'])
    get('get')
    expect(unused()).toEqual(['empty', 'train.layers'])
    get('train')
    void view.empty
    expect(unused()).toEqual([])
  })

  it('counts as read what is in a map, and not what is beside it', () => {
    const { get, unused } = configReader(resolveConfig({ program: { a: { b: 1, c: { d: 2 } }, ab: 3, 'a.b': 4, 'x\\y': { z: 1 } } }))
    get('a')
    expect(unused()).toEqual(['a\\.b', 'ab', 'x\\\\y.z'])
    get('x\\y')
    expect(unused()).toEqual(['a\\.b', 'ab'])
  })

  it('cannot be changed', () => {
    const { view, get } = readerOf()
    const change = view as { seed: number; train: { rate: number }; other?: number }
    expect(() => { change.seed = 2 }).toThrow(TypeError)
    expect(() => { change.train.rate = 2 }).toThrow(TypeError)
    expect(() => { change.other = 2 }).toThrow(TypeError)
    expect(() => { delete change.other }).not.toThrow()
    expect(() => { (get('train') as { rate: number }).rate = 2 }).toThrow(TypeError)
    expect(view).toEqual(EXAMPLE)
  })

  it('has a name like any other for what objects inherit', () => {
    const { view, get, unused } = configReader<Record<string, unknown>>(resolveConfig({ program: JSON.parse('{"__proto__": {"x": 1}, "constructor": 2, "then": 3}') as object }))
    expect([view['constructor'], view['then'], get('constructor'), get('__proto__.x')]).toEqual([2, 3, 2, 1])
    expect((view['__proto__'] as { x: number }).x).toBe(1)
    expect(unused()).toEqual([])
  })

  it('is read in less than a microsecond', () => {
    const { view, get } = readerOf()
    const nanoseconds = (read: () => unknown): number => {
      const times = Array.from({ length: 20 }, () => {
        const start = process.hrtime.bigint()
        for (let at = 0; at < 5000; at++) read()
        return Number(process.hrtime.bigint() - start) / 5000
      })
      return Math.min(...times)
    }
    expect(nanoseconds(() => view.train.rate)).toBeLessThan(1000)
    expect(nanoseconds(() => get('train.rate'))).toBeLessThan(1000)
    const large = configReader(resolveConfig({ program: { train: Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`key${at}`, at])) } }))
    expect(nanoseconds(() => large.get('train'))).toBeLessThan(1000)
  })
})
