import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, parseJson } from '../../../src/codec/canonical-json.ts'
import { parseParams } from '../../../src/recipe/pipeline/index.ts'
import { configFromJson, configToJson } from '../../../src/run/config/config-json.ts'
import { explainConfig } from '../../../src/run/config/explain-config.ts'
import type { ConfigOrigin } from '../../../src/run/config/interface.ts'
import { configHash, type ConfigLayers, resolveConfig } from '../../../src/run/config/resolve-config.ts'
import type { JsonValue } from '../../../src/types.ts'
import { madeUpLayers, textOf } from './made-up-configs.ts'

interface Vector {
  readonly layers: Omit<ConfigLayers, 'files'> & { readonly files: readonly { readonly path: string; readonly text: string }[] }
  /** What is stored, as canonical JSON. */
  readonly stored: string
  readonly explained: readonly string[]
}
const VECTORS = JSON.parse(readFileSync('test/vectors/config.json', 'utf8')) as readonly Vector[]
/** The way of a configuration into a block and back. */
const stored = (json: JsonValue): JsonValue => parseJson(canonicalJson(json, 'A configuration'), 'A configuration')

describe('a stored configuration', () => {
  it('is the same when it is read', () => {
    fc.assert(fc.property(madeUpLayers, ({ layers }) => {
      const resolved = resolveConfig(layers)
      const read = configFromJson(stored(configToJson(resolved)))
      expect(read).toEqual(resolved)
      expect(textOf(configToJson(read))).toBe(textOf(configToJson(resolved)))
      expect(Object.isFrozen(read.values)).toBe(true)
    }), { numRuns: 300 })
  })

  it.each(VECTORS.map((vector, at) => [at, vector] as const))('has the form of the format: %i', (_, { layers, stored: text, explained }) => {
    const resolved = resolveConfig({ ...layers, files: layers.files.map((file) => parseParams(file.text, { file: file.path })) })
    expect(canonicalJson(configToJson(resolved), 'A configuration')).toBe(text)
    expect(configFromJson(parseJson(text, 'A configuration'))).toEqual(resolved)
    expect(explainConfig(resolved, null).lines).toEqual(explained)
  })

  it('may have been written without a line', () => {
    const origin: ConfigOrigin = { layer: 'file', path: 'params.toml', line: null }
    const resolved = { values: { a: 1 }, entries: [{ key: 'a', value: 1, origin, overrides: [] }], hash: configHash({ a: 1 }) }
    expect(configFromJson(stored(configToJson(resolved)))).toEqual(resolved)
    expect(explainConfig(resolved, 'a').lines).toEqual(['a = 1   from params.toml'])
  })
})

const SOUND = configToJson(resolveConfig({ defaults: { a: { b: 1, c: [2] } }, environment: { VARVE_CONFIG__a__b: '2' }, files: [parseParams('a: { b: 3 }', { file: 'x.yaml' })] }))
const ENTRIES = SOUND['entries'] as readonly { readonly [key: string]: JsonValue }[]
const withEntry = (change: object): unknown => ({ ...SOUND, entries: [{ ...ENTRIES[0], ...change }, ENTRIES[1]] })
const withOrigin = (origin: unknown): unknown => withEntry({ origin, overrides: [] })
const cycle: Record<string, unknown> = {}
Object.assign(cycle, { a: cycle, b: cycle })

