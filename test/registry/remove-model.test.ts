import { describe, expect, it } from 'vitest'
import type { Repository } from '../../src/dataset/repository.ts'
import { parsePolicy } from '../../src/registry/check/policy.ts'
import { approveModel, listModels, modelHistory, moveAlias, resolveModel } from '../../src/registry/models.ts'
import { registerModel } from '../../src/registry/register-model.ts'
import { removeModel } from '../../src/registry/remove-model.ts'
import { findRun } from '../../src/run/find-run.ts'
import { gather } from '../dataset/in-memory.ts'
import { createWith, pretendRun } from './made-up-runs.ts'

/** Two versions of digits, the first in production and approved, and one of a model whose name begins with the same letters. */
async function prepared(): Promise<Repository> {
  const repository = await createWith()
  await pretendRun(repository)
  for (const name of ['digits', 'digits', 'digits-small']) await registerModel(repository, name, { run: 'train#1', by: 'ada' })
  for (const name of ['digits', 'digits-small']) {
    await moveAlias(repository, name, 'production', 1, { by: 'ada' })
    await approveModel(repository, `${name}@1`, { by: 'grace' })
  }
  return repository
}

describe('removing a model', () => {
  it('takes its versions, aliases and approvals out, tells them, and leaves other models and the runs', async () => {
    const repository = await prepared()
    const versions = await gather(listModels(repository, 'digits'))
    const moves = await modelHistory(repository, 'digits')
    const other = await resolveModel(repository, 'digits-small@production')
    expect(await removeModel(repository, 'digits', { why: 'registered anew', by: 'bob' })).toEqual({ name: 'digits', versions, moves, why: 'registered anew', by: 'bob' })
    for (const name of ['digits', 'digits@1', 'digits@production']) await expect(resolveModel(repository, name), name).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await resolveModel(repository, 'digits-small@production')).toEqual(other)
    expect((await findRun(repository.blocks, 'train#1')).ended?.status).toBe('succeeded')
    expect((await gather(repository.blocks.operations())).at(-1)).toMatchObject({ action: 'model-remove', actor: 'bob', message: 'digits, 2 versions: registered anew' })
    // Nothing of before comes back with a new version of that name.
    expect(await registerModel(repository, 'digits', { run: 'train#1' })).toMatchObject({ label: 'digits@1', aliases: [], approvals: [] })
    expect(await modelHistory(repository, 'digits')).toEqual([])
  })

  it('leaves a sound repository also where it was the only model', async () => {
    const repository = await createWith()
    await pretendRun(repository)
    await registerModel(repository, 'digits', { run: 'train#1' })
    await removeModel(repository, 'digits', { why: 'a test' })
    expect(await gather(listModels(repository))).toEqual([])
    expect(await repository.verify()).toMatchObject({ ok: true })
  })

  it('needs a why, and a model that there is', async () => {
    const repository = await prepared()
    await expect(removeModel(repository, 'digits', { why: ' ' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(removeModel(repository, 'digits@1', { why: 'a test' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(removeModel(repository, 'digts', { why: 'a test' })).rejects.toMatchObject({ code: 'NOT_FOUND', hint: expect.stringContaining('Did you mean digits?') as string })
    expect(await gather(listModels(repository))).toHaveLength(3)
  })

  it('is refused while a policy guards one of its aliases, and not for one that it does not guard', async () => {
    const repository = await createWith()
    await pretendRun(repository, { capture: { container: null } })
    await registerModel(repository, 'digits', { run: 'train#1' })
    await moveAlias(repository, 'digits', 'production', 1)
    const policyFor = (alias: string): ReturnType<typeof parsePolicy> => parsePolicy(`before: { alias: { ${alias}: reproducible } }\n`, { file: 'varve-policy.yaml', now: new Date() })
    await expect(removeModel(repository, 'digits', { why: 'a test', policy: policyFor('production') })).rejects.toMatchObject({ code: 'CHECK_FAILED', message: expect.stringContaining('cannot lose digits@production') as string })
    expect((await resolveModel(repository, 'digits@production')).number).toBe(1)
    expect((await removeModel(repository, 'digits', { why: 'a test', policy: policyFor('staging') })).versions).toHaveLength(1)
  })
})
