import { describe, expect, it } from 'vitest'
import { firstNames, namesHint, nearest, suggestion } from '../../src/dataset/near-names.ts'

describe('the name that was probably meant', () => {
  it.each([
    ['recpie', ['recipe', 'seed'], 'recipe'], ['Recipe', ['recipe'], 'recipe'], ['recip', ['recipe'], 'recipe'], ['recipes', ['recipe'], 'recipe'], ['x', ['y'], 'y'], ['ab', ['ba', 'bc'], 'ba'],
    ['seed', ['refs', 'params'], undefined], ['command', ['content'], undefined], ['', ['a'], 'a'], ['a', [], undefined], ['rat', ['cat', 'rate', 'bat'], 'cat'], ['x'.repeat(100), ['x'.repeat(99)], undefined],
  ])('for %s of %j is %s', (name, known, expected) => {
    expect(nearest(name, known)).toBe(expected)
  })

  it('is said; otherwise what there is, if that is not much', () => {
    expect(suggestion('recpie', ['recipe', 'seed'])).toBe('; did you mean "recipe"?')
    expect(suggestion('zzz', ['recipe', 'seed'])).toBe('; there are: recipe, seed')
    expect(suggestion('zzz', ['recipe'])).toBe('; there is: recipe')
    expect(suggestion('zzz', [])).toBe('')
    expect(suggestion('zzz', Array.from({ length: 13 }, (_, at) => `name-${at}`))).toBe('')
  })

  it('is a hint, or else the first of those there are, and how many there are besides', () => {
    const many = Array.from({ length: 8 }, (_, at) => `name-${at}`)
    expect(namesHint('recpie', ['recipe', 'seed'])).toBe('Did you mean recipe?')
    expect(namesHint('zzz', many)).toBe('There are name-0, name-1, name-2, name-3, name-4 and 3 more.')
    expect(namesHint('zzz', ['recipe'])).toBe('There is recipe.')
    expect(firstNames(many.slice(0, 5), 5)).toBe('name-0, name-1, name-2, name-3, name-4')
  })
})
