import { describe, expect, it } from 'vitest'
import { parseParams } from '../../../src/recipe/pipeline/index.ts'
import { explainConfig } from '../../../src/run/config/explain-config.ts'
import { resolveConfig } from '../../../src/run/config/resolve-config.ts'

const RESOLVED = resolveConfig({
  defaults: { train: { rate: 0.001, name: 'a' }, seed: 1, eval: { rate: 1 } },
  files: [parseParams('train:\n  name: b\n  rate: 0.01', { file: 'conf/train.yaml' })],
  environment: { VARVE_CONFIG__train__rate: '0.05' }, program: { seed: { global: 2 } }, set: { train: { rate: 0.1 } },
})
const RATE = ['train.rate = 0.1   from --set', '  instead of 0.05 from VARVE_CONFIG__train__rate', '  instead of 0.01 from conf/train.yaml:3', '  instead of 0.001 from defaults']
const NAME = ['train.name = "b"   from conf/train.yaml:2', '  instead of "a" from defaults']

describe('what is said of a configuration', () => {
  it('is the chain of a value', () => {
    const { entries, lines } = explainConfig(RESOLVED, 'train.rate')
    expect(lines).toEqual(RATE)
    expect(entries).toEqual(RESOLVED.entries.filter(({ key }) => key === 'train.rate'))
  })

  it('is all that a map holds', () => {
    expect(explainConfig(RESOLVED, 'train').lines).toEqual(['train   (values of a prefix)', ...NAME, ...RATE])
  })

  it('finds a value by its last names, wherever they are', () => {
    expect(explainConfig(RESOLVED, 'name').lines).toEqual(NAME)
    expect(explainConfig(RESOLVED, 'rate').lines).toEqual(['eval.rate = 1   from defaults', ...RATE])
    const deep = resolveConfig({ program: { a: { b: { c: { b: { c: 1 } } }, 'x.b': 2 } } })
    expect(explainConfig(deep, 'b').lines).toEqual(['a.b   (values of a prefix)', 'a.b.c.b.c = 1   from the program'])
    expect(explainConfig(deep, 'b.c').entries).toHaveLength(1)
  })

  it('is everything if no key is given', () => {
    const { entries, lines } = explainConfig(RESOLVED, null)
    expect(entries).toBe(RESOLVED.entries)
    expect(lines).toEqual(['eval.rate = 1   from defaults', 'seed.global = 2   from the program', '  instead of 1 from defaults', ...NAME, ...RATE])
  })

  it.each([
    ['train.rat', '; did you mean "train.rate"?'], ['x.name', '; did you mean "train.name"?'],
    ['unheard', '; there are: eval, eval.rate, seed, seed.global, train, train.name, train.rate'],
  ])('is an error for %s', (key, suggestion) => {
    expect(() => explainConfig(RESOLVED, key)).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message: `The configuration has no key "${key}"${suggestion}` }))
  })

  it('has nothing in it that a terminal would act on', () => {
    const hostile = 'x\u001b[2Jy\u009b\u202e\nz\r\u2028\t'
    const { lines } = explainConfig(resolveConfig({ defaults: { [hostile]: 1 }, environment: { [`VARVE_CONFIG__${hostile}`]: hostile } }), null)
    expect(lines).toEqual([
      'x\\x1b[2Jy\\x9b\\x202e\\nz\\x0d\\u2028\\t = "x\\u001b[2Jy\\x9b\\x202e\\nz\\r\\u2028\\t"   from VARVE_CONFIG__x\\x1b[2Jy\\x9b\\x202e\\nz\\x0d\\u2028\\t', '  instead of 1 from defaults',
    ])
  })
})