describe('a stored configuration is refused', () => {
  it('unless it is sound', () => {
    expect(configFromJson(SOUND).entries[0]?.overrides).toHaveLength(2)
  })

  it.each<[string, unknown, string]>([
    ['text', 'x', 'A configuration must be a map'], ['null', null, 'A configuration must be a map'], ['a list', [], 'A configuration must be a map'],
    ['a field too many', { ...SOUND, more: 1 }, 'A configuration must have exactly the fields'], ['a field too few', { values: {}, entries: [] }, 'A configuration must have exactly the fields'],
    ['values that are a list', { ...SOUND, values: [] }, 'The values of a configuration must be a map'], ['values that are none', { ...SOUND, values: undefined }, 'JSON cannot hold undefined'],
    ['a value that is no JSON', { ...SOUND, values: { a: { b: 2n, c: [2] } } }, 'JSON cannot hold 2'], ['a value that is bytes', { ...SOUND, values: { a: new Uint8Array(1) } }, 'JSON cannot hold a Uint8Array'],
    ['values that contain themselves', { ...SOUND, values: cycle }, 'nested deeper than 256 levels'],
    ['a value more than entries', { ...SOUND, values: { a: { b: 2, c: [2] }, d: 1 } }, 'The entries of a configuration must be an array of 3 items'],
    ['another value', { ...SOUND, values: { a: { b: 3, c: [2] } } }, 'A configuration says that its hash is'], ['another hash', { ...SOUND, hash: 1 }, 'A configuration says that its hash is 1'],
    ['entries in another order', { ...SOUND, entries: [...ENTRIES].reverse() }, 'An entry of a configuration is for "a.c", where "a.b" must be'],
    ['an entry twice', { ...SOUND, entries: [ENTRIES[0], ENTRIES[0]] }, 'An entry of a configuration is for "a.b", where "a.c" must be'],
    ['an entry that is text', { ...SOUND, entries: ['a', 'b'] }, 'An entry of a configuration must be a map'], ['an entry with a value', withEntry({ value: 2 }), 'An entry of a configuration must have exactly'],
    ['entries as a map', { ...SOUND, entries: {} }, 'The entries of a configuration must be an array'],
    ['an origin that is text', withOrigin('set'), 'comes from undefined, which is no layer'], ['an unknown layer', withOrigin({ layer: 'moon' }), 'comes from "moon", which is no layer'],
    ['an inherited layer', withOrigin(Object.create({ layer: 'set' })), 'comes from undefined'], ['a default with a path', withOrigin({ layer: 'default', path: 'x' }), 'An origin must have exactly the fields layer'],
    ['a file without a line', withOrigin({ layer: 'file', path: 'x' }), 'An origin must have exactly the fields layer, path, line'], ['line 0', withOrigin({ layer: 'file', path: 'x', line: 0 }), 'must count from 1'],
    ['line 1.5', withOrigin({ layer: 'file', path: 'x', line: 1.5 }), 'must be an integer'], ['a path that is a number', withOrigin({ layer: 'file', path: 1, line: 1 }), 'must be text'],
    ['a variable that is null', withOrigin({ layer: 'environment', variable: null }), 'must be text'],
    ['overrides that are a map', withEntry({ overrides: {} }), 'What a value overrides must be an array'], ['an override without a value', withEntry({ overrides: [{ origin: { layer: 'default' } }] }), 'What a value overrides must have exactly'],
    ['an override that is no JSON', withEntry({ overrides: [{ value: undefined, origin: { layer: 'default' } }] }), 'JSON cannot hold undefined'],
    ['a nearer layer that is overridden', withEntry({ overrides: [{ value: 1, origin: { layer: 'set' } }] }), 'The layers that "a.b" comes from are out of order'],
    ['layers out of order', withEntry({ overrides: [{ value: 1, origin: { layer: 'default' } }, { value: 1, origin: { layer: 'file', path: 'x', line: 1 } }] }), 'The layers that "a.b" comes from are out of order'],
  ])('with %s', (_, json, message) => {
    expect(() => configFromJson(json)).toThrow(expect.objectContaining({ code: 'MALFORMED_DATA', message: expect.stringContaining(message) as string }))
  })

  it('or is read as what it says, whatever is changed in it', () => {
    const paths = ['values', 'entries', 'hash', '0', '1', 'a', 'b', 'c', 'origin', 'layer', 'overrides', 'key', 'line', 'path', 'variable']
    const junk = fc.constantFrom<JsonValue>(null, 0, -1, 'x', [], {}, { layer: 'set' }, [1], 'a.b', 'set')
    const changed = (json: JsonValue, [first, ...rest]: readonly string[], to: JsonValue): JsonValue => {
      if (first === undefined || typeof json !== 'object' || json === null) return to
      const entries = Object.entries(json as { [key: string]: JsonValue }).map(([key, value]): [string, JsonValue] => [key, key === first ? changed(value, rest, to) : value])
      return Array.isArray(json) ? entries.map(([, value]) => value) : Object.fromEntries(entries)
    }
    fc.assert(fc.property(fc.array(fc.constantFrom(...paths), { maxLength: 5 }), junk, (way, to) => {
      const json = changed(SOUND, way, to)
      try {
        expect(textOf(configToJson(configFromJson(json)))).toBe(textOf(json))
      } catch (error) {
        if ((error as { code?: string }).code !== 'MALFORMED_DATA') throw error
      }
    }), { numRuns: 1000 })
  })
})
