import { describe, expect, it } from 'vitest'
import { parseParams, parsePipeline } from '../../../src/recipe/pipeline/index.ts'
import { problemsIn } from './problems-of.ts'

const COUNT = 50_000

/** Each would take the parser's stack, its memory or hours of it, if it were given to it as it is. */
const DEEP: readonly (readonly [string, string])[] = [
  ['lists', '['.repeat(COUNT) + ']'.repeat(COUNT)], ['lists without an end', '['.repeat(COUNT)], ['maps', '{a: '.repeat(COUNT)], ['block lists on a line', `${'- '.repeat(COUNT)}a`], ['keys on a line', `${'? '.repeat(COUNT)}a`],
  ['maps on a line', 'a: '.repeat(COUNT)], ['indented maps', Array.from({ length: 1500 }, (_, at) => `${' '.repeat(at)}a:\n`).join('')], ['block lists one below the other', Array.from({ length: 1500 }, (_, at) => `${' '.repeat(at)}-\n`).join('')],
  ['maps within a list of lists', `- ${'['.repeat(65)}`], ['levels behind many brackets in texts', `a: "${'['.repeat(100)}"\nb: ${'['.repeat(65)}`],
]

describe('a hostile file', () => {
  it.each(DEEP)('is refused before it is parsed: %s', (_, text) => {
    const started = performance.now()
    for (const read of [() => parsePipeline(text, { file: 'v.yaml' }), () => parseParams(text, { file: 'p.yaml' })]) {
      expect(problemsIn(read)).toEqual([expect.objectContaining({ message: 'This is nested deeper than 64 levels' })])
    }
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('is told by its levels, not by brackets in its texts', () => {
    const text = `a: "${'['.repeat(1000)}"\nb: '${'{'.repeat(1000)}'\nc: |\n  ${'[{ - '.repeat(1000)}\nd: x${'['.repeat(1000)} # ${'['.repeat(1000)}\n${'e'.repeat(70)}: ${'['.repeat(60)}${']'.repeat(60)}\n`
    expect(parseParams(text, { file: 'p.yaml' }).entries.size).toBe(5)
  })

  it('says where it is too deep', () => {
    expect(problemsIn(() => parseParams(`a: 1\nb:\n  c: ${'['.repeat(70)}`, { file: 'p.yaml' }))).toEqual([{ file: 'p.yaml', line: 3, column: 69, path: '', message: 'This is nested deeper than 64 levels' }])
    expect(problemsIn(() => parseParams(`a:\r\n${'  '.repeat(200)}b: 1`, { file: 'p.yaml' }))).toMatchObject([{ line: 2, column: 1 }])
  })

  it('has no aliases that multiply', () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefghi'.split('').map((name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[at] ?? ''}`).join(', ')}]`).join('\n')}`
    const problems = problemsIn(() => parseParams(bomb, { file: 'p.yaml' }))
    expect(problems[0]).toEqual({ file: 'p.yaml', line: 1, column: 7, path: 'a', message: 'Anchors are not understood here: &a' })
    expect(problems.length).toBeLessThanOrEqual(100)
    expect(problemsIn(() => parseParams('a: &a 1\nb: [*a]', { file: 'p.yaml' })).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)).toEqual([
      '1:7 a: Anchors are not understood here: &a', '2:5 b.0: Aliases are not understood here: *a',
    ])
    expect(problemsIn(() => parseParams('a: *a', { file: 'p.yaml' }))).not.toEqual([])
    expect(problemsIn(() => parseParams('a: &a\n  b: *a', { file: 'p.yaml' }))).not.toEqual([])
    expect(problemsIn(() => parseParams('&a b: 1\n*a : 2', { file: 'p.yaml' }))).not.toEqual([])
  })

  it.each(['__proto__: { polluted: 1 }', 'a: { __proto__: { polluted: 1 } }', '"__proto__": 1', 'a: [{ "__proto\\u005f_": 1 }]', '{"__proto__": {"polluted": 1}}'])('does not reach prototypes: %s', (text) => {
    expect(problemsIn(() => parseParams(text, { file: 'p.yaml' })).map(({ message }) => message)).toEqual(['The key "__proto__" is not allowed'])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  it.each(['constructor', 'toString', 'hasOwnProperty', '__defineGetter__'])('may call a step %s', (name) => {
    expect(parsePipeline(`steps:\n  ${name}: { recipe: a.mjs, outputs: [valueOf], refs: { valueOf: x }, inputs: { constructor: 'r' } }\n  other: { recipe: b.mjs, inputs: { i: ${name}.valueOf } }`, { file: 'v.yaml' }).steps).toHaveLength(2)
  })

  it.each([
    ['many problems', 'a: @\n'.repeat(2_000)], ['commas', `a: [${','.repeat(5_000)}]`], ['closing brackets', ']'.repeat(5_000)], ['anchors', `a: ${'&a '.repeat(2_000)}b`], ['equal keys', 'a: 1\n'.repeat(5_000)], ['directives', '%a b\n'.repeat(2_000)],
    ['documents', '---\na: 1\n'.repeat(2_000)], ['two documents', 'steps: {}\n---\nsteps: {}'], ['a tag', 'steps: !!map {}'], ['a type', 'steps: !!js/function x'], ['a directive', '%a b\n---\nsteps: {}'], ['NUL', 'a: \0'], ['a list as key', '? [a]\n: b'], ['a map as key', '{{a: b}: c}'],
  ])('is refused, with a bounded number of problems: %s', (_, text) => {
    const problems = problemsIn(() => parsePipeline(text, { file: 'v.yaml' }))
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.length).toBeLessThanOrEqual(100)
    for (const { line, column } of problems) expect(Math.min(line, column)).toBeGreaterThan(0)
  })

  it('is refused where it is very long', () => {
    expect(problemsIn(() => parsePipeline('#'.repeat(5 * 1024 * 1024), { file: 'v.yaml' }))[0]?.message).toBe('The file is longer than 4194304 characters')
  })

  it('with very many keys takes a time that goes with their number', () => {
    const text = Array.from({ length: COUNT }, (_, at) => `k${at}: ${at}`).join('\n')
    const started = performance.now()
    expect(parseParams(text, { file: 'p.yaml' }).entries.size).toBe(COUNT)
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})
