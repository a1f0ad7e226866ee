/**
 * Training runs that can be told apart, explained and repeated: a baseline, another learning rate, and corrected data, compared by data and plotted; a model registered from the best of them, put into production, and trained again bit for
 * bit from nothing but its name. `training/train.mjs` is the script, which knows nothing of varve; the first run is recorded from within a program.
 *
 *     node examples/07-train-and-reproduce.mjs
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compareRunsByName, comparisonTable, moveAlias, openRepository, registerModel, reproduceRun, resolveModel, runDocumentOf, superviseRun, withRun } from 'varve'
import { dailyTable } from './daily-table.mjs'
import { meanSquaredError, samplesOf, train } from './training/model.mjs'

const project = mkdtempSync(join(tmpdir(), 'varve-example-'))
cpSync(new URL('training', import.meta.url), project, { recursive: true })
const repository = await openRepository(join(project, '.varve'), { create: true })
const { source, table } = dailyTable()
await repository.snapshot([{ path: 'countries.csv', content: table }], { ref: 'daily', message: source })

console.log('# In a program: pin, log, keep, end')
await withRun(repository, { name: 'baseline', inputs: { train: 'daily' }, config: { rate: 0.05, epochs: 3 }, seed: 7, why: 'something to compare with', folder: project }, async (run) => {
  console.log(run.describe())
  const samples = samplesOf(new TextDecoder().decode(await run.input('train').read('countries.csv')))
  const random = run.rng('samples')
  const weights = train(samples, run.values, () => random.nextFloat(), (step, loss) => run.log({ loss }, { step }))
  await run.artifact('model', new TextEncoder().encode(JSON.stringify({ weights })))
})

console.log('\n# As a command, in any language: another rate, then corrected data')
const command = [process.execPath, 'train.mjs']
const supervised = async (options) => {
  const { run, status } = await superviseRun(repository, { name: 'train', command, folder: project, environment: process.env, inputs: { train: 'daily' }, outputs: { model: 'model.json' }, seed: 7, ...options })
  assert.equal(status, 'succeeded')
  return run.label
}
const slow = await supervised({ config: { rate: 0.01, epochs: 3 }, why: 'a smaller rate' })
const fast = await supervised({ config: { rate: 0.05, epochs: 3 }, why: 'a larger one' })
const corrected = table.split('\n').filter((line) => !line.includes(',0,0,0')).join('\n')
await repository.snapshot([{ path: 'countries.csv', content: corrected }], { ref: 'daily', message: 'days before the first case left out' })
const again = await supervised({ config: { rate: 0.05, epochs: 3 }, why: 'the same on corrected data' })

const comparison = await compareRunsByName(repository, [slow, fast, again])
console.log(comparisonTable(comparison).join('\n'))
assert.deepEqual(comparison.parameters.map(({ name }) => name), ['rate'])

console.log('\n# What runs scored on each revision of the data: as a table, and as a plot')
const byData = await compareRunsByName(repository, [again, slow, fast], { by: 'data' })
console.log(comparisonTable(byData).join('\n'))
assert.deepEqual(byData.groups.map(({ runs }) => runs), [[slow, fast], [again]])
const cli = new URL('cli.js', import.meta.resolve('varve'))
execFileSync(process.execPath, [fileURLToPath(cli), 'runs', 'compare', again, slow, fast, '--by', 'data', '--plot', 'loss-by-data.svg', '--metric', 'loss'], { cwd: project, stdio: 'pipe' })
const plot = readFileSync(join(project, 'loss-by-data.svg'), 'utf8')
console.log(`  loss-by-data.svg: ${plot.length} characters`)
for (const label of [slow, fast, again]) assert.ok(plot.startsWith('<svg') && plot.includes(label))

console.log('\n# A version of a model leads back to all of it')
await repository.snapshot([{ path: 'countries.csv', content: table }], { ref: 'evaluation', message: 'what models are compared on' })
const { weights } = JSON.parse(new TextDecoder().decode(await repository.read((await runDocumentOf(repository, again)).artifacts[0].root, 'model.json')))
const metrics = { error: meanSquaredError(weights, samplesOf(table)) }
const { label, number } = await registerModel(repository, 'forecast', { run: again, evaluation: { metrics, on: 'evaluation' }, why: 'the first one that is good enough' })
await moveAlias(repository, 'forecast', 'production', number, { why: 'the first one', by: 'somebody' })
const model = await resolveModel(repository, 'forecast@production')
assert.equal(model.label, label)
console.log(JSON.stringify(model, null, 2))

console.log('\n# Trained again in a clean folder: the same bits')
const { verdict, artifacts } = await reproduceRun(repository, model.run.label, { environment: process.env, modules: project })
console.log(`  ${model.run.label}: ${verdict}, model ${artifacts[0].again}`)
assert.equal(verdict, 'identical')
assert.equal(artifacts[0].again, model.root)

await repository.close()
rmSync(project, { recursive: true })
