import { spawnSync } from 'node:child_process'
import { appendFileSync, closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median } from '../macro/median.mjs'
import { loadSources } from './load-sources.mjs'

const USAGE = 'Usage: node bench/micro/metrics.mjs [--calls 1000000] [--runs 5]'
const FLUSH_BYTES = 65_536
/** Slow enough that each call writes. */
const PACE_MS = 110
const PACED_CALLS = 40

/**
 * What `run.log` costs a training loop, in a tight loop and with 110 ms of other work between two calls, beside JSON lines written the same way; what
 * it leaves on the heap; and how long and how large the columns are that are made of it. Each run is a process of its own.
 * @param {string[]} args
 */
async function main(args) {
  const { values } = parseArgs({ args, options: { calls: { type: 'string', default: '1000000' }, runs: { type: 'string', default: '5' }, one: { type: 'string' } } })
  const [calls, runs] = [values.calls, values.runs].map(Number)
  if (![calls, runs].every((value) => Number.isInteger(value) && value > 0)) throw new Error(USAGE)
  if (values.one !== undefined) return void process.stdout.write(JSON.stringify(await measure(values.one, calls)))
  console.log('| what | µs a call, mean | half | 99 % | 99.9 % | heap growth, KB | bytes a call |\n| --- | --- | --- | --- | --- | --- | --- |')
  for (const kind of ['journal 1', 'journal 10', 'json 1', 'json 10', 'paced 1', 'paced 10', 'columns 1', 'columns 10']) {
    const results = Array.from({ length: runs }, () => {
      const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), '--one', kind, '--calls', String(calls)], { encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr)
      return JSON.parse(stdout)
    })
    const cell = (/** @type {string} */ field, /** @type {number} */ digits) => (results[0][field] === undefined ? '' : median(results.map((result) => result[field])).toFixed(digits))
    console.log(`| ${kind} | ${cell('mean', 2)} | ${cell('p50', 2)} | ${cell('p99', 2)} | ${cell('p999', 2)} | ${cell('heapKB', 0)} | ${cell('bytes', 1)} |`)
  }
  console.log(`\nMedians of ${runs} runs of ${calls.toLocaleString('en')} calls with 1 and 10 metrics, Node ${process.versions.node}. paced: a call each 110 ms, which writes through; json: the same values as JSON lines; columns: reading the journal back and encoding it, a call being a step.`)
}

/** @param {string} kind @param {number} calls */
async function measure(kind, calls) {
  const [what, metrics] = [kind.split(' ')[0], Number(kind.split(' ')[1])]
  const { MetricJournal, readJournal, encodeMetrics } = await loadSources(['node/run/metric-journal', 'node/run/read-journal', 'run/metrics/encode-metrics'])
  const folder = mkdtempSync(join(tmpdir(), 'varve-bench-metrics-'))
  try {
    const path = join(folder, 'journal')
    const journal = what === 'json' ? jsonJournal(path) : MetricJournal.create(path)
    const loop = metrics === 1 ? (/** @type {number} */ step) => journal.log({ loss: Math.sin(step) }, { step }) : logTen(journal)
    for (let step = 0; step < Math.min(calls, 20_000); step++) loop(step)
    const times = new Float64Array(what === 'paced' ? PACED_CALLS : Math.min(calls, 200_000))
    globalThis.gc?.()
    const before = process.memoryUsage()
    const start = performance.now()
    for (let step = 0; step < calls; step++) loop(step)
    const mean = ((performance.now() - start) * 1000) / calls
    globalThis.gc?.()
    const after = process.memoryUsage()
    for (let step = 0; step < times.length; step++) {
      if (what === 'paced') for (const end = performance.now() + PACE_MS; performance.now() < end; );
      const begin = performance.now()
      loop(step)
      times[step] = (performance.now() - begin) * 1000
    }
    journal.close()
    const bytes = statSync(path).size / (calls + times.length + Math.min(calls, 20_000))
    times.sort()
    const heapKB = (after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / 1000
    if (what !== 'columns') return { ...(what === 'paced' ? {} : { mean }), p50: times[Math.floor(times.length / 2)], p99: times[Math.floor(times.length * 0.99)], p999: times[Math.floor(times.length * 0.999)], heapKB, bytes }
    return await columns(await readJournal(path), encodeMetrics)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** As training loops do: an object with ten numbers, new each time. @param {any} journal */
function logTen(journal) {
  return (/** @type {number} */ step) => {
    const value = Math.sin(step)
    journal.log({ loss: value, 'metric/1': value + 1, 'metric/2': value + 2, 'metric/3': value * 3, 'metric/4': value * 4, 'metric/5': value * 5, 'metric/6': value / 6, 'metric/7': value / 7, 'metric/8': -value, 'metric/9': value * value }, { step })
  }
}

/** @param {any} reading @param {any} encodeMetrics */
async function columns(reading, encodeMetrics) {
  const start = performance.now()
  const { metrics, files } = await encodeMetrics(reading.entries)
  let bytes = 0
  for await (const { size } of files()) bytes += size
  return { mean: ((performance.now() - start) * 1000) / metrics[0].points, bytes: bytes / metrics[0].points }
}

/** The other way to keep a journal, with the same buffer. @param {string} path */
function jsonJournal(path) {
  appendFileSync(path, '')
  const file = openSync(path, 'a')
  let text = ''
  const flush = () => {
    writeSync(file, text)
    text = ''
  }
  return {
    log(/** @type {Record<string, number>} */ values, /** @type {{ step: number }} */ { step }) {
      text += `${JSON.stringify({ step, time: Date.now(), ...values })}\n`
      if (text.length > FLUSH_BYTES) flush()
    },
    close() {
      flush()
      closeSync(file)
    },
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
