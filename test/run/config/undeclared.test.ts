import { describe, expect, it } from 'vitest'
import { parseParams } from '../../../src/recipe/pipeline/index.ts'
import { resolveConfig } from '../../../src/run/config/resolve-config.ts'
import { assertDeclared, strayVariables } from '../../../src/run/config/undeclared.ts'
import type { JsonMap } from '../../../src/run/config/plain-values.ts'

const FILE = parseParams('lr: 0.1\ntrain: { rate: 1, size: 2 }\nname: adam\nlist: [1, 2]\nextra: {}\nlater: null\n', { file: 'conf.yaml' })
const DECLARED = resolveConfig({ files: [FILE] })

describe('what is set', () => {
  it.each<[string, JsonMap]>([
    ['a value', { lr: 0.2 }], ['in a map', { train: { rate: 2 } }], ['a map as a whole', { train: 'off' }], ['a map by an empty one', { train: {} }], ['a list', { list: [3] }],
    ['anything in an empty map', { extra: { a: { b: 1 } } }], ['anything in what is null', { later: { a: 1 } }], ['nothing', {}],
  ])('may be %s that a file declares', (_what, set) => {
    expect(() => assertDeclared(DECLARED, set)).not.toThrow()
  })

  it.each<[string, JsonMap, string, string]>([
    ['at the top', { lrr: 1 }, 'lrr', '; did you mean "lr"?'],
    ['in a map', { train: { rat: 1 } }, 'train.rat', '; did you mean "train.rate"?'],
    ['in a map that is not there', { tran: { rate: 1 } }, 'tran.rate', '; did you mean "train.rate"?'],
    ['in a value', { name: { lr: 1 } }, 'name.lr', '; did you mean "lr"?'],
    ['in a list', { list: { 0: 3 } }, 'list.0', ''],
    ['beside keys that are', { lr: 1, train: { rate: 1, sizes: 3 } }, 'train.sizes', '; did you mean "train.size"?'],
    ['that is near to nothing', { lernrate: 0.1 }, 'lernrate', '; there are: extra, later, list, lr, name, train, train.rate, train.size'],
    ['that objects inherit', { toString: 1 }, 'toString', ''],
  ])('is refused %s if no file declares it', (_what, set, key, suggestion) => {
    expect(() => assertDeclared(DECLARED, set)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`has no key "${key}" that could be set${suggestion}`) as string, hint: expect.stringContaining(`--set +${key}=`) as string }) as Error)
  })
})

it('a variable is told of whose key no file declares, also where it is set over', () => {
  const environment = { VARVE_CONFIG__lrr: '1', VARVE_CONFIG__lr: '2', VARVE_CONFIG__train__rate: '3', VARVE_CONFIG__extra__a: '4', VARVE_CONFIG__x: '5', OTHER: '6' }
  const strays = strayVariables(resolveConfig({ files: [FILE], environment, set: { x: 1 } }))
  expect(strays.map(({ variable, key }) => [variable, key])).toEqual([['VARVE_CONFIG__lrr', 'lrr'], ['VARVE_CONFIG__x', 'x']])
  expect(strays[0]?.suggestion).toBe('; did you mean "lr"?')
  expect(strayVariables(resolveConfig({ files: [FILE], set: { x: 1 } }))).toEqual([])
})
