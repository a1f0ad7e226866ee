import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const TIME = '/usr/bin/time'
const REPORTER = new URL('report-memory.mjs', import.meta.url).href

/** @typedef {{ argv: string[], env: Record<string, string> }} Measured */

/**
 * The command changed so that it writes its peak resident memory, in KiB, to a file. GNU time measures any program: its largest process. Without it, a
 * Node program reports on itself, and others are not measured.
 * @param {string[]} argv
 * @param {string} reportFile
 * @returns {Measured}
 */
export function withMemoryReport(argv, reportFile) {
  if (isGnuTime()) return { argv: [TIME, '-f', '%M', '-o', reportFile, ...argv], env: {} }
  const [program = '', ...rest] = argv
  if (program === process.execPath) return { argv: [program, '--import', REPORTER, ...rest], env: { BENCH_MEMORY_REPORT: reportFile } }
  return { argv, env: {} }
}

/** Bytes, or null if the command could not be measured. @param {string} reportFile */
export function readMemoryReport(reportFile) {
  if (!existsSync(reportFile)) return null
  const kibibytes = Number(readFileSync(reportFile, 'utf8').trim().split('\n').at(-1))
  return Number.isFinite(kibibytes) ? kibibytes * 1024 : null
}

function isGnuTime() {
  const { status, stderr } = spawnSync(TIME, ['-f', '%M', 'true'], { encoding: 'utf8', timeout: 10_000 })
  return status === 0 && /^\d+\s*$/.test(stderr)
}
