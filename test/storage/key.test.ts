import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertKey, assertPrefix, isKey } from '../../src/storage/key.ts'

describe('a key', () => {
  test.each(['config.json', 'log/000000000001', 'packs/ab/00ff.pack', 'a', '.a', 'a.', '...', '..a', 'a/.b/c..', '-', '_', '0'])('may be %j', (key) => {
    expect(() => assertKey(key)).not.toThrow()
  })

  test.each(['', '/', '.', '..', 'a/', '/a', 'a//b', './a', '../a', 'a/.', 'a/..', 'a/../b', 'a/./b', 'A', 'é', 'a b', 'a\\b', 'a\n', 'a\0', 'c:a'])('may not be %j', (key) => {
    expect(() => assertKey(key)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', data: { key } }))
  })

  test('is one exactly if each of its segments is', () => {
    const segment = fc.string({ unit: fc.constantFrom('a', '9', '.', '_', '-', 'B', '\\', ' '), maxLength: 4 })
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const sound = segments.every((name) => name !== '' && name !== '.' && name !== '..' && /^[a9._-]+$/.test(name))
        expect(isKey(segments.join('/'))).toBe(sound)
      }),
    )
  })

  test('of a hundred thousand segments is checked in linear time', () => {
    expect(isKey(`${'a.-/'.repeat(100_000)}A`)).toBe(false)
  })
})

describe('a prefix', () => {
  test.each(['', 'log/', 'packs/ab/'])('may be %j', (prefix) => {
    expect(() => assertPrefix(prefix)).not.toThrow()
  })

  test.each(['log', '/', '//', 'a//', '../', './', 'A/', ' '])('may not be %j', (prefix) => {
    expect(() => assertPrefix(prefix)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', data: { prefix } }))
  })
})
