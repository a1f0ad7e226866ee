import { expect, it } from 'vitest'
import { parseCid } from '../../src/cid/cid.ts'
import { keepersOf, keeperText } from '../../src/lineage/keepers.ts'
import { registerModel } from '../../src/registry/register-model.ts'
import { findRun } from '../../src/run/find-run.ts'
import { create } from '../dataset/in-memory.ts'
import { pretendRun } from '../registry/made-up-runs.ts'

it('data is kept by what it is of, or what made it, else by what was evaluated on it or read it', async () => {
  const repository = await create()
  for (const name of ['train', 'test', 'both', 'none']) await repository.snapshot([{ path: 'file', content: name }], { ref: name })
  await pretendRun(repository, { inputs: { train: 'train', both: 'both' } })
  await pretendRun(repository, { inputs: { train: 'train', both: 'both' } })
  await registerModel(repository, 'digits', { run: 'train#1', evaluation: { metrics: { accuracy: 1 }, on: 'test' } })
  await registerModel(repository, 'digits', { run: 'train#1', evaluation: { metrics: { accuracy: 1 }, on: 'both' } })
  const roots = new Map<string, string>()
  for (const name of ['train', 'test', 'both', 'none']) roots.set(name, (await repository.show(name)).root)
  const { started, ended } = await findRun(repository.blocks, 'train#2')
  if (started.code !== null) roots.set('code', started.code.toString())
  roots.set('weights', ended?.artifacts[0]?.root.toString() ?? '')
  const keepers = await keepersOf(repository.blocks, [...roots.values()].map((root) => parseCid(root)))
  const said = (name: string): string | undefined => {
    const keeper = keepers.get((roots.get(name) ?? '') as never)
    return keeper === undefined ? undefined : keeperText(keeper)
  }
  expect(said('train')).toBe('kept by run train#2, which read it')
  expect(said('test')).toBe('kept by model digits@1, which was evaluated on it')
  expect(said('both')).toBe('kept by model digits@2, which was evaluated on it')
  expect(said('code')).toBe('kept by run train#2, whose code it is')
  expect(said('none')).toBeUndefined()
  // Both runs made the same.
  expect(said('weights')).toBe('kept by model digits@2, whose weights it is')
})
