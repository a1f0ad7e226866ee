import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { ModelInfo } from '../../src/registry/interface.ts'
import type { RunInfo } from '../../src/run/interface.ts'
import type { SentRecords } from '../../src/remote/records/interface.ts'
import { newFolder, runCli, runJson } from './run-cli.ts'

const TRAIN = ['run', '--name', 'train', '--input', 'train=daily', '--output', 'model=model.json', '--config', 'config.yaml', '--seed', '7', '--', process.execPath, 'train.mjs']

interface Sent {
  readonly records: SentRecords | null
}

async function trained(cwd: string, rate: string): Promise<void> {
  expect(await runCli([...TRAIN.slice(0, -3), '--set', `rate=${rate}`, ...TRAIN.slice(-3)], { cwd })).toMatchObject({ code: 0 })
}

/** Ada has trained a model that is in production, and pushed everything; Bob has cloned it. */
async function shared(): Promise<{ cwd: string; ada: string; bob: string }> {
  const cwd = newFolder()
  const [ada, bob] = [join(cwd, 'ada'), join(cwd, 'bob')]
  cpSync(resolve('examples/training'), ada, { recursive: true })
  mkdirSync(join(ada, 'daily'))
  const rows = Array.from({ length: 60 }, (_, day) => `2020-01-${String((day % 28) + 1).padStart(2, '0')},XX,Land,${day * 3},${day * 2},${day}`)
  writeFileSync(join(ada, 'daily/countries.csv'), ['Date,Code,Country,Confirmed,Recovered,Deaths', ...rows].join('\n'))
  await runJson(['snapshot', 'daily'], { cwd: ada })
  await trained(ada, '0.01')
  await runJson(['model', 'register', 'digits', '--run', 'train', '--artifact', 'model'], { cwd: ada, env: { VARVE_AUTHOR: 'Ada' } })
  await runJson(['model', 'alias', 'digits@production', '1'], { cwd: ada, env: { VARVE_AUTHOR: 'Ada' } })
  await runJson(['remote', 'add', 'origin', '../shared'], { cwd: ada })
  return { cwd, ada, bob }
}

test('a colleague who clones asks for lineage, shows the run, resolves the model in production and reproduces it bit for bit', async () => {
  const { cwd, ada, bob } = await shared()
  const pushed = await runCli(['push'], { cwd: ada })
  expect(pushed.stdout).toContain('records: 1 run, 1 model version, 1 alias move or approval\n')
  expect((await runJson<Sent>(['push'], { cwd: ada })).records).toEqual({ runs: { added: 0, updated: 0, renumbered: [], kept: [], open: 0 }, derivations: 0, models: { versions: 0, events: 0, refused: [] } })
  expect((await runCli(['clone', 'shared', 'bob'], { cwd })).stdout).toContain('records: 1 run, 1 model version')
  for (const args of [['lineage', 'digits@production'], ['lineage', 'daily'], ['show', 'train#1'], ['model', 'show', 'digits@production'], ['model', 'history', 'digits']]) {
    const [hers, his] = [await runCli(args, { cwd: ada }), await runCli(args, { cwd: bob })]
    expect([args, his.code, his.stdout]).toEqual([args, 0, hers.stdout])
    expect(his.stdout).not.toBe('')
  }
  const model = await runJson<ModelInfo>(['model', 'show', 'digits@production'], { cwd: bob })
  for (const id of [model.run.id, model.run.record, model.run.id.slice(0, 20)]) expect(await runJson<RunInfo[]>(['show', id], { cwd: bob })).toMatchObject([{ label: 'train#1' }])
  expect((await runCli(['artifacts', '--run', model.run.id], { cwd: bob })).stdout).toContain('model')
  expect((await runCli(['lineage', model.run.id], { cwd: bob })).stdout).toContain('digits@1')
  expect(await runCli(['reproduce', 'digits@production'], { cwd: bob })).toMatchObject({ code: 0, stdout: expect.stringContaining('train#1 and train#2: identical') as string })
  expect(await runCli(['verify'], { cwd: bob })).toMatchObject({ code: 0 })

  // Without records there is none of this.
  await runJson(['clone', 'shared', 'eve', '--no-records'], { cwd })
  expect(await runJson<RunInfo[]>(['runs'], { cwd: join(cwd, 'eve') })).toEqual([])
  expect((await runJson<Sent>(['pull', 'daily'], { cwd: join(cwd, 'eve') })).records).toBeNull()
  expect((await runJson<Sent>(['pull', 'daily', '--records'], { cwd: join(cwd, 'eve') })).records?.runs.added).toBe(1)
}, 120_000)

