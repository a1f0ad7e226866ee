import { expect, it } from 'vitest'
import { reconstruct } from '../../../src/node/derive/reconstruct.ts'
import { defineRecipe, type RecipeContext, type RecipeDefinition } from '../../../src/recipe/define-recipe.ts'
import { explainRevision } from '../../../src/recipe/explain.ts'
import type { StandardSchemaV1 } from '../../../src/recipe/standard-schema.ts'
import { evictDerived, Project } from './project.ts'

const schema: StandardSchemaV1<{ times?: number }, { times: number }> = { '~standard': { version: 1, vendor: 'here', validate: (value) => ({ value: { times: 2, ...(value as object) } }) } }

function loud(mark: string, fields: Partial<RecipeDefinition> = {}): RecipeDefinition {
  return defineRecipe({
    name: 'loud', version: '1', captures: { mark }, params: schema, inputs: ['raw'], outputs: ['out'],
    async run({ inputs, outputs, params }: RecipeContext<{ times: number }>) {
      for await (const path of inputs['raw']?.files() ?? []) {
        const text = new TextDecoder().decode(await inputs['raw']?.read(path))
        await outputs['out']?.write(path, text.toUpperCase() + mark.repeat(params.times))
      }
    },
    ...fields,
  })
}

it('a recipe that a program declares on the spot is remembered by its text, its version and what it captures, and made again without the program', async () => {
  await using project = new Project()
  const repository = await project.open()
  await repository.snapshot([{ path: 'a.txt', content: 'first' }, { path: 'b.txt', content: 'second' }], { ref: 'raw' })
  const status = async (recipe: RecipeDefinition, options = {}): Promise<string> => (await project.derive(repository, recipe, { ref: 'out', ...options })).status
  expect(await status(loud('!'))).toBe('ran')
  expect(new TextDecoder().decode(await repository.read('out', 'a.txt'))).toBe('FIRST!!')
  expect(await status(loud('!'))).toBe('remembered')
  expect(await status(loud('!'), { params: { times: 2 } })).toBe('remembered')
  for (const [recipe, options] of [[loud('?'), {}], [loud('!', { version: '2' }), {}], [loud('!', { run: () => {} }), {}], [loud('!'), { params: { times: 3 } }]] as const) expect(await status(recipe, { dryRun: true, ...options })).toBe('stale')
  const { root } = await repository.show('out')
  expect(await evictDerived(repository)).toEqual([root])
  expect(await reconstruct(repository, 'out')).toMatchObject({ root, steps: [{ recipe: 'loud' }] })
  expect(await explainRevision(repository, 'out')).toMatchObject({ recipe: { version: '1', action: { module: 'recipe.mjs' } }, code: { files: ['recipe.mjs'], open: [] } })
  expect(await project.derive(repository, loud('!', { map: 'file', name: 'each' }))).toMatchObject({ units: { total: 2, ran: 2 } })
}, 30_000)

it('without a version or captures, or with a function that needs more, it is refused with the reason', async () => {
  await using project = new Project()
  const repository = await project.open()
  const { version: _version, ...unversioned } = loud('!')
  await expect(project.derive(repository, unversioned as RecipeDefinition)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('has no version') as string, hint: expect.stringContaining('Give it one') as string })
  await expect(project.derive(repository, loud('!', { captures: {} }))).rejects.toThrow('uses mark, which its function does not declare and does not capture')
  await expect(project.derive(repository, { name: 'x' } as never)).rejects.toThrow('derive takes a repository, a recipe and its options')
}, 30_000)

it('a tolerance is part of what a recipe says of itself', async () => {
  await using project = new Project()
  const repository = await project.open()
  await repository.snapshot([{ path: 'a.txt', content: 'first' }], { ref: 'raw' })
  const { derivation } = await project.derive(repository, loud('!', { deterministic: { tolerance: { relative: 0.001 } } }), { ref: 'out' })
  expect((await explainRevision(repository, 'out')).recipe.deterministic).toEqual({ tolerance: { relative: 0.001 } })
  const other = await project.derive(repository, loud('!', { deterministic: { tolerance: { relative: 0.01 } } }), { ref: 'out' })
  expect(other.derivation).not.toBe(derivation)
  expect(other.changes).toMatchObject([{ what: 'recipe', name: 'deterministic', before: '{"tolerance":{"relative":0.001}}' }, { what: 'code', name: 'recipe.mjs' }])
}, 30_000)
