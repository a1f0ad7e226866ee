import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median } from '../macro/median.mjs'
import { ownPeakBytes } from '../macro/own-peak.mjs'
import { VARVE_CLI } from '../macro/subjects/varve.mjs'
import { chainText, deriveFrom, graphText, openProject, publish } from './derive-projects.mjs'
import { loadSources } from './load-sources.mjs'

const USAGE = 'Usage: node bench/micro/derive.mjs [--files 100000] [--mapped 10000] [--steps 1000] [--runs 9] [--work <folder>]'
const FEW_FILES = 10
const CHAIN_STEPS = 10
const CHANGED_FILES = 10
const WARM_CALLS = 40
const WARM_PLANS = 15

/**
 * What derivations cost beside the work of their recipes: remembering a step whose input is small or large, a pipeline in which nothing has changed, planning many steps, and a few files of many that changed.
 * Processes are started in turn, and counted above `varve --version` of the same round. The large input and what was derived from it are kept in the work folder for the next time.
 * @param {string[]} args
 */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      files: { type: 'string', default: '100000' }, mapped: { type: 'string', default: '10000' }, steps: { type: 'string', default: '1000' }, runs: { type: 'string', default: '9' },
      work: { type: 'string', default: join(tmpdir(), 'varve-bench', 'derivations') }, one: { type: 'string' },
    },
  })
  const [files, mapped, steps, runs] = [values.files, values.mapped, values.steps, values.runs].map(Number)
  if (![files, mapped, steps, runs].every((value) => Number.isInteger(value) && value > 0) || mapped < CHANGED_FILES) throw new Error(USAGE)
  if (values.one !== undefined) return void process.stdout.write(JSON.stringify(await rememberOnce(values.one, files)))
  const remembered = await measureRemembered(values.work, files, runs)
  const temporary = mkdtempSync(join(tmpdir(), 'varve-bench-derive-'))
  try {
    const processes = await measureProcesses(temporary, steps, runs)
    const result = { job: 'derive', runs, files, ...remembered, chainSteps: CHAIN_STEPS, steps, ...processes, ...(await measurePlanning(steps)), mapped, changed: CHANGED_FILES, ...(await measureChanged(join(temporary, 'mapped'), mapped)), peakBytes: ownPeakBytes() }
    console.log(JSON.stringify(result, (_key, value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value)))
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** @param {string} work @param {number} files @param {number} runs */
async function measureRemembered(work, files, runs) {
  const folder = join(work, String(files))
  const sizes = [FEW_FILES, files]
  const repository = await openProject(folder)
  for (const size of sizes) {
    if ((await repository.blocks.getRef(`raw-${size}`)) === undefined) await publish(repository, size)
    await deriveFrom(repository, folder, 'count', size)
  }
  await repository.close()
  const measured = Array.from({ length: runs }, () => sizes.map((size) => JSON.parse(outputOf([fileURLToPath(import.meta.url), '--one', folder, '--files', String(size)]))))
  const middle = (/** @type {number} */ size, /** @type {'coldMs' | 'warmMs'} */ what) => median(measured.map((round) => round[size][what]))
  return { coldFewMs: middle(0, 'coldMs'), coldManyMs: middle(1, 'coldMs'), warmFewMs: middle(0, 'warmMs'), warmManyMs: middle(1, 'warmMs') }
}

/** The first call of a process, and the median of those after it. @param {string} folder @param {number} files */
async function rememberOnce(folder, files) {
  const repository = await openProject(folder)
  const times = []
  for (let call = 0; call <= WARM_CALLS; call++) {
    const start = performance.now()
    const { status } = await deriveFrom(repository, folder, 'count', files)
    times.push(performance.now() - start)
    if (status !== 'remembered') throw new Error(`The derivation from ${files} files ${status}`)
  }
  await repository.close()
  return { coldMs: times[0], warmMs: median(times.slice(1)) }
}

/** @param {string} folder @param {number} steps @param {number} runs */
async function measureProcesses(folder, steps, runs) {
  const [chain, graph] = ['chain', 'graph'].map((name) => join(folder, name))
  const repository = await openProject(chain)
  await publish(repository, FEW_FILES)
  await repository.close()
  mkdirSync(graph)
  writeFileSync(join(chain, 'varve.yaml'), chainText(CHAIN_STEPS, FEW_FILES))
  writeFileSync(join(graph, 'varve.yaml'), graphText(steps))
  const repro = [VARVE_CLI, '--repo', join(chain, '.varve'), '--json', 'repro', '--file', join(chain, 'varve.yaml')]
  outputOf(repro)
  const ran = JSON.parse(outputOf(repro)).steps.filter((/** @type {{ status: string }} */ { status }) => status !== 'remembered')
  if (ran.length > 0) throw new Error(`${ran.length} steps of a pipeline in which nothing has changed were not remembered`)
  const commands = [[VARVE_CLI, '--version'], repro, [...repro, 'step-0'], [VARVE_CLI, 'graph', '--format', 'json', '--file', join(graph, 'varve.yaml')]]
  const rounds = Array.from({ length: runs }, () => commands.map(milliseconds))
  const above = (/** @type {number} */ index) => median(rounds.map((round) => round[index] - round[0]))
  return { versionMs: median(rounds.map(([version]) => version)), reproAboveMs: above(1), oneStepAboveMs: above(2), graphAboveMs: above(3) }
}

/** In this process, once what does it is compiled. @param {number} steps */
async function measurePlanning(steps) {
  const { parsePipeline, planPipeline } = await loadSources(['recipe/pipeline/index'])
  const text = graphText(steps)
  const times = Array.from({ length: WARM_PLANS }, () => {
    const start = performance.now()
    const pipeline = parsePipeline(text, { file: 'varve.yaml' })
    const parsed = performance.now()
    const plan = planPipeline(pipeline, { params: { values: { rate: 0.1 } } })
    if (plan.steps.length !== steps) throw new Error(`${plan.steps.length} steps were planned`)
    return { parse: parsed - start, plan: performance.now() - parsed }
  }).slice(WARM_PLANS >> 1)
  return { parseWarmMs: median(times.map(({ parse }) => parse)), planWarmMs: median(times.map(({ plan }) => plan)) }
}

/** A recipe for each file: for all of them, and when a few have changed. @param {string} folder @param {number} mapped */
async function measureChanged(folder, mapped) {
  const repository = await openProject(folder)
  await publish(repository, mapped)
  const all = await deriveFrom(repository, folder, 'upper', mapped)
  const step = Math.floor(mapped / CHANGED_FILES)
  await publish(repository, mapped, (number) => number % step === 0 && number < step * CHANGED_FILES)
  const few = await deriveFrom(repository, folder, 'upper', mapped)
  await repository.close()
  // Without the field, every file is run again.
  const unitsRan = few.units?.ran ?? mapped
  return { allMs: all.elapsedMs, changedMs: few.elapsedMs, unitsRan, before: all.outputs[0]?.root, after: few.outputs[0]?.root }
}

/** @param {string[]} argv of Node */
function milliseconds(argv) {
  const start = performance.now()
  outputOf(argv)
  return performance.now() - start
}

/** @param {string[]} argv of Node */
function outputOf(argv) {
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`Exit code ${status}: node ${argv.join(' ')}\n${stderr}`)
  return stdout
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
