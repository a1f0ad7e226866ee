import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Impact, Lineage } from '../../src/lineage/interface.ts'
import { errorOf, newFolder, runCli, runJson } from './run-cli.ts'

const FEATURES = `import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
const [raw, rows] = process.argv.slice(2)
mkdirSync(rows, { recursive: true })
writeFileSync(rows + '/rows.txt', readFileSync(raw + '/daily/a.csv', 'utf8').toUpperCase())
`
const TRAIN = `import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
appendFileSync(process.env.VARVE_METRICS, JSON.stringify({ step: 0, loss: 0.5 }) + '\\n')
writeFileSync(process.env.VARVE_OUTPUT_MODEL, readFileSync(process.env.VARVE_INPUT_TRAIN + '/rows.txt', 'utf8'))
`

test('from raw data to a model that is evaluated: lineage both ways in every format, and impact of a file', async () => {
  const cwd = newFolder()
  writeFileSync(join(cwd, 'features.mjs'), FEATURES)
  writeFileSync(join(cwd, 'train.mjs'), TRAIN)
  writeFileSync(join(cwd, 'metrics.json'), '{"accuracy":0.98}')
  writeFileSync(join(cwd, 'varve.yaml'), "steps:\n  features: { command: [node, features.mjs, '{inputs.raw}', '{outputs.rows}'], code: [features.mjs], inputs: { raw: covid/raw }, outputs: [rows], refs: { rows: covid/features } }\n")
  mkdirSync(join(cwd, 'raw/daily'), { recursive: true })
  mkdirSync(join(cwd, 'held'))
  writeFileSync(join(cwd, 'raw/daily/a.csv'), 'some data')
  writeFileSync(join(cwd, 'held/b.csv'), 'held back')
  await runJson(['snapshot', 'raw', '--ref', 'covid/raw', '-m', 'as downloaded'], { cwd })
  await runJson(['snapshot', 'held', '--ref', 'covid/test'], { cwd })
  await runJson(['repro'], { cwd })
  expect(await runCli(['run', '--name', 'train', '--input', 'train=covid/features', '--output', 'model=model.txt', '-m', 'a baseline', '--', process.execPath, 'train.mjs'], { cwd })).toMatchObject({ code: 0 })
  await runJson(['model', 'register', 'digits', '--run', 'train#1', '--artifact', 'model', '--evaluation', 'metrics.json', '--on', 'covid/test'], { cwd })
  await runJson(['model', 'alias', 'digits@production', '1'], { cwd })

  const up = await runCli(['lineage', 'digits@production', '--up'], { cwd })
  expect(up.stdout).toMatch(/^model digits@1 \(.*production.*\)\n\nmade of\n├─ weights of: artifact model of train#1\n│ {2}└─ model: run train#1 \(succeeded, .*, loss 0\.5\): a baseline\n│ {5}├─ train: data covid\/features .*\n│ {5}│ {2}└─ rows: derivation features \(succeeded, .*\n│ {5}│ {5}├─ raw: data covid\/raw \(.*\): as downloaded\n/)
  expect(up.stdout).toMatch(/└─ evaluation: evaluation of digits@1 \(.*accuracy 0\.98\)\n {3}└─ evaluated on: data covid\/test/)
  expect(up.stdout).toMatch(/\n│ {5}├─ code: bafy\w+…\n│ {5}├─ its metrics: artifact metrics of train#1\n│ {5}└─ its log: artifact log of train#1\n/)
  const down = await runJson<Lineage>(['lineage', 'covid/raw', '--down'], { cwd })
  expect(down.nodes.map(({ kind }) => kind).sort()).toEqual(['artifact', 'artifact', 'artifact', 'data', 'data', 'derivation', 'evaluation', 'model', 'run'])
  expect(new Set(down.edges.map(({ role }) => role))).toEqual(new Set(['raw', 'rows', 'train', 'model', 'metrics', 'log', 'weights of', 'made by', 'evaluation']))
  expect(JSON.parse((await runCli(['lineage', 'covid/raw', '--down', '--format', 'json'], { cwd })).stdout)).toEqual(down)
  expect(await runJson<Lineage>(['lineage', 'train#1', '--depth', '1'], { cwd })).toMatchObject({ depth: 1, direction: 'both', leftOut: 2 })
  expect((await runCli(['lineage', 'train#1', '--format', 'mermaid'], { cwd })).stdout).toMatch(/^flowchart LR\n {2}n0\(\["train#35;1<br>run, succeeded, /)
  expect((await runCli(['lineage', 'train#1', '--format', 'dot'], { cwd })).stdout).toMatch(/^digraph lineage \{\n/)
  expect((await runCli(['lineage', 'train#1', '--format', 'svg'], { cwd })).stdout).toMatch(/<svg[^]*train#1[^]*<\/svg>\n$/)

  const impact = await runJson<Impact>(['impact', 'covid/raw:daily/a.csv'], { cwd })
  expect(impact).toMatchObject({ data: [{ names: ['covid/raw'], paths: ['daily/a.csv'] }], derivations: [{ recipe: 'features' }], runs: [{ label: 'train#1' }], models: [{ label: 'digits@1', aliases: ['production'], isMadeOf: true, isEvaluatedOn: false }] })
  // The code that a run was started with is its whole working tree, and here has the data in it.
  expect((await runCli(['impact', String(impact.wanted.content)], { cwd })).stdout).toMatch(/^content .*\nsearched .*\ndata {9}covid\/raw {2}daily\/a\.csv\ndata {9}bafy\w+ {2}raw\/daily\/a\.csv\nderivation {3}features → rows covid\/features\nrun {10}train#1\nmodel {8}digits@1 \(production\): made of it\n$/)
  expect((await runCli(['impact', 'covid/test'], { cwd })).stdout).toMatch(/model {8}digits@1 \(production\): evaluated on it\n$/)

  expect(await runCli(['lineage', 'nothing'], { cwd })).toMatchObject({ code: 3, stderr: expect.stringMatching(/\n {2}`varve refs`, /) as string })
  for (const [wrong, near] of [['covid/feature', 'covid/features'], ['tran', 'train'], ['digts', 'digits']] as const) expect(await runCli(['lineage', wrong], { cwd })).toMatchObject({ code: 3, stderr: expect.stringContaining(`\n  Did you mean ${near}? \`varve refs\``) as string })
  expect(await runCli(['lineage', 'covid/raw', '--depth', 'x'], { cwd })).toMatchObject({ code: 2 })
  const missing = await runCli(['impact', 'covid/raw:none', '--json'], { cwd })
  expect([missing.code, errorOf(missing).code]).toEqual([3, 'NOT_FOUND'])
}, 120_000)
