import { expect, it } from 'vitest'
import { derivedSource } from '../../src/recipe/derived-source.ts'
import { forgetUnusedDerivations, unusedDerivations } from '../../src/lineage/forget-unused.ts'
import { forgetDerivations } from '../../src/recipe/forget-derivations.ts'
import { recall } from '../../src/recipe/memory.ts'
import { registerModel } from '../../src/registry/register-model.ts'
import { create } from '../dataset/in-memory.ts'
import { pretend } from '../recipe/made-up-derivations.ts'
import { pretendRun } from '../registry/made-up-runs.ts'

it('what a run read, or a model was evaluated on, keeps the derivation that gave it, and those before it, without any ref', async () => {
  const repository = await create()
  await repository.snapshot([{ path: 'file', content: 'raw' }], { ref: 'raw' })
  const made = async (name: string, from: string) => (await pretend(repository, { name, from, to: name })).derivation
  const [clean, features, test] = [await made('clean', 'raw'), await made('features', 'clean'), await made('test', 'raw')]
  await made('junk', 'raw')
  for (const [name, derivation] of [['features', features], ['test', test]] as const) await repository.snapshot([{ path: 'file', content: name }], { ref: name, source: derivedSource(derivation, 'out') })
  await pretendRun(repository, { inputs: { train: 'features' } })
  await registerModel(repository, 'digits', { run: 'train', evaluation: { metrics: { accuracy: 1 }, on: 'test' } })
  for (const name of ['features', 'test']) await repository.deleteRef(name)
  expect((await unusedDerivations(repository.blocks)).map(({ recipe }) => recipe)).toEqual(['junk'])
  expect((await forgetUnusedDerivations(repository.blocks)).map(({ recipe }) => recipe)).toEqual(['junk'])
  for (const derivation of [clean, features, test]) expect((await recall(repository.blocks, derivation)).runs).toHaveLength(1)
  // By refs alone nothing would be left of them.
  expect(await forgetDerivations(repository.blocks)).toHaveLength(3)
})
