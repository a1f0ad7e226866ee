import { describe, expect, it } from 'vitest'
import { Repository } from '../../../src/dataset/repository.ts'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { explainRevision } from '../../../src/recipe/explain.ts'
import type { CheckedItem, CheckItemId, CheckOptions } from '../../../src/registry/check/interface.ts'
import type { PackageState } from '../../../src/run/capture-interface.ts'
import { checkModel, checkNamed, checkRun } from '../../../src/registry/check/check-run.ts'
import { parsePolicy } from '../../../src/registry/check/policy.ts'
import { CHECK_RULES } from '../../../src/registry/check/rules.ts'
import { approveModel, moveAlias } from '../../../src/registry/models.ts'
import { registerModel } from '../../../src/registry/register-model.ts'
import { BlockRepository } from '../../../src/repository/index.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'
import { gather } from '../../dataset/in-memory.ts'
import { pretend } from '../../recipe/made-up-derivations.ts'
import { type CAPTURE, CLEAN_GIT, COMMIT, createWith, type MadeUpRun, PACKAGES, pretendRun } from '../made-up-runs.ts'

const SOURCE = { source: { uri: 'https://example.org/data', licence: 'CC0-1.0' }, message: 'as downloaded', author: 'Ada' }

async function withData(): Promise<Repository> {
  const repository = await createWith()
  await repository.snapshot([{ path: 'a', content: 'one' }, { path: 'b', content: 'two' }], { ref: 'train', ...SOURCE })
  await repository.snapshot([{ path: 'a', content: 'three' }, { path: 'empty', content: '' }], { ref: 'test', ...SOURCE })
  return repository
}

const INPUTS = { train: 'train', test: 'test' }

/** One item of the checklist for a run that is as it should be but for what is given. */
async function item(id: CheckItemId, made: MadeUpRun = {}, { repository, ...options }: CheckOptions & { readonly repository?: Repository } = {}): Promise<CheckedItem> {
  const where = repository ?? (await withData())
  const { label } = await pretendRun(where, { inputs: INPUTS, ...made })
  return only(id, await checkRun(where, label, { level: 'audit', ...options }))
}

function only(id: CheckItemId, { items }: { readonly items: readonly CheckedItem[] }): CheckedItem {
  const found = items.find((candidate) => candidate.id === id)
  if (found === undefined) throw new Error(`${id} was not asked for`)
  return found
}

const said = ({ status, evidence }: CheckedItem): string => `${status}: ${evidence}`
const policy = (text: string) => parsePolicy(text, { file: 'varve-policy.yaml', now: new Date('2026-11-25') })

