import { describe, expect, it } from 'vitest'
import { describeDefinition } from '../../src/recipe/describe-definition.ts'

const SOUND = { name: 'test', inputs: ['raw'], outputs: ['out'], run() {} }

describe('what a module exports as a recipe', () => {
  it.each([
    [{ params: 1 }, 'its params must be a Standard Schema'],
    [{ params: { '~standard': { version: 2, validate() {} } } }, 'its params must be a Standard Schema'],
    [{ name: '' }, 'its name must be text'],
    [{ name: 'a\n' }, 'its name must be text'],
    [{ version: 2 }, 'its version must be text'],
    [{ run: 1 }, 'its run must be a function'],
    [{ inputs: 'raw' }, 'its inputs must be an array of names'],
    [{ inputs: ['../raw'] }, 'its inputs must be an array of names'],
    [{ inputs: ['__proto__'] }, 'its inputs must be an array of names'],
    [{ inputs: ['a-b', 'A_b'] }, 'two of its inputs have names that differ by case or by - and _ alone'],
    [{ outputs: [] }, 'its outputs must be an array of at least one name'],
    [{ outputs: ['x', 'X'] }, 'two of its outputs have names'],
    [{ deterministic: true }, 'its deterministic must be'],
    [{ deterministic: { tolerance: Number.NaN } }, 'its deterministic must be'],
    [{ environment: 'all' }, 'its environment must be one of none, runtime, locked, image'],
    [{ map: 'shard' }, 'its map must be'],
    [{ map: 'file', inputs: [] }, 'with a map it needs an input'],
    [{ map: { shards: 0 } }, 'its map must be'],
    [{ map: { shards: 2.5 } }, 'its map must be'],
    [{ files: '*' }, 'its files must be an array'],
    [{ param: 1 }, 'it has a field "param"'],
  ])('is refused with %j', (fields, message) => {
    expect(() => describeDefinition({ ...SOUND, ...fields }, 'a.mjs#b')).toThrow(`a.mjs#b is not a recipe: ${message}`)
  })

  it.each([null, undefined, 1, () => {}])('is refused if it is %s', (value) => {
    expect(() => describeDefinition(value, 'a.mjs#b')).toThrow('a.mjs#b is not a recipe: it is')
  })

  it('may have a schema that is a function', () => {
    const params = Object.assign(() => {}, { '~standard': { version: 1, vendor: 'test', validate: () => ({ value: {} }) } })
    expect(describeDefinition({ ...SOUND, params }, 'a.mjs#b')).toMatchObject({ takesParams: true, deterministic: 'bitwise', environment: 'locked' })
  })
})
