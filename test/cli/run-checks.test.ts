import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { newFolder, runCli, runJson } from './run-cli.ts'

const TRAIN = `import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
appendFileSync(process.env.VARVE_METRICS, '{"loss":0.5}\\n')
writeFileSync(process.env.VARVE_OUTPUT_MODEL, readFileSync(process.env.VARVE_INPUT_TRAIN + '/a.txt'))
`
const RUN = ['--input', 'train=data', '--output', 'model=model.txt']
const COMMAND = ['--', process.execPath, 'train.mjs']

async function project(): Promise<string> {
  const cwd = newFolder()
  writeFileSync(join(cwd, 'train.mjs'), TRAIN)
  mkdirSync(join(cwd, 'data'))
  writeFileSync(join(cwd, 'data/a.txt'), 'some data')
  await runJson(['snapshot', 'data'], { cwd })
  return cwd
}

test('a strict run is begun only if all that is asked for is there before', async () => {
  const cwd = await project()
  const refused = await runCli(['run', '--strict', ...RUN, ...COMMAND], { cwd })
  expect(refused).toMatchObject({ code: 1, stdout: expect.stringMatching(/^missing {3}seed {2}[\s\S]*Nothing was begun\.\n$/m) as string })
  expect(await runJson<unknown[]>(['runs'], { cwd })).toEqual([])
  writeFileSync(join(cwd, 'varve-policy.yaml'), 'level: basic\n')
  expect(await runCli(['run', '--strict', '--policy', 'varve-policy.yaml', ...RUN, ...COMMAND], { cwd })).toMatchObject({ code: 0 })
  expect(await runJson(['runs'], { cwd })).toMatchObject([{ label: 'train#1', status: 'succeeded' }])
}, 60_000)

test('the catalog has snapshots, weights, metrics and logs with their roots, all of them, of one run, or of one kind', async () => {
  const cwd = await project()
  await runJson(['tag', 'data@v1', 'data'], { cwd })
  expect(await runCli(['run', ...RUN, ...COMMAND], { cwd })).toMatchObject({ code: 0 })
  const [data] = await runJson<readonly { root: string }[]>(['show', 'data'], { cwd })
  const all = await runJson<readonly { root: string; kind: string; run: string | null; name: string }[]>(['artifacts'], { cwd })
  expect(all.map(({ kind, run, name }) => [kind, run, name])).toEqual([['snapshot', null, 'data'], ['snapshot', null, 'data@v1'], ['artifact', 'train#1', 'model'], ['metrics', 'train#1', 'metrics'], ['log', 'train#1', 'log']])
  expect(all[0]?.root).toBe(data?.root)
  for (const { root } of all) expect(await runCli(['show', root], { cwd })).toMatchObject({ code: 0 })
  expect(await runJson(['artifacts', '--kind', 'snapshot'], { cwd })).toHaveLength(2)
  expect(await runJson(['artifacts', '--run', 'train#1', '--kind', 'artifact'], { cwd })).toMatchObject([{ name: 'model', files: 1, bytes: 9 }])
  expect(await runJson(['artifacts', '--run', 'train#1'], { cwd })).toHaveLength(3)
  expect((await runCli(['artifacts', '--kind', 'metrics'], { cwd })).stdout).toMatch(/^baf\w+ {2}metrics {3}train#1 {2}metrics\n$/)
  expect(await runCli(['artifacts', '--kind', 'weights'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('snapshot, artifact, metrics, log') as string })
}, 60_000)

test('runs on two revisions of data are compared by data, and one step or a sample of runs is tried again', async () => {
  const cwd = newFolder()
  cpSync(resolve('examples/pipeline'), cwd, { recursive: true })
  writeFileSync(join(cwd, 'train.mjs'), "import { appendFileSync, readdirSync, writeFileSync } from 'node:fs'\nappendFileSync(process.env.VARVE_METRICS, '{\"files\":' + readdirSync(process.env.VARVE_INPUT_TRAIN).length + '}\\n')\nwriteFileSync(process.env.VARVE_OUTPUT_MODEL, 'weights')\n")
  const raw = newFolder()
  for (const day of ['1', '2']) {
    writeFileSync(join(raw, 'countries.csv'), `Date,Country,Confirmed,Recovered,Deaths\n2020-01-2${day},Chile,3,0,0\n`)
    await runJson(['snapshot', raw, '--ref', 'daily'], { cwd })
    await runJson(['derive', 'steps/parse.mjs', '--input', 'table=daily', '--ref', 'counts'], { cwd })
    expect(await runCli(['run', '--name', 'train', '--input', 'train=counts', '--output', 'model=model.txt', ...COMMAND], { cwd })).toMatchObject({ code: 0 })
  }
  const compared = await runCli(['runs', 'compare', 'train#2', 'train#1', '--by', 'data', '--plot', 'files.svg', '--metric', 'files'], { cwd })
  expect(compared).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ +train#1 +train#2\n[\s\S]*^read +data 1 +data 2\n\ndata by revision\n {2}1: train = counts /m) as string })
  expect((await runCli(['reproduce', 'train#1', '--only', 'parse'], { cwd })).code).toBe(0)
  // What a recipe can make again is dropped, unless a run made the same.
  writeFileSync(join(cwd, 'copy.mjs'), "import { cpSync } from 'node:fs'\ncpSync(process.env.VARVE_INPUT_FROM, process.env.VARVE_OUTPUT_OUT, { recursive: true })\n")
  const evict = ['gc', '--evict', 'derived', '--trust-once', '--dry-run']
  expect((await runCli(evict, { cwd })).stdout).not.toContain('kept by')
  expect(await runCli(['run', '--name', 'copy', '--input', 'from=counts', '--output', 'out=copied', '--', process.execPath, 'copy.mjs'], { cwd })).toMatchObject({ code: 0 })
  expect((await runCli(evict, { cwd })).stdout).toMatch(/^kept parse → counts baf\w+ \(counts\): kept by run copy#1, which made it$/m)
  expect(await runCli(['reproduce', 'train#1', '--only', 'nothing'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringContaining('parse') as string })
  const rehearsed = await runCli(['rehearse', '--sample', '1', '--seed', '3'], { cwd })
  expect(rehearsed).toMatchObject({ code: 0, stdout: '1 of 1 run gave the same; there were 3 to choose from\n' })
}, 120_000)