describe('the checklist', () => {
  it('is that of the standards: six basic items, six to be reproducible, five to be audited, each with a title', () => {
    expect(['basic', 'reproducible', 'audit'].map((level) => CHECK_RULES.filter((rule) => rule.level === level).map(({ id }) => id))).toEqual([
      ['inputs', 'provenance', 'code', 'config', 'evaluation', 'ended'], ['committed', 'seed', 'disjoint', 'packages', 'image', 'variance'], ['rerun', 'remotes', 'signed', 'approver', 'secrets'],
    ])
    expect(new Set(CHECK_RULES.map(({ title }) => title)).size).toBe(17)
  })

  it('of a level asks for that level and those below it, and says whether all of it passes', async () => {
    const repository = await withData()
    for (const seed of ['1', '2', '3']) await pretendRun(repository, { inputs: INPUTS, seed, final: { loss: Number(seed) } })
    const basic = await checkRun(repository, 'train')
    expect([basic.kind, basic.subject, basic.run, basic.level, basic.policy, basic.items.length]).toEqual(['run', 'train#3', 'train#3', 'basic', null, 6])
    expect(basic.items.map(said)).toEqual(basic.items.map(() => expect.stringMatching(/^(proven|declared): ./) as string))
    expect(basic.reached).toBe(true)
    expect(await checkRun(repository, 'train', { level: 'reproducible' })).toMatchObject({ level: 'reproducible', reached: true })
    const audit = await checkRun(repository, 'train', { level: 'audit' })
    expect(audit.reached).toBe(false)
    expect(audit.items.filter(({ passes }) => !passes).map(({ id }) => id)).toEqual(['rerun', 'remotes', 'signed', 'approver'])
    for (const { status, todo } of audit.items) expect(todo === null).toBe(status !== 'missing')
  })

  it('is gone through for runs and for models, by any of their names', async () => {
    const repository = await withData()
    const { label } = await pretendRun(repository, { inputs: INPUTS })
    await registerModel(repository, 'digits', { run: label, evaluation: { metrics: { accuracy: 0.9 }, on: 'test' } })
    await moveAlias(repository, 'digits', 'production', 1)
    for (const text of ['digits', 'digits@1', 'digits@production']) expect(await checkNamed(repository, text)).toMatchObject({ kind: 'model', subject: 'digits@1', run: 'train#1', reached: true })
    for (const text of ['train', 'train#1']) expect(await checkNamed(repository, text)).toMatchObject({ kind: 'run', subject: 'train#1' })
    for (const text of ['letters', 'train#2', 'digits@2', 'a b']) await expect(checkNamed(repository, text), text).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('inputs', () => {
  it('are proven by reading them whole, and missing where they are damaged, gone or not named', async () => {
    const repository = await withData()
    expect(said(await item('inputs', {}, { repository }))).toMatch(/^proven: train \(train\): root baf\w+, 2 blocks and 6 bytes hashed; test \(test\): root baf\w+, \d blocks? and 5 bytes hashed$/)
    expect(said(await item('inputs', { inputs: {} }))).toBe('missing: No input is recorded')
    const damaged = await createWith()
    await damaged.snapshot([{ path: 'a', content: 'one' }], { ref: 'train', ...SOURCE })
    const { label } = await pretendRun(damaged, { inputs: { train: 'train' } })
    await damaged.snapshot([{ path: 'a', content: 'another' }], { ref: 'train', ...SOURCE })
    await damaged.collectGarbage({ keepLast: 1, graceMs: 0 })
    // The run keeps what it read.
    expect(only('inputs', await checkRun(damaged, label)).status).toBe('proven')
  })
})

describe('provenance', () => {
  it('is declared where each dataset from outside has a source, a licence and a why; and missing with what each lacks', async () => {
    expect(said(await item('provenance'))).toMatch(/^declared: baf\w+: https:\/\/example\.org\/data, CC0-1\.0, "as downloaded" \(Ada\), baf\w+: https/)
    const repository = await createWith()
    await repository.snapshot([{ path: 'a', content: 'x' }], { ref: 'train', message: 'why' })
    expect(said(await item('provenance', { inputs: { train: 'train' } }, { repository }))).toMatch(/^missing: baf\w+ lacks source, licence$/)
    // Another snapshot of the same data says it.
    await repository.snapshot([{ path: 'a', content: 'x' }], { ref: 'other', ...SOURCE })
    expect((await item('provenance', { inputs: { train: 'train' } }, { repository })).status).toBe('declared')
  })

  it('of derived data is that of what it was derived from', async () => {
    const repository = await createWith()
    const { output } = await pretend(repository, { from: 'raw data', to: 'features' })
    const inputs = { train: output.toString() }
    expect(said(await item('provenance', { inputs }, { repository }))).toMatch(/lacks a snapshot that says anything$/)
    await repository.snapshot([{ path: 'file', content: 'raw data' }], { ref: 'raw', ...SOURCE })
    expect(said(await item('provenance', { inputs }, { repository }))).toContain('declared: ')
  })

  it('of derived data that somebody vouches for is what they say', async () => {
    const repository = await createWith()
    const { output } = await pretend(repository, { from: 'raw data', to: 'features' })
    const derived = { source: { uri: `varve:${(await explainRevision(repository, output.toString())).derivation}#out` } }
    await repository.snapshot([{ path: 'file', content: 'features' }], { ref: 'features', ...derived })
    expect((await item('provenance', { inputs: { train: 'features' } }, { repository })).status).toBe('missing')
    await repository.snapshot([{ path: 'file', content: 'features' }], { ref: 'published', ...SOURCE })
    expect((await item('provenance', { inputs: { train: 'features' } }, { repository })).status).toBe('declared')
  })
})

describe('code', () => {
  // As `git write-tree` has it.
  const TREE = 'ea41dba10b54a794284e0be009a11f0ff3716a28'

  it('is proven by hashing it, and by the tree of git where there is one', async () => {
    expect(said(await item('code'))).toMatch(/^proven: 1 file hash to the root baf\w+, recorded before the run began; there is no tree of git/)
    expect(said(await item('code', { code: { a: '' }, capture: { git: { ...CLEAN_GIT, tree: '496d6428b9cf92981dc9495211e6e1120fb6f2ba' } } }))).toMatch(/^proven: .* and to the git tree 496d6428/)
    expect(said(await item('code', { code: { a: 'other' }, capture: { git: { ...CLEAN_GIT, tree: TREE }, missing: ['a filter'] } }))).toMatch(/^declared: .*Git says that the working tree was ea41.*\(a filter\)$/)
    expect(said(await item('code', { code: null, capture: { missing: ['too large'] } }))).toBe('missing: The code was not stored: too large')
  })
})

describe('damage', () => {
  it.each([['code', 'code of the run'], ['inputs', 'data to train on'], ['evaluation', 'data to test on']] as const)('makes %s missing', async (id, content) => {
    const storage = new MemoryStorage()
    const repository = await createWith({ storage })
    await repository.snapshot([{ path: 'a', content: 'data to train on' }], { ref: 'train', ...SOURCE })
    await repository.snapshot([{ path: 'b', content: 'data to test on' }], { ref: 'test', ...SOURCE })
    await pretendRun(repository, { inputs: { train: 'train' }, code: { 'train.mjs': 'code of the run' } })
    await registerModel(repository, 'digits', { run: 'train', evaluation: { metrics: { a: 1 }, on: 'test' } })
    expect((await checkModel(repository, 'digits')).items.filter(({ status }) => status === 'missing')).toEqual([])
    let flipped = 0
    for (const { key } of await gather(storage.list('packs/'))) {
      const bytes = (await storage.get(key)).slice()
      const at = Buffer.from(bytes).indexOf(content)
      if (at < 0) continue
      bytes[at] = (bytes[at] as number) ^ 1
      await storage.delete(key)
      await storage.put(key, bytes)
      flipped++
    }
    expect(flipped).toBe(1)
    const damaged = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    expect((await checkModel(damaged, 'digits')).items.filter(({ status }) => status === 'missing').map((found) => found.id)).toEqual([id])
  })
})

describe('config', () => {
  it('is proven with the layers that values are from, and only declared where there is none', async () => {
    expect(said(await item('config', { config: { a: 1, b: { c: 2, d: {} } } }))).toMatch(/^proven: 3 values, hash [0-9a-f]{64}: 3 from the program$/)
    expect((await item('config', { config: {} })).status).toBe('declared')
  })
})

describe('evaluation', () => {
  it('is declared by the metrics of a run that had data to test on, or of a registered model', async () => {
    expect(said(await item('evaluation', { inputs: { train: 'train', val_images: 'test' }, final: { loss: 0.25 } }))).toMatch(/^declared: the run logged: loss 0\.25, with val_images \(test\), root baf/)
    expect(said(await item('evaluation', { inputs: { train: 'train' } }))).toMatch(/^missing: It logged loss, and no input/)
    expect(said(await item('evaluation', { final: {} }))).toBe('missing: No metric is recorded')
    const repository = await withData()
    await pretendRun(repository, { inputs: { train: 'train' } })
    await registerModel(repository, 'bare', { run: 'train' })
    await registerModel(repository, 'digits', { run: 'train', evaluation: { metrics: { accuracy: 0.9 }, on: 'test' } })
    expect(only('evaluation', await checkModel(repository, 'bare')).status).toBe('missing')
    expect(said(only('evaluation', await checkModel(repository, 'digits')))).toMatch(/^declared: who registered it says: accuracy 0\.9, with test, root baf/)
  })
})

it.each([['failed', 'It failed: it threw'], ['aborted', 'It was aborted'], ['lost', 'It is lost'], ['running', 'It is not over']] as const)('a run whose status is %s has not ended properly', async (status, words) => {
  expect(said(await item('ended', { status }))).toBe(`missing: ${words}`)
})

describe('committed', () => {
  it('needs a commit that is pushed, with nothing beside it', async () => {
    expect(said(await item('committed'))).toBe(`proven: Commit ${COMMIT} of main, on a remote (https://example.org/code.git), with nothing uncommitted`)
    const git = async (state: Partial<typeof CLEAN_GIT>): Promise<string> => said(await item('committed', { capture: { git: { ...CLEAN_GIT, ...state } } }))
    expect(await git({ dirty: [{ path: 'train.mjs', status: '.M' }] })).toMatch(/^missing: The working tree is not the commit 1+: \.M train\.mjs$/)
    expect(await git({ submodules: [{ path: 'lib', commit: COMMIT, isDirty: true }] })).toMatch(/submodule lib$/)
    expect(await git({ isPushed: false })).toMatch(/^missing: No remote branch/)
    expect(await git({ commit: null })).toBe('missing: There is no commit yet')
    expect((await item('committed', { capture: { git: null, missing: ['no git here'] } })).evidence).toBe('The state of git was not recorded (no git here)')
  })
})

describe('seed', () => {
  it('is declared until a re-run to the bit proves that all depends on it', async () => {
    const repository = await withData()
    expect(said(await item('seed', {}, { repository }))).toMatch(/^declared: Seed 7; no re-run/)
    expect(said(await item('seed', { seed: '0' }))).toContain('also that of runs that set none')
    const first = await pretendRun(repository, { inputs: INPUTS })
    await pretendRun(repository, { inputs: INPUTS, reproduces: first.start, artifacts: { model: 'something else' } })
    expect(only('seed', await checkRun(repository, first.label, { level: 'reproducible' })).status).toBe('declared')
    await pretendRun(repository, { inputs: INPUTS, reproduces: first.start })
    expect(said(only('seed', await checkRun(repository, first.label, { level: 'reproducible' })))).toMatch(/^proven: Seed 7; train#4 ran it again/)
  })
})

describe('disjoint', () => {
  it('finds files of one content in data for two purposes, by whatever name; empty files have none', async () => {
    const repository = await withData()
    expect(said(await item('disjoint', {}, { repository }))).toBe('proven: By the hash of each file, none in common: train (train), 2 files, and test (test), 1 file')
    await repository.snapshot([{ path: 'x/y', content: 'two' }, { path: 'z', content: 'new' }, { path: 'empty', content: '' }], { ref: 'leak', ...SOURCE })
    expect(said(await item('disjoint', { inputs: { train: 'train', holdout: 'leak' } }, { repository }))).toBe('missing: train (train) and holdout (leak) have 1 file in common: b = x/y')
    expect(said(await item('disjoint', { inputs: { train: 'train', validation: 'test', test: 'leak' } }, { repository }))).toContain('train (train) and test (leak) have 1 file in common')
    // Parts for the same purpose may overlap.
    expect((await item('disjoint', { inputs: { trainA: 'train', trainB: 'train', test: 'test' } }, { repository })).status).toBe('proven')
    expect((await item('disjoint', { inputs: { train: 'train' } }, { repository })).evidence).toBe('There is data to train on, and no other to compare it with')
    expect((await item('disjoint', { inputs: { all: 'train' } }, { repository })).status).toBe('missing')
  })

  it('takes the data that a model was evaluated on for data to test on', async () => {
    const repository = await withData()
    await pretendRun(repository, { inputs: { train: 'train' } })
    await registerModel(repository, 'digits', { run: 'train', evaluation: { metrics: { a: 1 }, on: 'test' } })
    await registerModel(repository, 'leaky', { run: 'train', evaluation: { metrics: { a: 1 }, on: 'train' } })
    expect(only('disjoint', await checkModel(repository, 'digits', { level: 'reproducible' })).status).toBe('proven')
    expect(said(only('disjoint', await checkModel(repository, 'leaky', { level: 'reproducible' })))).toContain('have 2 files in common: a, b')
  })
})

describe('packages', () => {
  it('are those of the lock file, each with its integrity', async () => {
    const packages = async (state: Partial<typeof PACKAGES> | null, missing: readonly string[] = []): Promise<string> => said(await item('packages', { capture: { packages: state === null ? null : { ...PACKAGES, ...state }, missing } }))
    expect(await packages({})).toBe(`declared: 1 package as in package-lock.json (SHA-256 ${'a'.repeat(64)}), each with its integrity, by what npm noted as it installed them`)
    expect(await packages({ differences: ['zod: locked 4.1.0, installed 4.0.9'] })).toBe('missing: package-lock.json is not what is installed: zod: locked 4.1.0, installed 4.0.9')
    expect(await packages({ installed: [{ name: 'own', version: '1.0.0', integrity: null }] })).toBe('missing: Without integrity: own 1.0.0')
    expect(await packages({ installed: [] }, ['What is installed is not known'])).toContain('missing: package-lock.json was recorded, and not what is installed (What is installed is not known)')
    expect(await packages(null, ['The packages are not known: there is no lock file'])).toContain('missing: No lock file was recorded (The packages are not known')
    expect(await packages({ lockFile: null })).toContain('missing: No lock file')
    // No difference is listed where none was looked for.
    expect(await packages({ lockFile: { path: 'app/pnpm-lock.yaml', sha256: 'c'.repeat(64) } })).toContain('missing: app/pnpm-lock.yaml was recorded')
  })

  it('are none if the lock file has none and nothing was installed', async () => {
    expect(said(await item('packages', { capture: { packages: { ...PACKAGES, installed: [] }, missing: [] } }))).toBe(`declared: package-lock.json (SHA-256 ${'a'.repeat(64)}) has no packages, and none were installed, by what npm noted`)
  })

  it('of Python are at the versions of its lock file, which has their hashes', async () => {
    const lockFile = { path: 'requirements.txt', sha256: 'd'.repeat(64) }
    const state = { lockFile, installed: [{ name: 'numpy', version: '1.26.4', integrity: null }], differences: [] }
    const python = async (packages: Partial<PackageState>, isHashed = true): Promise<string> =>
      said(await item('packages', { capture: { packages: { ...state, ...packages }, python: { command: ['python3'], implementation: 'CPython', version: '3.12.4', executable: '/usr/bin/python3', environment: null, isHashed } } }))
    expect(await python({})).toBe(`declared: 1 package at the versions of requirements.txt (SHA-256 ${'d'.repeat(64)}), which has their hashes, by what Python 3.12.4 says`)
    expect(await python({}, false)).toBe('missing: 1 package as in requirements.txt, which has no hashes of all of them')
    expect(await python({ differences: ['numpy: locked 1.26.4, installed 2.0.0'] })).toBe('missing: requirements.txt is not what is installed for Python 3.12.4: numpy: locked 1.26.4, installed 2.0.0')
    expect(await python({ lockFile: null })).toBe('missing: No lock file of Python was recorded; Python 3.12.4 had 1 package')
    expect(await python({ lockFile: { ...lockFile, path: 'environment.yml' } })).toContain('missing: environment.yml was recorded')
  })
})

it('an image is proven by what the system says, declared by what a person says, and never a tag', async () => {
  const image = async (container: typeof CAPTURE.container): Promise<string> => said(await item('image', { capture: { container } }))
  const digest = `sha256:${'b'.repeat(64)}`
  expect(await image({ digest, source: 'ecs' })).toBe(`proven: ${digest}, as ecs says`)
  expect(await image({ digest, source: 'VARVE_IMAGE' })).toBe(`declared: ${digest}, as VARVE_IMAGE says`)
  expect(await image({ digest: 'node:24', source: 'option' })).toBe('missing: "node:24" is no digest of an image')
  expect(await image(null)).toBe('missing: No container image is recorded')
})

describe('variance', () => {
  it('is proven by three runs that differ in nothing but the seed, declared by an evaluation that reports it', async () => {
    const repository = await withData()
    const variance = async (run: string): Promise<string> => said(only('variance', await checkRun(repository, run, { level: 'reproducible' })))
    await pretendRun(repository, { inputs: INPUTS, seed: '1', final: { loss: 1 } })
    await pretendRun(repository, { inputs: INPUTS, seed: '2', final: { loss: 2 }, config: { rate: 0.1, seed: 2 } })
    await pretendRun(repository, { inputs: INPUTS, seed: '2', final: { loss: 2 } })
    for (const other of [{ config: { rate: 0.2 } }, { code: { x: 'other' } }, { inputs: { train: 'train' } }, { status: 'failed' as const }, { name: 'other' }]) await pretendRun(repository, { inputs: INPUTS, seed: '3', ...other })
    expect(await variance('train#1')).toMatch(/^missing: 1 other run differs/)
    await pretendRun(repository, { inputs: INPUTS, seed: '3', final: { loss: 3 } })
    expect(await variance('train#1')).toMatch(/^proven: Over 3 seeds \(train#1, train#\d, train#\d\): loss 2 ± 1$/)
    await registerModel(repository, 'digits', { run: 'other', evaluation: { metrics: { accuracy: 0.9, accuracy_std: 0.01 }, on: 'test' } })
    expect(said(only('variance', await checkModel(repository, 'digits', { level: 'reproducible' })))).toBe('declared: The evaluation reports accuracy_std 0.01')
  })
})

it('what runs leave in the project for one another to find is no other code, and anything else is', async () => {
  const repository = await withData()
  const like = { inputs: INPUTS, cwd: 'app', outputs: { model: './out/../out', log: '../log.txt' } }
  const add = (seed: string, code: Readonly<Record<string, string>>): Promise<unknown> => pretendRun(repository, { ...like, seed, code: { 'app/train.mjs': 'code', ...code } })
  const variance = async (): Promise<string> => only('variance', await checkRun(repository, 'train#1', { level: 'reproducible' })).status
  await add('1', {})
  await add('2', { 'app/out/model.bin': '1', 'log.txt': '1' })
  for (const other of ['app/out2', 'out/model.bin', 'app/log.txt', 'app/output/x']) await add('3', { [other]: 'x' })
  expect(await variance()).toBe('missing')
  await add('3', { 'app/out/model.bin': '2', 'log.txt': '2' })
  expect(await variance()).toBe('proven')
})

describe('rerun', () => {
  it('is proven by a re-run that gave the same, or stayed within the tolerance, and missing where it did not', async () => {
    const repository = await withData()
    const first = await pretendRun(repository, { inputs: INPUTS, final: { loss: 0.5 } })
    const rerun = async (options: CheckOptions = {}): Promise<string> => said(only('rerun', await checkRun(repository, first.label, { level: 'audit', ...options })))
    expect(await rerun()).toBe('missing: It was never run again')
    const asked: string[] = []
    const port = { reproduce: async (run: string) => (asked.push(run), { verdict: 'identical' as const, firstDifference: null, again: 'train#9' }) }
    expect(await rerun({ port })).toMatch(/^proven: train#9 gave the same artifacts/)
    expect(asked).toEqual(['train#1'])
    await pretendRun(repository, { inputs: INPUTS, reproduces: first.start, status: 'failed' })
    expect(await rerun()).toBe('missing: It was run again, and that did not end well: train#2 failed')
    await pretendRun(repository, { inputs: INPUTS, reproduces: first.start, final: { loss: 0.5004 }, artifacts: { model: 'nearly' } })
    expect(await rerun()).toBe('missing: train#3 gave something else than train#1: model: model')
    expect(await rerun({ policy: policy('tolerances: { loss: 0.001, others: 1 }') })).toMatch(/^proven: train#3 stayed within the tolerance \(loss ±0\.001\)/)
    expect((await rerun({ policy: policy('tolerances: { loss: 0.0001 }') })).startsWith('missing')).toBe(true)
    await pretendRun(repository, { inputs: INPUTS, reproduces: first.start, final: { loss: 0.5 } })
    expect(await rerun({ port })).toMatch(/^proven: train#4 gave the same/)
    expect(asked).toEqual(['train#1'])
    expect(said(await item('rerun', { final: {}, artifacts: {} }))).toContain('missing: The run made nothing')
  })
})

it('what cannot be found out yet is missing, and says so', async () => {
  expect(said(await item('signed'))).toMatch(/^missing: This version of varve .* cannot tell$/)
  expect(said(await item('remotes'))).toMatch(/^missing: .* this cannot be shown$/)
})

it('an approver counts if it is not who registered the model', async () => {
  const repository = await withData()
  await pretendRun(repository, { inputs: INPUTS })
  await registerModel(repository, 'digits', { run: 'train', by: 'Ada' })
  await registerModel(repository, 'nobody', { run: 'train' })
  const approver = async (model: string): Promise<string> => said(only('approver', await checkModel(repository, model, { level: 'audit' })))
  expect(await approver('digits')).toBe('missing: Nobody has approved of it')
  await approveModel(repository, 'digits', { by: ' ada ' })
  expect(await approver('digits')).toBe('missing: Only Ada, who registered it, has approved of it')
  await approveModel(repository, 'digits', { by: 'Grace' })
  expect(await approver('digits')).toMatch(/^declared: Grace \(2\d{3}-.*\); it was registered by Ada$/)
  await approveModel(repository, 'nobody', { by: 'Grace' })
  expect((await approver('nobody')).startsWith('missing: It is not recorded who registered it')).toBe(true)
  expect((await item('approver')).evidence).toBe('Runs are not approved: versions of models are')
})

describe('secrets', () => {
  const TOKEN = `ghp_${'a1B2c3D4e5F6g7H8i9J0'.repeat(2)}`

  it.each([
    ['command[1]', { command: ['train', `--token=${TOKEN}`] }],
    ['argv[2]', { capture: { argv: ['node', 'train.mjs', TOKEN] } }],
    ['environment.SOME', { capture: { environment: { SOME: TOKEN } } }],
    ['config.api.password', { config: { api: { password: 'hunter2hunter2' } } }],
    ['git.remotes.origin', { capture: { git: { ...CLEAN_GIT, remotes: { origin: 'https://ada:pass@example.org/x.git' } } } }],
    ['code:lib/keys.mjs (a token of GitHub)', { code: { 'train.mjs': 'x', 'lib/keys.mjs': `export const token = '${TOKEN}'` } }],
  ] as const)('are found in %s', async (where, made) => {
    expect(said(await item('secrets', made as MadeUpRun))).toBe(`missing: It looks as if there were secrets in ${where}`)
  })

  it('that were left out are told', async () => {
    expect(said(await item('secrets', { capture: { redacted: ['argv[3]'] } }))).toMatch(/^proven: None is known in 2 words .* 1 file of code; left out when it was recorded: argv\[3\]$/)
  })
})