test('two who train at once each keep their numbers; a model that both went on with is refused with code 5, and all else goes', async () => {
  const { cwd, ada, bob } = await shared()
  await runJson(['push'], { cwd: ada })
  await runJson(['clone', 'shared', 'bob'], { cwd })
  cpSync(resolve('examples/training'), bob, { recursive: true })
  for (const [who, rate, author] of [[ada, '0.02', 'Ada'], [bob, '0.03', 'Bob']] as const) {
    await trained(who, rate)
    await runJson(['model', 'register', 'digits', '--run', 'train#2', '--artifact', 'model'], { cwd: who, env: { VARVE_AUTHOR: author } })
  }
  await runJson(['push'], { cwd: ada })
  const refused = await runCli(['push'], { cwd: bob })
  expect(refused.code).toBe(5)
  expect(refused.stdout).toMatch(/^train#2 → train#3 {2}train#2 is another run there; the identity stays$/m)
  expect(refused.stdout).toMatch(/^refused: model digits: digits@2 is baf\w+ \(by Bob, \S+\) here, and is baf\w+ \(by Ada, \S+\) there\n {2}Versions are not renumbered; .* register yours under another name .*varve model remove digits --why <why>.*`varve pull`\.$/m)
  expect(refused.stdout).toContain('records: 1 run\n')
  const pulled = await runCli(['pull'], { cwd: ada })
  expect(pulled).toMatchObject({ code: 0, stdout: expect.stringContaining('records: 1 run\n') as string })
  expect((await runJson<RunInfo[]>(['runs'], { cwd: ada })).map(({ label }) => label)).toEqual(['train#3', 'train#2', 'train#1'])
  const [[hers], [his]] = await Promise.all([runJson<{ id: string }[]>(['show', 'train#3'], { cwd: ada }), runJson<{ id: string }[]>(['show', 'train#2'], { cwd: bob })])
  expect(hers?.id).toBe(his?.id)
  expect((await runCli(['pull'], { cwd: bob })).code).toBe(5)

  // The way out: Bob registers his under another name, takes digits out, pulls and pushes.
  const removed = await runCli(['model', 'remove', 'digits', '--why', 'Ada was first'], { cwd: bob, env: { VARVE_AUTHOR: 'Bob' } })
  expect(removed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^removed digits from this repository: 2 versions, 1 alias move, 0 approvals\ndigits@2 .*\n {2}id baf\w+ {2}weights baf\w+\ndigits@1 {2}production/) as string })
  const again = /^ {2}varve (model register <new-name> --run train#2 --artifact model)$/m.exec(removed.stdout)?.[1]?.replace('<new-name>', 'digits-bob').split(' ') ?? []
  expect(await runJson<ModelInfo>(again, { cwd: bob })).toMatchObject({ label: 'digits-bob@1' })
  for (const [who, verb] of [[bob, 'pull'], [bob, 'push'], [ada, 'pull'], [ada, 'push']] as const) expect([verb, (await runCli([verb], { cwd: who })).code]).toEqual([verb, 0])
  const [atAda, atBob] = await Promise.all([ada, bob].map(async (cwd) => (await runJson<ModelInfo[]>(['model', 'list'], { cwd })).map(({ label, id }) => [label, id])))
  expect(atBob).toEqual(atAda)
  expect(atAda?.map(([label]) => label)).toEqual(['digits@2', 'digits@1', 'digits-bob@1'])
}, 120_000)
