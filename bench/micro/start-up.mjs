import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from '../macro/median.mjs'
import { VARVE_CLI } from '../macro/subjects/varve.mjs'

const USAGE = 'Usage: node bench/micro/start-up.mjs [--rounds 21] [--snapshots 5]'

/**
 * What a command costs above starting Node. Each round starts `node -e 0`, `varve --version` and `varve log` of a small repository in turn; what counts is the median
 * of the differences within the rounds.
 * @param {string[]} args
 */
function main(args) {
  const { values } = parseArgs({ args, options: { rounds: { type: 'string', default: '21' }, snapshots: { type: 'string', default: '5' } } })
  const [rounds, snapshots] = [values.rounds, values.snapshots].map(Number)
  if (![rounds, snapshots].every((value) => Number.isInteger(value) && value > 0)) throw new Error(USAGE)
  const folder = mkdtempSync(join(tmpdir(), 'varve-bench-start-up-'))
  try {
    const repository = join(folder, 'repository')
    mkdirSync(join(folder, 'data'))
    for (let number = 0; number < snapshots; number++) {
      writeFileSync(join(folder, 'data', `${number}.txt`), `${number}\n`)
      milliseconds([VARVE_CLI, '--repo', repository, 'snapshot', join(folder, 'data'), '--ref', 'data'])
    }
    const commands = [['-e', '0'], [VARVE_CLI, '--version'], [VARVE_CLI, '--repo', repository, 'log', 'data']]
    // The first round fills caches and is not counted.
    const times = Array.from({ length: rounds + 1 }, () => commands.map(milliseconds)).slice(1)
    const above = (/** @type {number} */ index) => median(times.map((round) => round[index] - round[0]))
    return { job: 'start-up', rounds, nodeMs: median(times.map(([node]) => node)), versionAboveMs: above(1), logAboveMs: above(2) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @param {string[]} argv of Node */
function milliseconds(argv) {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  const taken = performance.now() - start
  if (status !== 0) throw new Error(`Exit code ${status}: node ${argv.join(' ')}\n${stderr}`)
  return taken
}

try {
  const result = main(process.argv.slice(2))
  console.log(JSON.stringify(result, (_key, value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value)))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
