import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openRepository, reconcileRuns, startRun } from 'varve'
import { median } from '../macro/median.mjs'
import { makeLineage } from './make-lineage.mjs'

const USAGE = 'Usage: node bench/micro/start-run.mjs [--runs 10000] [--rounds 12] [--work <folder>]'
/** The first one may have to note which runs are open. */
const WARM_UP_ROUNDS = 2

/** What it costs to begin a run in an empty repository, and in one of many runs. @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({ args, options: { runs: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '12' }, work: { type: 'string', default: join(tmpdir(), 'varve-bench', 'lineage') } } })
  const [runs, rounds] = [Number(values.runs), Number(values.rounds)]
  if (![runs, rounds].every((value) => Number.isInteger(value) && value > WARM_UP_ROUNDS)) throw new Error(USAGE)
  const many = join(values.work, `${runs}-300-200`)
  if (!existsSync(many)) {
    mkdirSync(many, { recursive: true })
    await makeLineage(many, { runs, snapshots: 300, models: 200 })
  }
  const place = mkdtempSync(join(tmpdir(), 'varve-bench-start-'))
  try {
    console.log(JSON.stringify({ runs: 0, ...(await measure(join(place, 'empty'), rounds)) }))
    cpSync(many, join(place, 'many'), { recursive: true })
    console.log(JSON.stringify({ runs, ...(await measure(join(place, 'many'), rounds)) }))
  } finally {
    rmSync(place, { recursive: true })
  }
}

/** @param {string} folder @param {number} rounds */
async function measure(folder, rounds) {
  const project = `${folder}-project`
  mkdirSync(project)
  writeFileSync(join(project, 'train.mjs'), 'train()')
  const repository = await openRepository(folder, { create: true })
  /** @type {Record<'reconcile' | 'start' | 'end', { ms: number, cpuMs: number }[]>} */
  const times = { reconcile: [], start: [], end: [] }
  for (let round = 0; round < rounds; round++) {
    await timed(times.reconcile, () => reconcileRuns(repository))
    const run = await timed(times.start, () => startRun(repository, { name: 'train', folder: project }))
    await timed(times.end, () => run.end())
  }
  await repository.close()
  return Object.fromEntries(Object.entries(times).map(([what, all]) => [what, { ms: rounded(all.map(({ ms }) => ms)), cpuMs: rounded(all.map(({ cpuMs }) => cpuMs)) }]))
}

/** @template T @param {{ ms: number, cpuMs: number }[]} times @param {() => Promise<T>} work */
async function timed(times, work) {
  const [begin, idle] = [performance.now(), process.cpuUsage()]
  const result = await work()
  const { user, system } = process.cpuUsage(idle)
  times.push({ ms: performance.now() - begin, cpuMs: (user + system) / 1000 })
  return result
}

/** @param {readonly number[]} values */
function rounded(values) {
  return Math.round(median(values.slice(WARM_UP_ROUNDS)) * 10) / 10
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
