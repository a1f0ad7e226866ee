import { describe, expect, it } from 'vitest'
import type { VarveError } from '../../../src/errors.ts'
import { inlineModule } from '../../../src/node/code/inline-module.ts'
import { defineRecipe, type RecipeContext, type RecipeDefinition } from '../../../src/recipe/define-recipe.ts'
import { describeDefinition } from '../../../src/recipe/describe-definition.ts'
import type { StandardSchemaV1 } from '../../../src/recipe/standard-schema.ts'

const BASE = { name: 'x', version: '1', captures: {}, inputs: ['raw'], outputs: ['out'], run: async () => {} } as const
const textOf = (definition: object): string => new TextDecoder().decode(codeOf(definition).files[0]?.content)
const codeOf = (definition: object) => inlineModule(definition as RecipeDefinition, describeDefinition(definition, 'it'))
const evaluated = async (text: string): Promise<unknown> => ((await import(`data:text/javascript,${encodeURIComponent(text)}`)) as { default: unknown }).default
const loaded = async (definition: object): Promise<Record<string, unknown>> => (await evaluated(textOf(definition))) as Record<string, unknown>
/** A function as its program has it: those of a test that import something are rewritten. */
const written = (text: string): Promise<unknown> => evaluated(`export default ${text}`)

const [importsFile, importsPackage] = [await written("() => import('./lib.mjs')"), await written("() => import('acorn')")]

describe('the module of an inline recipe', () => {
  it('declares the same recipe, whatever kind of function it has', async () => {
    const method = { async anyName({ log }: { log: (text: string) => void }) { log('method') } }
    const said: string[] = []
    const functions = [async ({ log }: { log: (text: string) => void }) => log('arrow'), function named({ log }: { log: (text: string) => void }) { log('function') }, method.anyName]
    for (const run of functions) {
      const found = await loaded({ ...BASE, run })
      expect(found).toMatchObject({ name: 'x', version: '1', inputs: ['raw'], outputs: ['out'], deterministic: 'bitwise', environment: 'locked' })
      expect(describeDefinition(found, 'it').map).toBe(null)
      await (found['run'] as (context: object) => unknown)({ log: (text: string) => said.push(text) })
    }
    expect(said).toEqual(['arrow', 'function', 'method'])
    expect((await loaded({ ...BASE, map: { shards: 3 }, deterministic: { tolerance: 0.5 } }))).toMatchObject({ map: { shards: 3 }, deterministic: { tolerance: 0.5 } })
  })

  it('has what the function captures, under the same names, whatever it says', async () => {
    const lowest = 3
    const words = { '__proto__ ': ['"', '\u2028', '${x}'] }
    const run = (context: { out: (value: unknown) => void }): void => context.out([lowest, words])
    const got: unknown[] = []
    const given = (await loaded({ ...BASE, captures: { lowest, words }, run }))['run'] as typeof run
    given({ out: (value) => got.push(value) })
    expect(got).toEqual([[3, words]])
    expect(textOf({ ...BASE, captures: { lowest, words }, run })).toBe(textOf({ ...BASE, captures: { words, lowest }, run }))
    expect(textOf({ ...BASE, captures: { lowest: 4, words }, run })).not.toBe(textOf({ ...BASE, captures: { lowest, words }, run }))
  })

  const outer = 1
  const helper = (): number => outer
  const ownFetch = outer
  const escape = (text: string): string => `<${text}>`
  it.each<[string, object, string]>([
    ['no version', { version: undefined }, 'has no version'],
    ['no captures', { captures: undefined }, 'does not say what it captures'],
    ['a name from around it', { run: () => outer + helper() }, 'uses helper, outer, which its function does not declare and does not capture'],
    ['one captured of two', { captures: { outer }, run: () => outer + ownFetch }, 'uses ownFetch, which'],
    ['a variable by the name of a global', { run: () => escape('a') }, 'uses escape, which'],
    ['names of globals that programs give to other things', { run: () => [setTimeout, crypto, performance] }, 'uses crypto, performance, setTimeout, which'],
    ['a bound function', { run: textOf.bind(null, BASE) }, 'has a function without a text'],
    ['a built-in function', { run: Math.max }, 'has a function without a text'],
    ['another module', { run: importsFile }, 'loads ./lib.mjs'],
    ['a package', { run: importsPackage }, 'loads acorn'],
    ['files', { files: ['x.txt'] }, 'names files'],
    ['a capture that no variable can be named', { captures: { 'a-b': 1, b: 2 } }, 'has a capture "a-b", which cannot be the name of a variable'],
  ])('is refused with the reason: %s', (_what, fields, reason) => {
    expect(() => codeOf({ ...BASE, ...fields })).toThrow(`The inline recipe x ${reason}`)
  })

  it.each([
    ['a date', new Date(0), 'its captures are a Date, and not plain data by the names of variables'],
    ['a function', { mark: 1, helper }, 'its capture helper is a function, and captures must be plain data'],
    ['undefined in it', { a: undefined }, 'its capture a is undefined, and'],
    ['a map deep in it', { table: { rows: [1, { seen: new Map() }] } }, 'its capture table.rows.1.seen is a Map, and'],
    ['no number', { a: 1, rate: NaN }, 'its capture rate is NaN, and'],
    ['an object of a class without a name', { a: new (class { x = 1 })() }, 'its capture a is an object of a class, and'],
    ['an array', [1], 'its captures must be plain data by the names of variables'],
    ['null', null, 'its captures must be plain data by the names of variables'],
  ])('captures plain data alone, not %s', (_what, captures, message) => {
    expect(() => codeOf({ ...BASE, captures })).toThrow(message)
  })

  it('may use what every program has, what it declares, and modules of Node; what cannot be followed leaves it open', async () => {
    const run = await written(`async ({ inputs: { raw }, ...rest }) => {
      const { join } = await import('node:path')
      class Line { text = join(raw, String(rest)) }
      function inner(...given) { return [new Line(), given, arguments.length, undefined, structuredClone, new Map([[NaN, JSON]]), Buffer, globalThis.setTimeout] }
      label: for (const each of [1]) if (each > 0) break label
      try { return inner() } catch (error) { return error }
    }`)
    expect(codeOf({ ...BASE, run })).toMatchObject({ packages: [], open: [], entry: 'recipe.mjs' })
    expect(codeOf({ ...BASE, captures: { name: 'node:fs' }, run: await written('() => import(name)') }).open).toEqual(['recipe.mjs: import() of something that is not a literal'])
  })
})

it('who uses a global that others mean something else by is told how to name it', () => {
  const hintOf = (run: () => unknown): unknown => {
    try {
      return codeOf({ ...BASE, run })
    } catch (error) {
      return (error as VarveError).hint
    }
  }
  expect(hintOf(() => fetch('x'))).toMatch(/^If the one that Node has is meant, write globalThis\.fetch\. Add /)
  expect(hintOf(() => codeOf)).toMatch(/^Add what is plain data/)
})

it('a recipe with any schema is a recipe', () => {
  const schema: StandardSchemaV1<{ size?: number }, { size: number }> = { '~standard': { version: 1, vendor: 'here', validate: () => ({ value: { size: 1 } }) } }
  const recipe: RecipeDefinition = defineRecipe({ ...BASE, params: schema, run: ({ params }: RecipeContext<{ size: number }>) => void params.size })
  expect(codeOf(recipe).files).toHaveLength(1)
})
