// One measured command in a process of its own: takes a trial from the parent by message, answers with the measurement, and ends when the parent lets go.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { readMemoryReport, withMemoryReport } from './peak-memory.mjs'
import { readTree } from './tree.mjs'

/**
 * @typedef {object} Trial
 * @property {import('./subjects.mjs').Command} command
 * @property {string} scratch path of a file that does not exist, for the memory report
 *
 * @typedef {object} Measurement
 * @property {number} seconds wall clock, from starting the program to its end
 * @property {number | null} peakBytes
 * @property {number | null} exitCode
 * @property {string} stdout
 * @property {string} stderr
 */

// The parent has its answer, or is gone. Whatever the command left running ends as well.
process.on('disconnect', () => process.kill(0, 'SIGKILL'))

process.once('message', (/** @type {Trial} */ trial) => {
  void measure(trial).then((measurement) => process.send?.(measurement))
})

/** @param {Trial} trial @returns {Promise<Measurement>} */
async function measure({ command, scratch }) {
  readTree(command.warm)
  spawnSync('sync', { timeout: 300_000 })
  const measured = withMemoryReport(command.argv, scratch)
  const [program = '', ...args] = measured.argv
  const start = performance.now()
  const child = spawn(program, args, { cwd: command.cwd, env: { ...process.env, ...command.env, ...measured.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit').then(([exitCode]) => ({ exitCode, seconds: (performance.now() - start) / 1000 }))
  const [{ exitCode, seconds }, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  const peakBytes = readMemoryReport(scratch)
  rmSync(scratch, { force: true })
  return { seconds, peakBytes, exitCode, stdout, stderr }
}
