import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { impactOf, lineageOf, openRepository } from 'varve'
import { median } from '../macro/median.mjs'
import { makeLineage } from './make-lineage.mjs'

const USAGE = 'Usage: node bench/micro/lineage.mjs [--runs 10000] [--snapshots 300] [--models 200] [--trials 5] [--work <folder>]'
const WARM_ROUNDS = 5

/**
 * What is asked of a repository of many runs: `labels` is an input of every run, `code/train` the code of each, `covid/raw` has a snapshot for each derivation of features.
 * @type {Readonly<Record<string, (repository: import('varve').Repository) => Promise<object>>>}
 */
const QUESTIONS = {
  'lineage digits@1 --up': async (repository) => told(await lineageOf(repository, 'digits@1', { direction: 'up' })),
  'lineage digits@1': async (repository) => told(await lineageOf(repository, 'digits@1')),
  'lineage covid/raw~9 --down': async (repository) => told(await lineageOf(repository, 'covid/raw~9', { direction: 'down' })),
  'lineage labels --down': async (repository) => told(await lineageOf(repository, 'labels', { direction: 'down' })),
  'impact covid/raw~9': async (repository) => counted(await impactOf(repository, 'covid/raw~9')),
  'impact covid/raw~9:part-07.csv': async (repository) => counted(await impactOf(repository, 'covid/raw~9:part-07.csv')),
  'impact covid/raw~9:part-07.csv --anywhere': async (repository) => counted(await impactOf(repository, 'covid/raw~9:part-07.csv', { anywhere: true })),
  'impact labels': async (repository) => counted(await impactOf(repository, 'labels')),
}

/** @param {import('varve').Lineage} lineage */
function told({ nodes, edges, leftOut }) {
  return { nodes: nodes.length, edges: edges.length, leftOut }
}

/** @param {import('varve').Impact} impact */
function counted({ searched, data, derivations, runs, models }) {
  return { searched, data: data.length, derivations: derivations.length, runs: runs.length, models: models.length }
}

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: 'string', default: '10000' }, snapshots: { type: 'string', default: '300' }, models: { type: 'string', default: '200' }, trials: { type: 'string', default: '5' },
      work: { type: 'string', default: join(tmpdir(), 'varve-bench', 'lineage') }, one: { type: 'string' }, question: { type: 'string', default: '' },
    },
  })
  if (values.one !== undefined) return void process.stdout.write(JSON.stringify(await ask(values.one, values.question)))
  const [runs, snapshots, models, trials] = [values.runs, values.snapshots, values.models, values.trials].map(Number)
  if (![runs, snapshots, models, trials].every((value) => Number.isInteger(value) && value > 0)) throw new Error(USAGE)
  const folder = join(values.work, `${runs}-${snapshots}-${models}`)
  if (!existsSync(folder)) await build(folder, { runs, snapshots, models })
  for (const question of Object.keys(QUESTIONS)) {
    const results = Array.from({ length: trials }, () => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--one', folder, '--question', question], { encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr)
      return /** @type {Awaited<ReturnType<typeof ask>>} */ (JSON.parse(stdout))
    })
    console.log(JSON.stringify({ question, openMs: rounded(results.map(({ openMs }) => openMs)), coldMs: rounded(results.map(({ coldMs }) => coldMs)), coldCpuMs: rounded(results.map(({ coldCpuMs }) => coldCpuMs)), warmMs: rounded(results.map(({ warmMs }) => warmMs)), ...results[0]?.answer }))
  }
}

/** In a process of its own, where nothing is compiled or cached: the first answer is the cold one. @param {string} folder @param {string} question */
async function ask(folder, question) {
  const answerOf = QUESTIONS[question]
  if (answerOf === undefined) throw new Error(`There is no question "${question}"`)
  const begin = performance.now()
  const repository = await openRepository(folder)
  const opened = performance.now()
  const idle = process.cpuUsage()
  const answer = await answerOf(repository)
  const coldMs = performance.now() - opened
  const { user, system } = process.cpuUsage(idle)
  /** @type {number[]} */
  const warm = []
  for (let round = 0; round < WARM_ROUNDS; round++) {
    const before = performance.now()
    await answerOf(repository)
    warm.push(performance.now() - before)
  }
  await repository.close()
  return { openMs: opened - begin, coldMs, coldCpuMs: (user + system) / 1000, warmMs: median(warm), answer }
}

/** @param {string} folder @param {{ runs: number, snapshots: number, models: number }} amounts */
async function build(folder, amounts) {
  mkdirSync(folder, { recursive: true })
  const begin = performance.now()
  try {
    await makeLineage(folder, amounts)
  } catch (error) {
    rmSync(folder, { recursive: true })
    throw error
  }
  console.log(`made ${amounts.runs} runs over ${amounts.snapshots} snapshots in ${((performance.now() - begin) / 1000).toFixed(1)} s`)
}

/** @param {readonly number[]} values */
function rounded(values) {
  return Math.round(median(values) * 10) / 10
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
