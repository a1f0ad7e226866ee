import { existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine } from '../macro/machine.mjs'
import { VARVE_CLI } from '../macro/subjects/varve.mjs'
import { measureGrowth } from './measure.mjs'
import { plotGrowth } from './plot.mjs'

const USAGE = 'Usage: npm run bench:growth -- [--scale 1] [--work <folder>] [--svg bench/growth.svg]'
const SVG = fileURLToPath(new URL('../growth.svg', import.meta.url))

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({ args, options: { scale: { type: 'string', default: '1' }, work: { type: 'string', default: join(tmpdir(), 'varve-bench') }, svg: { type: 'string', default: SVG } } })
  const scale = Number(values.scale)
  if (!(scale > 0 && scale <= 1)) throw new Error(`--scale is a number above 0, at most 1\n${USAGE}`)
  if (!existsSync(VARVE_CLI)) throw new Error('There is no dist/cli.js: run npm run build first')
  const interrupt = new AbortController()
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(name, () => interrupt.abort())
  const growth = await measureGrowth({ scale, work: resolve(values.work), signal: interrupt.signal, report: (message) => void process.stderr.write(`${message}\n`) })
  writeFileSync(values.svg, plotGrowth(growth, `${new Date().toISOString().slice(0, 10)}, ${describeMachine()}`))
  console.log('| files | seconds | µs a file | peak MB | root |\n| --- | --- | --- | --- | --- |')
  for (const { files, seconds, peakBytes, root } of growth.points) {
    console.log(`| ${files.toLocaleString('en')} | ${seconds.toFixed(2)} | ${((seconds / files) * 1e6).toFixed(1)} | ${peakBytes === null ? '—' : Math.round(peakBytes / 1e6)} | ${root} |`)
  }
  console.log(`\nSlope of log time over log files: ${growth.slope.toFixed(3)}; from 10,000 files on: ${growth.slopeOfMany.toFixed(3)}. Goal: at most 1.05.`)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
