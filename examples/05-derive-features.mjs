/**
 * Preprocessing as recipes: a pipeline is run once, remembered, dropped to its recipes, and made again bit for bit. The steps are in `pipeline/`.
 *
 *     node examples/05-derive-features.mjs
 */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { derivedOutputs, openRepository, reconstruct, repro } from 'varve'

const project = mkdtempSync(join(tmpdir(), 'varve-example-'))
cpSync(new URL('pipeline', import.meta.url), project, { recursive: true })
const repository = await openRepository(join(project, '.varve'), { create: true })
const file = join(project, 'varve.yaml')
const statusOf = ({ steps }) => Object.fromEntries(steps.map(({ step, status }) => [step, status]))

/** Three years of days, with a broken sensor now and then. */
const station = (shift) => {
  const days = Array.from({ length: 3 * 365 }, (_, day) => new Date(Date.UTC(2023, 0, 1 + day)).toISOString().slice(0, 10))
  const celsius = (day) => (day % 97 === 0 ? 999 : Math.round(10 * (shift + 12 * Math.sin((2 * Math.PI * day) / 365))) / 10)
  return `day,celsius\n${days.map((text, day) => `${text},${celsius(day)}`).join('\n')}\n`
}
const stations = [['north.csv', 2], ['south.csv', 14]]
await repository.snapshot(stations.map(([path, shift]) => ({ path, content: station(shift) })), { ref: 'stations', message: 'three years' })

// The first time everything runs; asked again, nothing does.
assert.deepEqual(new Set(Object.values(statusOf(await repro(repository, { file })))), new Set(['ran']))
assert.deepEqual(new Set(Object.values(statusOf(await repro(repository, { file })))), new Set(['remembered']))

// A parameter runs what depends on it, and what comes after that.
const warmer = await repro(repository, { file, set: ['clean.lowest=-5'], force: false })
assert.equal(statusOf(warmer).parse, 'remembered')
assert.equal(statusOf(warmer).clean, 'ran')
console.log('clean.lowest=-5:', statusOf(warmer))

// A comment in code that a step imports runs that step, which gives the same as before: nothing after it runs.
const parse = join(project, 'steps/parse.mjs')
writeFileSync(parse, `// a comment\n${readFileSync(parse, 'utf8')}`)
const commented = statusOf(await repro(repository, { file }))
assert.equal(commented.parse, 'ran')
assert.equal(commented.clean, 'remembered')

// All that was derived can go: its recipes are kept. Made again, it has the same roots.
const before = (await repository.resolve('features/train/features')).root.toString()
const alsoEvict = async () => (await derivedOutputs(repository.blocks, { trustOnce: true })).filter(({ evictable }) => evictable).map(({ cid }) => cid)
const { evictedRoots } = await repository.collectGarbage({ alsoEvict, graceMs: 0 })
await assert.rejects(repository.read('features/train/features', 'north.jsonl'), { code: 'EVICTED' })
const { root, steps } = await reconstruct(repository, 'features/train/features')
assert.equal(root, before)
console.log(`${evictedRoots.length} datasets dropped; made again: ${steps.map(({ recipe }) => recipe).join(' → ')}`)
console.log(new TextDecoder().decode(await repository.read('features/train/features', 'north.jsonl')).split('\n')[0])

await repository.close()
rmSync(project, { recursive: true })
