import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isJsonMap } from '../../../src/recipe/pipeline/json-of.ts'
import { joinKey, splitKey } from '../../../src/run/config/config-key.ts'
import { valueAt } from '../../../src/run/config/config-reader.ts'
import { resolveConfig } from '../../../src/run/config/resolve-config.ts'
import type { JsonValue } from '../../../src/types.ts'
import { leafKeys, madeUpLayers, plainMerge, textOf, type Tree } from './made-up-configs.ts'

const backwards = (value: JsonValue): JsonValue => (isJsonMap(value) ? Object.fromEntries(Object.entries(value).reverse().map(([key, inner]) => [key, backwards(inner)])) : value)
/** Every value by itself, so that it can be found again. */
const numbered = (tree: Tree, next: () => number): Tree => Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, isJsonMap(value) ? numbered(value, next) : next()]))
const numbersIn = (value: JsonValue): readonly number[] => (typeof value === 'number' ? [value] : isJsonMap(value) || Array.isArray(value) ? Object.values(value as Tree).flatMap(numbersIn) : [])

describe('a resolved configuration', () => {
  it('is what a plain merge of its layers gives', () => {
    fc.assert(fc.property(madeUpLayers, ({ trees, layers }) => {
      expect(textOf(resolveConfig(layers).values)).toBe(textOf(trees.reduce<JsonValue>(plainMerge, {})))
    }), { numRuns: 500 })
  })

  it('has an entry for each value, under the key where it is, and for nothing else', () => {
    fc.assert(fc.property(madeUpLayers, ({ layers }) => {
      const { values, entries } = resolveConfig(layers)
      expect(entries.map(({ key }) => key)).toEqual([...leafKeys(values)].sort((a, b) => (a < b ? -1 : 1)))
      for (const { key, value } of entries) expect(valueAt(values, splitKey(key))).toStrictEqual(value)
    }), { numRuns: 300 })
  })

  it('has a hash that knows values alone: not their order, and not where they come from', () => {
    fc.assert(fc.property(madeUpLayers, ({ layers }) => {
      const resolved = resolveConfig(layers)
      const again = resolveConfig({ program: backwards(resolved.values) as Tree })
      expect(again.hash).toBe(resolved.hash)
      expect(Object.keys(again.values)).toEqual(Object.keys(resolved.values))
      expect(resolveConfig({ program: resolved.values, set: { a: 'other' } }).hash).not.toBe(resolved.hash)
    }), { numRuns: 200 })
  })

  it('loses nothing that any layer said: what does not count stands in the chain of what took its place', () => {
    fc.assert(fc.property(madeUpLayers, ({ trees }) => {
      let count = 0
      const [defaults = {}, program = {}, set = {}] = trees.slice(-3).map((tree) => numbered(tree, () => ++count))
      const { entries } = resolveConfig({ defaults, program, set })
      const found = entries.flatMap(({ value, overrides }) => [value, ...overrides.map((one) => one.value)]).flatMap(numbersIn)
      expect(new Set(found).size).toBe(count)
    }), { numRuns: 300 })
  })

  it('says of each value the layer that gave it', () => {
    fc.assert(fc.property(madeUpLayers, ({ trees }) => {
      let count = 0
      const [defaults = {}, program = {}, set = {}] = trees.slice(-3).map((tree) => numbered(tree, () => ++count))
      const giver = (value: JsonValue): string | undefined => (['default', 'program', 'set'] as const).find((_, at) => numbersIn([defaults, program, set][at] ?? {}).includes(Number(value)))
      for (const { value, origin } of resolveConfig({ defaults, program, set }).entries) if (typeof value === 'number') expect(origin.layer).toBe(giver(value))
    }), { numRuns: 200 })
  })
})

it('a key leads to the names that it was made of', () => {
  const name = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', '.', '\\') }))
  fc.assert(fc.property(fc.array(name, { minLength: 1 }), (names) => {
    expect(splitKey(joinKey(names))).toEqual(names)
  }))
})
