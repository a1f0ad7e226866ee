/**
 * Preprocessing as recipes, on a daily table of countries: what runs, what is remembered, and how what was dropped is made again bit for bit. The steps are in `pipeline/`, a folder as a project would
 * have it: `varve.yaml` says what is made from what, each module of `steps/` declares one recipe, and `summary.py` is a step in another language.
 *
 *     node examples/05-derive-features.mjs
 *     DAILY_TABLE=<a version of countries-aggregated.csv from github.com/datasets/covid-19> node examples/05-derive-features.mjs
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { derive, derivedOutputs, openRepository, reconstruct, repro } from 'varve'
import { dailyTable } from './daily-table.mjs'

const project = mkdtempSync(join(tmpdir(), 'varve-example-'))
cpSync(new URL('pipeline', import.meta.url), project, { recursive: true })
const repository = await openRepository(join(project, '.varve'), { create: true })
const { source, table } = dailyTable()
const text = (bytes) => new TextDecoder().decode(bytes)
const edit = (path, from, to) => {
  const before = readFileSync(join(project, path), 'utf8')
  assert.ok(before.includes(from), `${path} has ${from}`)
  writeFileSync(join(project, path), before.replace(from, to))
}

const hasPython = spawnSync('python3', ['--version']).status === 0
/** Brings the pipeline up to date, prints what became of each step and why, and gives the steps that ran. */
const update = async (title) => {
  console.log(`\n# ${title}`)
  const { steps } = await repro(repository, { file: join(project, 'varve.yaml'), jobs: 2, ...(hasPython ? {} : { steps: ['features'] }) })
  for (const { step, status, changes, error } of steps) console.log(`  ${status.padEnd(10)}  ${step.padEnd(14)}  ${error ?? changes.map(({ what, name }) => `${what} ${name}`).join(', ')}`.trimEnd())
  return steps.filter(({ status }) => status !== 'remembered').map(({ step }) => step)
}
const all = ['parse', 'clean', 'split', 'features@train', 'features@test', ...(hasPython ? ['summary'] : [])]

console.log(`The table: ${source}. ${hasPython ? 'One step is in Python.' : 'There is no python3: the step in Python is left out.'}`)
await repository.snapshot([{ path: 'countries.csv', content: table }], { ref: 'daily', message: source })
assert.deepEqual(await update('The first time, everything runs'), all)
assert.deepEqual(await update('Asked again, nothing does'), [])

appendFileSync(join(project, 'steps/card.mjs'), '// a comment in a file that no step imports\n')
assert.deepEqual(await update('A comment in an unrelated file changes nothing'), [])

edit('params.yaml', 'days: 7', 'days: 14')
assert.deepEqual(await update('A parameter runs what depends on it'), ['features@train', 'features@test'])

edit('steps/lib/mean.mjs', 'DIGITS = 3', 'DIGITS = 2')
assert.deepEqual(await update('So does code, however far away it is imported: features imports windows, which imports mean'), ['features@train', 'features@test'])

edit('steps/parse.mjs', '/** The table', '/** The whole table')
assert.deepEqual(await update('What gives the same as before stops the re-run behind it'), ['parse'])

console.log('\n# All that was derived can go; what it is made from stays, and makes it again')
const refs = ['parse/counts', 'clean/rows', 'split/train', 'split/test', 'features/train/features', 'features/test/features', ...(hasPython ? ['summary/summary'] : [])]
const rootsOf = () => Promise.all(refs.map(async (ref) => (await repository.resolve(ref)).root.toString()))
const roots = await rootsOf()
// Only what came out the same twice is evicted, unless one run is trusted.
const alsoEvict = async () => (await derivedOutputs(repository.blocks, { trustOnce: true })).filter(({ evictable }) => evictable).map(({ cid }) => cid)
const { evictedRoots } = await repository.collectGarbage({ alsoEvict, graceMs: 0 })
for (const ref of refs) await assert.rejects(repository.entries(ref).next(), { code: 'EVICTED' })
console.log(`  ${evictedRoots.length} datasets dropped`)
for (const ref of refs) {
  const { root, steps } = await reconstruct(repository, ref)
  assert.equal(root, roots[refs.indexOf(ref)])
  console.log(`  ${ref.padEnd(24)}  ${root}  ${steps.map(({ recipe }) => recipe).join(' → ') || 'made with the one before'}`)
}
assert.deepEqual(await rootsOf(), roots)
assert.ok((await repository.verify()).ok)

console.log('\n# A recipe that uses Date.now() is found out when it is run again, and both results are kept')
const card = (options) => derive(repository, join(project, 'steps/card.mjs'), { inputs: { features: 'features/test/features' }, ...options })
await card()
const divergence = await card({ force: true }).catch((error) => error)
assert.equal(divergence.code, 'DIVERGENCE')
console.log(`  ${divergence.message}`)
for (const results of [divergence.data.first, divergence.data.second]) console.log(`  ${text(await repository.read(results[0].root, 'card.json'))}`)

await repository.close()
rmSync(project, { recursive: true })
