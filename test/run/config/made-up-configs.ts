import fc from 'fast-check'
import { canonicalJson } from '../../../src/codec/canonical-json.ts'
import { parseParams } from '../../../src/recipe/pipeline/index.ts'
import { isJsonMap } from '../../../src/recipe/pipeline/json-of.ts'
import { innerKey } from '../../../src/run/config/config-key.ts'
import type { ConfigLayers } from '../../../src/run/config/resolve-config.ts'
import type { JsonValue } from '../../../src/types.ts'

export interface Tree {
  readonly [key: string]: JsonValue
}

/** Integers that doubles do not hold exactly are refused in files. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value))

/** Few names, so that layers meet; those that objects inherit, and those that must be written otherwise in keys. */
const NAMES = ['a', 'b', 'c', 'a.b', 'constructor', 'toString', '\\', 'b\\']
const ANYWHERE = [...NAMES, '', '__proto__', 'x.', 'é']

function treeOf(names: readonly string[]): fc.Arbitrary<Tree> {
  const name = fc.constantFrom(...names)
  const { map } = fc.letrec<{ value: JsonValue; map: Tree }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, fc.constantFrom<JsonValue>(1, 'text', null, true, -0, [], [{ b: 1, a: [2] }]), number, tie('map')),
    map: fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  }))
  return map
}

/** Layers as trees, and as `resolveConfig` takes them. */
export interface MadeUpLayers {
  readonly trees: readonly Tree[]
  readonly layers: ConfigLayers
}

export const madeUpLayers: fc.Arbitrary<MadeUpLayers> = fc.record({
  defaults: treeOf(ANYWHERE), files: fc.array(treeOf(ANYWHERE.filter((name) => name !== '__proto__')), { maxLength: 3 }), environment: treeOf(NAMES), program: treeOf(ANYWHERE), set: treeOf(ANYWHERE),
}).map(({ defaults, files, environment, program, set }) => ({
  trees: [defaults, ...files, environment, program, set],
  layers: { defaults, files: files.map((tree, at) => parseParams(JSON.stringify(tree), { file: `${at}.json` })), environment: { PATH: '/bin', ...Object.fromEntries(variablesOf(environment, 'VARVE_CONFIG')) }, program, set },
}))

function* variablesOf(tree: Tree, prefix: string): Generator<readonly [string, string]> {
  for (const [name, value] of Object.entries(tree)) {
    if (isJsonMap(value) && Object.keys(value).length > 0) yield* variablesOf(value, `${prefix}__${name}`)
    else yield [`${prefix}__${name}`, JSON.stringify(value)]
  }
}

/** What is expected of merging, in the plainest way there is: maps key by key, anything else as a whole. */
export function plainMerge(below: JsonValue | undefined, above: JsonValue): JsonValue {
  if (!isJsonMap(above)) return above
  const keys = new Set([...(isJsonMap(below) ? Object.keys(below) : []), ...Object.keys(above)])
  return Object.fromEntries([...keys].map((key) => {
    const [under, over] = [isJsonMap(below) && Object.hasOwn(below, key) ? below[key] : undefined, Object.hasOwn(above, key) ? above[key] : undefined]
    return [key, over === undefined ? (under ?? null) : plainMerge(under, over)]
  }))
}

/** The keys of all values that are no map, and of empty maps. */
export function leafKeys(tree: Tree, outer: string | null = null): readonly string[] {
  return Object.entries(tree).flatMap(([name, value]) => {
    const key = innerKey(outer, name)
    return isJsonMap(value) && Object.keys(value).length > 0 ? leafKeys(value, key) : [key]
  })
}

/** Two values are one if these texts are. */
export const textOf = (value: JsonValue): string => canonicalJson(value, 'A value')
