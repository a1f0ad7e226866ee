import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openRepository } from '../../src/node/open-repository.ts'
import type { CheckReport } from '../../src/registry/check/interface.ts'
import type { AliasMove, ModelInfo, RemovedModel } from '../../src/registry/interface.ts'
import { CAPTURE, type MadeUpRun, pretendRun } from '../registry/made-up-runs.ts'
import { errorOf, newFolder, runCli, runJson } from './run-cli.ts'

const SOURCE = { message: 'as downloaded', source: { uri: 'https://example.org', licence: 'CC0-1.0' } }

/** A folder with a repository that has data and runs with three seeds. */
async function project(made: MadeUpRun = {}): Promise<string> {
  const cwd = newFolder()
  await using repository = await openRepository(join(cwd, '.varve'), { create: true })
  await repository.snapshot([{ path: 'a', content: 'one' }], { ref: 'train', ...SOURCE })
  await repository.snapshot([{ path: 'a', content: 'two' }], { ref: 'test', ...SOURCE })
  for (const seed of ['1', '2', '3']) await pretendRun(repository, { inputs: { train: 'train', test: 'test' }, seed, artifacts: { model: `weights ${seed}`, log: 'log' }, ...made })
  return cwd
}

const env = { VARVE_AUTHOR: 'Ada' }

it('a run or a model that there is not is told with the near name, or with the names there are', async () => {
  const cwd = await project()
  const hintOf = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await runCli(args, { cwd })
    expect([args, code]).toEqual([args, 3])
    return stderr
  }
  expect(await hintOf('check', 'tain')).toBe('varve: There is no run or model "tain"\n  Did you mean train? `varve runs` and `varve model list` list all.\n')
  await runJson(['model', 'register', 'digits', '--run', 'train#1', '--artifact', 'model'], { cwd, env })
  await runJson(['model', 'alias', 'digits@production', '1'], { cwd, env })
  expect(await hintOf('check', 'digts')).toBe('varve: There is no run or model "digts"\n  Did you mean digits? `varve runs` and `varve model list` list all.\n')
  expect(await hintOf('fetch-run', 'zebra', 'back')).toBe('varve: There is no run or model "zebra"\n  There are train, digits. `varve runs` and `varve model list` list all.\n')
  expect(await hintOf('reproduce', 'train#9')).toBe('varve: There is no run "train#9"\n  The newest of train is train#3; `varve runs list train` lists them.\n')
  expect(await hintOf('show', 'tran#1')).toBe('varve: There is no run "tran#1"\n  Did you mean train? `varve runs` lists all.\n')
  expect(await hintOf('show', 'trian')).toMatch(/^varve: There is no dataset and no run "trian" in .*\n {2}Did you mean train\? `varve refs` and `varve runs` say what there is\.\n$/)
  expect(await hintOf('show', 'digits@production')).toMatch(/\n {2}It is a model: varve model show digits@production\n$/)
  expect(await hintOf('show', 'zebra')).toMatch(/\n {2}`varve refs` and `varve runs` say what there is\.\n$/)
  expect(await hintOf('model', 'show', 'digts@1')).toBe('varve: There is no model "digts"\n  Did you mean digits? `varve model list` lists all.\n')
  expect(await hintOf('model', 'show', 'digits@prodution')).toBe('varve: The model digits has no alias "prodution"\n  Did you mean production? `varve model history digits` tells since when.\n')
  expect(await hintOf('model', 'register', 'digits', '--run', 'train#1', '--artifact', 'modle')).toBe('varve: The run train#1 has no artifact "modle"\n  Did you mean model?\n')
  // The components of a version are fetched by its name too.
  expect(await runCli(['fetch-run', 'digits@production', 'back'], { cwd })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^train#1: code/) as string })
}, 60_000)

