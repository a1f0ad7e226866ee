import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseParams, parsePipeline, readParamLayers, resolveParams } from '../../../src/recipe/pipeline/index.ts'
import type { JsonValue } from '../../../src/types.ts'
import { problemsIn } from './problems-of.ts'

const LOW = parseParams('country: DE\ntrain:\n  rate: 0.5\n  layers: [8, 4]\n  deep: { a: 1 }\nempty: {}\n', { file: 'params.yaml' })
const HIGH = parseParams('{"train": {"rate": 1, "deep": {"b": null}}, "more": "1"}', { file: 'high.json' })

describe('parameters', () => {
  it('are laid over each other key by key, and know where they come from', () => {
    const { values, entries } = resolveParams([LOW, HIGH])
    expect(values).toEqual({ country: 'DE', train: { rate: 1, layers: [8, 4], deep: { a: 1, b: null } }, empty: {}, more: '1' })
    expect(entries).toEqual([
      { name: 'country', value: 'DE', origin: 'params.yaml:1' },
      { name: 'train.rate', value: 1, origin: 'high.json:1' },
      { name: 'train.layers', value: [8, 4], origin: 'params.yaml:4' },
      { name: 'train.deep.a', value: 1, origin: 'params.yaml:5' },
      { name: 'train.deep.b', value: null, origin: 'high.json:1' },
      { name: 'empty', value: {}, origin: 'params.yaml:6' },
      { name: 'more', value: '1', origin: 'high.json:1' },
    ])
  })

  it('win as they are where a map meets something else', () => {
    expect(resolveParams([LOW, parseParams('train: none\ncountry: { a: 1 }', { file: 'b.yaml' })]).values).toMatchObject({ train: 'none', country: { a: 1 } })
  })

  it.each<[string, string, JsonValue]>([
    ['train.rate=1', 'rate', 1], ['train.rate=1e-3', 'rate', 0.001], ["train.rate='1'", 'rate', '1'], ['train.rate=true', 'rate', true], ['train.rate=', 'rate', null], ['train.rate=a=b', 'rate', 'a=b'],
    ['train.rate=[1, "b"]', 'rate', [1, 'b']], ['train.rate={a: {b: 2}}', 'rate', { a: { b: 2 } }], ['train.layers.1=5', 'layers', [8, 5]], ['train.deep={b: 2}', 'deep', { b: 2 }], ['train.deep.a=x y', 'deep', { a: 'x y' }],
  ])('are set by %s', (override, key, value) => {
    const { values, entries } = resolveParams([LOW], [override])
    expect((values['train'] as Record<string, JsonValue>)[key]).toEqual(value)
    expect(entries.filter(({ origin }) => origin.endsWith('--set')).map(({ name }) => name.split('.')[1])).toContain(key)
  })

  it('set one place of a list and leave its neighbours, also where they are equal', () => {
    expect(resolveParams([parseParams('a: [1, 1, 1]', { file: 'a.yaml' })], ['a.1=2'])).toEqual({ values: { a: [1, 2, 1] }, entries: [{ name: 'a', value: [1, 2, 1], origin: 'a.yaml:1, --set' }] })
  })

  it('take the last of several overrides', () => {
    expect(resolveParams([LOW], ['country=FR', 'country=IT']).entries[0]).toEqual({ name: 'country', value: 'IT', origin: '--set' })
  })

  it.each([
    ['contry=FR', 'There is no parameter "contry"; did you mean "country"?'],
    ['train.rat=1', 'There is no parameter "train.rat"; did you mean "train.rate"?'],
    ['train.zzzzzz=1', 'There is no parameter "train.zzzzzz"; there are: train.rate, train.layers, train.deep'],
    ['country.x=1', 'There is no parameter "country.x": "country" is text'],
    ['train.layers.2=1', 'There is no parameter "train.layers.2": "train.layers" is a list of 2, without "2"'],
    ['train.layers.-1=1', 'There is no parameter "train.layers.-1": "train.layers" is a list of 2, without "-1"'],
    ['constructor=1', 'There is no parameter "constructor"; there are: country, train, empty'],
    ['__proto__.x=1', 'There is no parameter "__proto__.x"; there are: country, train, empty'],
    ['country', '"country" sets nothing'],
    ['=1', '"=1" sets nothing'],
    ['country=a: b', 'The value of "country" looks like a map'],
    ['country=[1', 'The value of "country" cannot be read: Flow sequence must end with a ]'],
    ['country=&x 1', 'The value of "country" cannot be read: Anchors are not understood here: &x'],
    ['country={__proto__: 1}', 'The value of "country" cannot be read: The key "__proto__" is not allowed'],
    ['country=.inf', 'The value of "country" cannot be read: .inf is a number that JSON cannot hold'],
  ])('refuse %s', (override, message) => {
    expect(() => resolveParams([LOW], [override])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
  })

  it('cannot change what prototypes hold', () => {
    const text = '{"constructor": {"prototype": {"polluted": 1}}, "toString": 2}'
    expect(resolveParams([parseParams(text, { file: 'a.json' })], ['constructor.prototype.polluted=3']).values).toEqual({ constructor: { prototype: { polluted: 3 } }, toString: 2 })
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('a file of parameters', () => {
  it('is JSON by its name, with every value as JSON has it', () => {
    fc.assert(fc.property(fc.dictionary(fc.string().filter((key) => key !== '__proto__'), fc.jsonValue({ maxDepth: 4 })), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      const safe = JSON.stringify(JSON.parse(text), (key, item: unknown) => (key === '__proto__' ? undefined : item))
      fc.pre(safe === JSON.stringify(JSON.parse(text)) && !/-?\d{16,}/.test(text))
      expect(resolveParams([parseParams(text, { file: 'a.json' })]).values).toEqual(JSON.parse(text))
    }), { numRuns: 300 })
  })

  it.each([
    ['a: 1', 'a.json', '1:1 This is not JSON'], ['{\n  "a": 1, // x\n}', 'b.json', ''], ['{"a": 1,}', 'c.JSON', '1:9 This is not JSON'], ['[1]', 'd.json', '1:1 A file of parameters is a map, not a list'],
    ['just text', 'e.yaml', '1:1 A file of parameters is a map, not text'], ['a: 1\na: 2', 'f.yaml', '2:1 "a" is there twice, first in line 1'], ['a: 12345678901234567890', 'g.yaml', '1:4 12345678901234567890 is too large to be kept exactly'],
    ['a: .nan', 'h.yaml', '1:4 .nan is a number that JSON cannot hold'], ['a: !!binary aaaa', 'i.yaml', '1:13 Tags are not understood'], ['a: !!str 1', 'j.yaml', '1:10 Tags are not understood'],
  ])('is refused: %s', (text, file, start) => {
    const [problem] = problemsIn(() => parseParams(text, { file }))
    expect(`${problem?.line}:${problem?.column} ${problem?.message}`).toContain(start)
    expect(problem?.file).toBe(file)
  })

  it('may be empty', () => {
    expect(resolveParams([parseParams('# nothing\n', { file: 'a.yaml' })])).toEqual({ values: {}, entries: [] })
  })

  it('keeps text that other versions of YAML would take for something else', () => {
    expect(resolveParams([parseParams('a: yes\nb: 0o10\nc: 1_000\nd: 2020-01-01\ne: <<\n<<: 1\n3: x\n~: y', { file: 'a.yaml' })]).values).toEqual({ a: 'yes', b: 8, c: '1_000', d: '2020-01-01', e: '<<', '<<': 1, 3: 'x', '~': 'y' })
  })

  it('is read by the rules of one version of YAML, whatever it says of itself', () => {
    expect(resolveParams([parseParams('%YAML 1.1\n---\na: yes\nb: 0777\nc: 1:30\n<<: { d: 1 }', { file: 'a.yaml' })]).values).toEqual({ a: 'yes', b: 777, c: '1:30', '<<': { d: 1 } })
  })

  it('is read in the order of the pipeline, and all that is wrong in any is said', async () => {
    const pipeline = parsePipeline('params: [a.yaml, { x: 2 }, sub/b.json]\nsteps: {}', { file: 'varve.yaml' })
    const files: Record<string, string> = { 'a.yaml': 'x: 1\ny: 1\nz: 1', 'sub/b.json': '{"z": 3}' }
    expect(resolveParams(await readParamLayers(pipeline, (path) => files[path])).values).toEqual({ x: 2, y: 1, z: 3 })
    await expect(readParamLayers(pipeline, (path) => (path === 'a.yaml' ? undefined : '{'))).rejects.toMatchObject({
      code: 'INVALID_PIPELINE', problems: [{ file: 'varve.yaml', line: 1, column: 10, message: 'There is no file "a.yaml"', path: 'params' }, { file: 'sub/b.json', line: 1 }],
    })
  })
})
