import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../../src/errors.ts'
import { parsePolicy } from '../../../src/registry/check/policy.ts'
import { preflight, type PreflightOptions } from '../../../src/registry/check/preflight.ts'
import { resolveConfig } from '../../../src/run/config/resolve-config.ts'
import { gather } from '../../dataset/in-memory.ts'
import { CAPTURE, CLEAN_GIT, createWith, PACKAGES } from '../made-up-runs.ts'

async function checked(options: Partial<PreflightOptions> = {}) {
  const repository = await createWith()
  await repository.snapshot([{ path: 'a', content: 'one' }], { ref: 'features' })
  const before = (await gather(repository.blocks.operations())).length
  const report = await preflight(repository, { name: 'train', inputs: { train: 'features' }, config: resolveConfig({ program: { rate: 0.1 } }), seed: 7, capture: CAPTURE, ...options })
  expect((await gather(repository.blocks.operations())).length).toBe(before)
  return { reached: report.reached, report, missing: report.items.filter(({ passes }) => !passes).map(({ id, evidence }) => `${id}: ${evidence}`) }
}

describe('before a run begins', () => {
  it('all that it needs is looked at, and passes where all is in order', async () => {
    const { report, missing } = await checked()
    expect(missing).toEqual([])
    expect(report).toMatchObject({ kind: 'preflight', subject: 'train', run: null, level: 'reproducible', reached: true })
    expect(report.items.map(({ id, status }) => `${id} ${status}`)).toEqual(['inputs proven', 'config proven', 'committed proven', 'seed declared', 'packages declared', 'image proven'])
  })

  it.each([
    ['an input that is not there', { inputs: { train: 'nothing' } }, /^inputs: There is no ref, tag, snapshot or root "nothing"/],
    ['an input that is a path', { inputs: { train: 'features:a' } }, /^inputs: The input train, features:a, names a path/],
    ['no input', { inputs: {} }, /^inputs: No input is recorded/],
    ['no seed', { seed: undefined }, /^seed: No seed is set/],
    ['uncommitted work', { capture: { ...CAPTURE, git: { ...CLEAN_GIT, dirty: [{ path: 'x', status: '??' }] } } }, /^committed: The working tree is not the commit/],
    ['packages that are not those of the lock file', { capture: { ...CAPTURE, packages: { ...PACKAGES, differences: ['zod: locked 4.1.0, installed 4.0.9'] } } }, /^packages: package-lock.json is not what is installed/],
    ['an image that is not known', { capture: { ...CAPTURE, container: null } }, /^image: No container image/],
    ['a configuration that cannot be read', { config: () => { throw new InvalidArgumentError('conf.yaml:3:1: no') } }, /^config: conf.yaml:3:1: no$/],
    ['a command that asks for what is not configured', { command: ['node', 'train.mjs', '{config.rat}'] }, /^config: The command has a placeholder \{config\.rat\} that stands for nothing/],
    ['a command that asks for data that is no input', { command: ['node', '{inputs.test}'] }, /^config: The command has a placeholder \{inputs\.test\}/],
  ] as const)('%s does not pass', async (_what, options, expected) => {
    const { reached, missing } = await checked(options)
    expect(reached).toBe(false)
    expect(missing).toEqual([expect.stringMatching(expected) as string])
  })

  it('a command whose placeholders stand for something passes, and the level and a policy decide what is asked for', async () => {
    expect((await checked({ command: ['node', 'x.mjs', '{inputs.train}', '{outputs.model}', '{config.rate}', '{seed}', '{{}}'], outputs: ['model'] })).missing).toEqual([])
    expect((await checked({ level: 'basic', seed: undefined, capture: { ...CAPTURE, git: null } })).report.items.map(({ id }) => id)).toEqual(['inputs', 'config'])
    const policy = parsePolicy('level: basic\nrequire: [image]\nwaive: [{ item: inputs, why: made up, expires: 2027-01-01 }]', { file: 'varve-policy.yaml', now: new Date('2026-11-25') })
    const { report, missing } = await checked({ policy, inputs: {}, capture: { ...CAPTURE, container: null } })
    expect([report.level, report.items.map(({ id }) => id), missing.length]).toEqual(['basic', ['inputs', 'config', 'image'], 1])
  })

  it('damage of an input does not pass', async () => {
    const repository = await createWith()
    await repository.snapshot([{ path: 'a', content: 'one' }], { ref: 'features' })
    const whole = { name: 'train', inputs: { train: 'features' }, config: resolveConfig({}), seed: 7, capture: CAPTURE } as const
    expect(await preflight(repository, whole)).toMatchObject({ reached: true })
    const { storage } = repository.blocks
    for await (const { key } of storage.list('packs/')) {
      const bytes = await storage.get(key)
      const altered = bytes.slice()
      const at = Buffer.from(bytes).indexOf('one')
      if (at < 0) continue
      altered[at] = 0
      await storage.delete(key)
      await storage.put(key, altered)
    }
    expect((await preflight(repository, whole)).items[0]).toMatchObject({ id: 'inputs', status: 'missing', evidence: 'train (features): 1 block damaged or not there: a' })
  })
})
