import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { InvalidArgumentError, MalformedDataError, UnsafePathError } from '../../src/errors.ts'
import { assertPath, assertPathKey, displayPath, keyFromPath, pathFromKey, pathFromText, pathToText } from '../../src/manifest/path.ts'

const anyBytes = fc.uint8Array({ maxLength: 40 })
/** Pieces that are valid, cut short, too long in form, surrogates, and beyond Unicode. */
const pieces = ['a', 'é', '漢', '😀', '\ufeff'].map((text) => utf8(text)).concat([[0xc3], [0xe6, 0xbc], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0x80]].map((list) => Uint8Array.from(list)))
const oddBytes = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])))

describe('the text of a path', () => {
  it('gives back the same bytes, whatever they are', () => {
    fc.assert(fc.property(fc.oneof(anyBytes, oddBytes), (bytes) => equalBytes(pathFromText(pathToText(bytes)), bytes)), { numRuns: 2000 })
  })

  it('is what a UTF-8 decoder says where the bytes are well-formed', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => pathToText(utf8(text)) === text && equalBytes(pathFromText(text), utf8(text))))
  })

  it('escapes stray bytes as Python does (PEP 383)', () => {
    expect(pathToText(Uint8Array.of(0x61, 0xff, 0xc3, 0xa9, 0xc3))).toBe('a\udcffé\udcc3')
    expect(pathFromText('a\udcffé\udcc3')).toEqual(Uint8Array.of(0x61, 0xff, 0xc3, 0xa9, 0xc3))
  })

  it.each(['\ud800', '\udc41', '\udfff', 'x\udbffy', '\udcc3\udca9'])('refuses surrogates that stand for no stray byte: %j', (text) => {
    expect(() => pathFromText(text)).toThrow(InvalidArgumentError)
  })
})

describe('displayPath', () => {
  it.each([
    ['plain.txt', utf8('plain.txt')],
    ['größe/漢字', utf8('größe/漢字')],
    ['a\\x1b[2Jb', utf8('a\u001b[2Jb')],
    ['\\x7f\\xc2\\x85', utf8('\u007f\u0085')],
    ['\\xffx', Uint8Array.of(0xff, 0x78)],
    ['exe\\xe2\\x80\\xaetxt', utf8('exe\u202etxt')],
  ])('shows %s', (shown, bytes) => {
    expect(displayPath(bytes)).toBe(shown)
  })
})

describe('the rules of paths', () => {
  const unsafe = ['..', '.', '../a', 'a/..', 'a/../b', 'a/./b', '/a', 'a/', 'a//b', 'a\0b']
  it.each(unsafe)('refuse %j as unsafe', (text) => {
    expect(() => assertPath(utf8(text))).toThrow(UnsafePathError)
  })

  const tooLong = ['', 'a'.repeat(256), `a/${'b'.repeat(256)}/c`, Array(513).fill('a').join('/'), Array(17).fill('a'.repeat(250)).join('/')]
  it.each(tooLong)('refuse what is empty or too long (case %#)', (text) => {
    expect(() => assertPath(utf8(text))).toThrow(MalformedDataError)
  })

  const sound = ['a', '...', '.a', '..a', 'a.', 'a..', '__proto__', 'a'.repeat(255), Array(512).fill('a').join('/'), 'with space', 'back\\slash', 'x:y', '\u0001']
  it.each(sound)('allow %j', (text) => {
    expect(() => assertPath(utf8(text))).not.toThrow()
  })

  it('are the same for keys, where 0x00 separates and "/" is foreign', () => {
    for (const text of unsafe) expect(() => assertPathKey(utf8(text.replaceAll(/[/\0]/g, (found) => (found === '/' ? '\0' : '/')))), text).toThrow(UnsafePathError)
    for (const text of sound) expect(() => assertPathKey(keyFromPath(utf8(text)))).not.toThrow()
  })

  it('name the path in the error', () => {
    expect(() => assertPath(utf8('data/../etc'))).toThrow(expect.objectContaining({ message: expect.stringContaining('data/../etc') as string, data: { path: 'data/../etc' } }))
  })
})

describe('keyFromPath', () => {
  it('puts a folder right before what it holds, and keeps that together', () => {
    const paths = ['a', 'a/b', 'a/b/c', 'a b', 'a-b', 'a.b'].map((text) => keyFromPath(utf8(text)))
    const sorted = [...paths].sort((x, y) => Buffer.compare(x, y)).map((key) => pathToText(pathFromKey(key)))
    expect(sorted).toEqual(['a', 'a/b', 'a/b/c', 'a b', 'a-b', 'a.b'])
  })

  it('leaves the bytes that it is given as they are', () => {
    const path = utf8('a/b')
    expect(keyFromPath(path)).toEqual(Uint8Array.of(0x61, 0, 0x62))
    expect(path).toEqual(utf8('a/b'))
  })
})
