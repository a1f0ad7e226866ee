import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../macro/median.mjs'
import { startTrial } from '../macro/start-trial.mjs'
import { VARVE_CLI } from '../macro/subjects/varve.mjs'
import { fitPower } from './fit.mjs'
import { prepareTree } from './tree.mjs'

const SIZES = [1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
/** Below, what does not depend on the number of files (starting Node, fsync) is much of the time, and makes the slope look better than it is. */
export const MANY_FILES = 10_000
const REPEATED_UP_TO_FILES = 100_000
const REPETITIONS = 3
const LIMIT_SECONDS = 1200

/**
 * @typedef {object} GrowthPoint
 * @property {number} files
 * @property {number} seconds median
 * @property {number | null} peakBytes
 * @property {string} root
 *
 * @typedef {object} Growth
 * @property {GrowthPoint[]} points
 * @property {number} slope of log time over log files, over all points
 * @property {number} slopeOfMany over those of 10,000 files and more
 */

/** @param {number} scale of the largest numbers of files */
function sizesAt(scale) {
  const largest = Math.max(MANY_FILES * 3, 1_000_000 * scale)
  return SIZES.filter((size) => size <= largest)
}

/**
 * Makes the trees that are not there yet. Best before many files are deleted, after which ext4 makes new ones slowly.
 * @param {{ scale: number, work: string, signal: AbortSignal, report: (message: string) => void }} plan
 */
export async function prepareGrowth({ scale, work, signal, report }) {
  for (const files of sizesAt(scale)) await prepareTree(files, work, signal, report)
}

/**
 * First snapshots of ever more files, each into a new repository, in a process of its own, with its input warm.
 * @param {{ scale: number, work: string, signal: AbortSignal, report: (message: string) => void }} plan `scale` multiplies the largest numbers of files
 * @returns {Promise<Growth>}
 */
export async function measureGrowth({ scale, work, signal, report }) {
  mkdirSync(work, { recursive: true })
  const session = mkdtempSync(join(work, 'session-'))
  /** @type {GrowthPoint[]} */
  const points = []
  try {
    for (const files of sizesAt(scale)) {
      const folder = await prepareTree(files, work, signal, report)
      const trials = []
      for (let trial = 0; trial < (files <= REPEATED_UP_TO_FILES ? REPETITIONS : 1); trial++) {
        const argv = [process.execPath, VARVE_CLI, '--json', '--repo', join(session, `${files}-${trial}`), 'snapshot', folder, '--ref', 'bench']
        trials.push(await startTrial({ argv, warm: folder }, { scratch: join(session, 'scratch'), limitSeconds: LIMIT_SECONDS, signal }))
      }
      const seconds = median(trials.map(({ seconds }) => seconds))
      const peaks = trials.flatMap(({ peakBytes }) => peakBytes ?? [])
      points.push({ files, seconds, peakBytes: peaks.length === 0 ? null : Math.max(...peaks), root: rootOf(trials.map(({ stdout }) => JSON.parse(stdout)), files) })
      report(`growth: ${files.toLocaleString('en')} files in ${seconds.toFixed(2)} s, ${((seconds / files) * 1e6).toFixed(1)} µs a file`)
    }
  } finally {
    rmSync(session, { recursive: true, force: true })
  }
  return { points, slope: slopeOf(points), slopeOfMany: slopeOf(points.filter(({ files }) => files >= MANY_FILES)) }
}

/** @param {GrowthPoint[]} points */
function slopeOf(points) {
  return fitPower(points.map(({ files, seconds }) => ({ x: files, y: seconds }))).slope
}

/** @param {{ files: number, root: string }[]} printed @param {number} files @throws Error if a snapshot found other files, or another root */
function rootOf(printed, files) {
  const [{ root } = { root: '' }] = printed
  const wrong = printed.find((result) => result.files !== files || result.root !== root || typeof root !== 'string')
  if (wrong !== undefined) throw new Error(`A snapshot of ${files} files found ${wrong.files}, with root ${wrong.root}, beside ${root}`)
  return root
}