describe('varve model', () => {
  it('registers, lists, shows, names, approves and compares', async () => {
    const cwd = await project()
    writeFileSync(join(cwd, 'metrics.json'), '{"accuracy": 0.98}')
    const first = await runJson<ModelInfo>(['model', 'register', 'digits', '--run', 'train#1', '--artifact', 'model', '--evaluation', 'metrics.json', '--on', 'test', '--why', 'a beginning'], { cwd, env })
    expect(first).toMatchObject({ label: 'digits@1', run: { label: 'train#1' }, evaluation: { metrics: { accuracy: 0.98 }, revision: 'test' }, by: 'Ada', why: 'a beginning' })
    await runJson(['model', 'register', 'digits', '--run', 'train#2', '--artifact', 'model'], { cwd, env })
    expect(await runJson<AliasMove>(['model', 'alias', 'digits@production', '1', '--why', 'the first'], { cwd, env })).toMatchObject({ alias: 'production', before: null, after: 1, by: 'Ada', why: 'the first' })
    expect(await runJson<AliasMove>(['model', 'alias', 'digits@production', '2', '--why', 'better'], { cwd, env })).toMatchObject({ before: 1, after: 2 })
    expect(await runJson<ModelInfo>(['model', 'approve', 'digits@production', '--as', 'Grace', '--why', 'read it'], { cwd, env })).toMatchObject({ label: 'digits@2', approvals: [{ by: 'Grace', why: 'read it' }] })
    expect((await runJson<ModelInfo[]>(['model', 'list'], { cwd })).map(({ label }) => label)).toEqual(['digits@2', 'digits@1'])
    expect((await runCli(['model', 'list', 'digits'], { cwd })).stdout).toMatch(/^digits@2 {2}production {2}train#2 .*approved by Grace\ndigits@1 {2}train#1 {2}accuracy 0\.98 .*\n$/)
    const shown = (await runCli(['model', 'show', 'digits@1'], { cwd })).stdout
    for (const words of ['model       digits@1', 'run         train#1', 'input       train = train', 'config      ', '            rate = 0.1   from the program\n', 'seed        1\n', 'evaluation  on test', 'accuracy 0.98', 'by Ada: a beginning']) expect(shown).toContain(words)
    expect((await runCli(['model', 'compare', 'digits@1', 'digits@production'], { cwd })).stdout).toMatch(/^digits@1 and digits@2\nweights: baf\w+ → baf\w+\nrun: train#1 → train#2\nseed: 1 → 2\naccuracy: 0\.98 → –\nThey were not evaluated on the same data/)
    expect((await runCli(['model', 'history', 'digits'], { cwd })).stdout).toMatch(/production {2}1 → 2 {2}Ada: better\n.*production {2}nothing → 1 {2}Ada: the first\n$/)
    const today = new Date().toISOString().slice(0, 10)
    expect(await runJson<ModelInfo>(['model', 'show', 'digits@production', '--at', today], { cwd })).toMatchObject({ label: 'digits@2' })
    expect((await runCli(['model', 'history', 'digits', '--at', today], { cwd })).stdout).toMatch(/^production {2}2 {2}since /)
    expect(await runCli(['model', 'show', 'digits@production', '--at', '2020-01-01'], { cwd })).toMatchObject({ code: 3 })
    expect(await runJson<AliasMove>(['model', 'alias', 'digits@production', '--remove'], { cwd, env })).toMatchObject({ before: 2, after: null })
    expect(await runCli(['model', 'show', 'digits@production'], { cwd })).toMatchObject({ code: 3 })
  })

  it('removes a model with a why, tells what went, and puts it down in the log of operations', async () => {
    const cwd = await project({ capture: { container: null } })
    writeFileSync(join(cwd, 'metrics.json'), '{"accuracy": 0.98}')
    const first = await runJson<ModelInfo>(['model', 'register', 'digits', '--run', 'train#1', '--artifact', 'model', '--evaluation', 'metrics.json', '--on', 'test'], { cwd, env })
    await runJson(['model', 'alias', 'digits@production', '1'], { cwd, env })
    writeFileSync(join(cwd, 'varve-policy.yaml'), 'before: { alias: { production: reproducible } }\n')
    const guarded = await runCli(['model', 'remove', 'digits', '--why', 'a test'], { cwd, env })
    expect([guarded.code, guarded.stderr]).toEqual([5, expect.stringContaining('digits@1 cannot lose digits@production: ') as string])
    writeFileSync(join(cwd, 'other.yaml'), 'level: basic\n')
    const removed = await runJson<RemovedModel>(['model', 'remove', 'digits', '--why', 'a test', '--policy', 'other.yaml'], { cwd, env })
    expect(removed).toMatchObject({ name: 'digits', versions: [{ ...first, aliases: ['production'] }], moves: [{ alias: 'production', after: 1 }], why: 'a test', by: 'Ada' })
    expect((await runCli(['log', '--operations', '-n', '1'], { cwd })).stdout).toMatch(/model-remove {2}by Ada {2}– digits, 1 version: a test\n$/)
    expect(await runJson(['model', 'list'], { cwd })).toEqual([])
    // The command that is printed for one that was evaluated names the very data.
    await runJson(['model', 'register', 'digits', '--run', 'train#1', '--artifact', 'model', '--evaluation', 'metrics.json', '--on', 'test'], { cwd, env })
    const { stdout } = await runCli(['model', 'remove', 'digits', '--why', 'a test'], { cwd, env })
    const again = /^ {2}varve (model register .*)$/m.exec(stdout)?.[1]?.replace('<new-name>', 'numbers').replace('<metrics.json>', 'metrics.json').split(' ') ?? []
    expect(await runJson<ModelInfo>(again, { cwd })).toMatchObject({ label: 'numbers@1', root: first.root, evaluation: { root: first.evaluation?.root } })
  })

  it('refuses what it cannot do, with a line that says why, one that says what to do, and an exit code', async () => {
    const cwd = await project()
    writeFileSync(join(cwd, 'list.json'), '[1]')
    const cases: readonly (readonly [args: readonly string[], code: number])[] = [
      [['forget', 'digits'], 2], [['register', 'digits'], 2], [['register', 'digits', '--run', 'train', '--artifact', 'model', '--on', 'test'], 2], [['register', 'digits', '--run', 'train', '--artifact', 'model', '--evaluation', 'list.json', '--on', 'test'], 2],
      [['register', 'digits', '--run', 'train'], 3], [['register', 'di gits', '--run', 'train', '--artifact', 'model'], 2], [['list', '--run', 'train'], 2], [['compare', 'digits@1'], 2], [['alias', 'digits', '1'], 2], [['alias', 'digits@production'], 2],
      [['alias', 'digits@production', '1', '--remove'], 2], [['alias', 'digits@production', '1'], 3], [['approve', 'digits@1'], 2], [['show', 'digits', '--at', 'yesterday'], 2], [['history', 'digits'], 3],
      [['remove', 'digits'], 2], [['remove', 'digits', '--why', ' '], 2], [['remove', 'digits@1', '--why', 'a test'], 2], [['remove', 'digits', '--why', 'a test'], 3],
    ]
    for (const [args, code] of cases) {
      const run = await runCli(['model', ...args], { cwd, env })
      expect([args, run.code, run.stdout]).toEqual([args, code, ''])
      expect(run.stderr).toMatch(/^varve: .+\n {2}\S/)
    }
  })

  it('does not register a run that failed', async () => {
    const cwd = await project({ status: 'failed' })
    const run = await runCli(['model', 'register', 'digits', '--run', 'train', '--artifact', 'model', '--json'], { cwd })
    expect([run.code, errorOf(run).code]).toEqual([2, 'INVALID_ARGUMENT'])
  })

  it('asks for what the policy of the folder asks for before an alias is pointed to a version', async () => {
    const cwd = await project({ capture: { container: null } })
    await runJson(['model', 'register', 'digits', '--run', 'train', '--artifact', 'model'], { cwd, env })
    writeFileSync(join(cwd, 'varve-policy.yaml'), 'before: { alias: { production: reproducible } }\n')
    const refused = await runCli(['model', 'alias', 'digits@production', '1', '--json'], { cwd, env })
    expect([refused.code, errorOf(refused).code, (errorOf(refused).data['items'] as { id: string }[]).map(({ id }) => id)]).toEqual([5, 'CHECK_FAILED', ['image']])
    writeFileSync(join(cwd, 'other.yaml'), 'waive: [{ item: image, why: none here, expires: 2000-01-01 }]\n')
    const expired = await runCli(['model', 'alias', 'digits@production', '1', '--policy', 'other.yaml'], { cwd, env })
    expect([expired.code, expired.stderr]).toEqual([2, expect.stringContaining('other.yaml:1:40: This waiver has expired') as string])
    writeFileSync(join(cwd, 'other.yaml'), 'before: { alias: { production: reproducible } }\nwaive: [{ item: image, why: none here, expires: 2999-01-01 }]\n')
    expect(await runJson(['model', 'alias', 'digits@production', '1', '--policy', 'other.yaml'], { cwd, env })).toMatchObject({ after: 1 })
    // What guards an alias guards its end.
    const kept = await runCli(['model', 'alias', 'digits@production', '--remove'], { cwd, env })
    expect([kept.code, kept.stderr]).toEqual([5, expect.stringContaining('digits@1 cannot lose digits@production: ') as string])
    await runJson(['model', 'alias', 'digits@staging', '1'], { cwd, env })
    expect(await runJson(['model', 'alias', 'digits@staging', '--remove'], { cwd, env })).toMatchObject({ after: null })
    expect(await runJson(['model', 'alias', 'digits@production', '--remove', '--policy', 'other.yaml'], { cwd, env })).toMatchObject({ before: 1, after: null })
  })
})

describe('varve check', () => {
  it('prints the checklist, and ends with 1 if the level is not reached', async () => {
    const cwd = await project({ capture: { container: null } })
    const basic = await runCli(['check', 'train'], { cwd })
    expect(basic.code).toBe(0)
    expect(basic.stdout).toMatch(/^train#3: basic\nproven {4}inputs {2}Inputs are pinned.*\n {10}train \(train\): root/)
    expect(basic.stdout).toMatch(/basic is reached\n$/)
    const more = await runCli(['check', 'train', '--level', 'reproducible'], { cwd })
    expect(more.code).toBe(1)
    expect(more.stdout).toMatch(/missing {3}image .*\n {10}No container image is recorded\n {10}→ Run in a container/)
    expect(more.stdout).toMatch(/reproducible is not reached: 1 item of 12 \(image\)\n$/)
    writeFileSync(join(cwd, 'varve-policy.yaml'), 'level: reproducible\nwaive: [{ item: image, why: none here, expires: 2999-01-01 }]\n')
    const waived = await runCli(['check', 'train'], { cwd })
    expect([waived.code, waived.stdout]).toEqual([0, expect.stringContaining('waived until 2999-01-01: none here') as string])
    for (const args of [['--json'], ['--format', 'json']]) expect(JSON.parse((await runCli(['check', 'train#3', ...args], { cwd })).stdout) as CheckReport).toMatchObject({ kind: 'run', subject: 'train#3', level: 'reproducible', reached: true })
    const junit = await runCli(['check', 'train', '--format', 'junit'], { cwd })
    expect([junit.code, junit.stdout]).toEqual([0, expect.stringMatching(/^<\?xml .*\n<testsuites name="varve check" tests="12" failures="0" errors="0" skipped="1"/) as string])
    expect((JSON.parse((await runCli(['check', 'train', '--format', 'sarif', '--level', 'audit'], { cwd })).stdout) as { runs: { results: unknown[] }[] }).runs[0]?.results).toHaveLength(17)
  })

  it('refuses what it cannot do', async () => {
    const cwd = await project()
    for (const [args, code] of [[[], 2], [['train', 'train'], 2], [['nothing'], 3], [['train', '--level', 'most'], 2], [['train', '--seed', '1'], 2], [['train', '--format', 'junit', '--json'], 2], [['train', '--policy', 'none.yaml'], 3]] as const) {
      expect([args, (await runCli(['check', ...args], { cwd })).code]).toEqual([args, code])
    }
  })

  it('runs a run again where that is asked for, and takes what came of it for proof', async () => {
    const cwd = newFolder()
    writeFileSync(join(cwd, 'train.mjs'), "import { writeFileSync } from 'node:fs'\nwriteFileSync('model.bin', `weights ${process.env.VARVE_SEED}`)\n")
    expect(await runCli(['run', '--output', 'model=model.bin', '--seed', '7', '--', process.execPath, 'train.mjs'], { cwd })).toMatchObject({ code: 0 })
    const statuses = async (...flags: readonly string[]): Promise<unknown> => {
      const { items } = JSON.parse((await runCli(['check', 'train#1', '--level', 'audit', '--json', ...flags], { cwd })).stdout) as CheckReport
      return ['seed', 'rerun'].map((id) => items.find((item) => item.id === id)?.status)
    }
    expect(await statuses()).toEqual(['declared', 'missing'])
    expect(await statuses('--rerun')).toEqual(['declared', 'proven'])
    expect(await statuses()).toEqual(['proven', 'proven'])
  })

  it('looks at a run that has not begun', async () => {
    const cwd = await project()
    writeFileSync(join(cwd, 'conf.yaml'), 'rate: 0.1\n')
    const args = ['check', '--preflight', '--input', 'train=train', '--config', 'conf.yaml', '--level', 'basic']
    const good = await runCli([...args, '--json', '--', 'node', 'train.mjs', '--rate', '{config.rate}'], { cwd })
    expect([good.code, JSON.parse(good.stdout)]).toEqual([0, expect.objectContaining({ kind: 'preflight', subject: 'train', reached: true })])
    const bad = await runCli([...args, '--', 'node', 'train.mjs', '{config.epochs}'], { cwd })
    expect([bad.code, bad.stdout]).toEqual([1, expect.stringContaining('{config.epochs} that stands for nothing') as string])
    const all = JSON.parse((await runCli(['check', '--preflight', '--input', 'train=train', '--image', CAPTURE.container?.digest ?? '', '--json'], { cwd })).stdout) as CheckReport
    expect(Object.fromEntries(all.items.map(({ id, status }) => [id, status]))).toEqual({ inputs: 'proven', config: 'declared', committed: 'missing', seed: 'missing', packages: 'missing', image: 'declared' })
    // Nothing of it is stored.
    expect(await runJson<unknown[]>(['runs'], { cwd })).toHaveLength(3)
  })
})
