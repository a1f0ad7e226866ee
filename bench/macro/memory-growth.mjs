import { CORPUS_NAMES_OF_MEMORY, prepareCorpus } from './corpora.mjs'
import { measureCorpus } from './measure-corpus.mjs'

/** The jobs whose memory is compared; they are the ones that see all data. */
const JOBS = ['first', 'unchanged', 'verify', 'checkout', 'first-uncompressed']
const PART = 0.1

/**
 * @typedef {object} MemoryGrowth bytes
 * @property {string} corpus
 * @property {string} job
 * @property {number} partBytes peak with a tenth of the data
 * @property {number} wholeBytes
 */

/**
 * varve's peaks with a tenth of the data, beside those that were measured with all of it.
 * @param {readonly { name: string, trials: import('./measure-corpus.mjs').Result[] }[]} measured
 * @param {number} scale
 * @param {string} work
 * @param {Omit<import('./measure-corpus.mjs').Plan, 'jobs' | 'runs'>} plan with a workspace of its own
 * @returns {Promise<MemoryGrowth[]>}
 */
export async function measureMemoryGrowth(measured, scale, work, plan) {
  const growth = []
  for (const { name, trials } of measured.filter(({ name }) => CORPUS_NAMES_OF_MEMORY.includes(name))) {
    const peaks = largestPeaks(trials)
    const jobs = JOBS.filter((job) => peaks.has(job))
    const corpus = await prepareCorpus(name, scale * PART, work, plan.signal, plan.report)
    const part = largestPeaks((await measureCorpus(corpus, { ...plan, jobs, runs: 1, randomReads: false })).trials)
    for (const job of jobs) growth.push({ corpus: name, job, partBytes: part.get(job) ?? 0, wholeBytes: peaks.get(job) ?? 0 })
  }
  return growth
}

/** varve's, by job. @param {import('./measure-corpus.mjs').Result[]} trials */
function largestPeaks(trials) {
  /** @type {Map<string, number>} */
  const peaks = new Map()
  for (const { kind, job, peakBytes } of trials) if (kind === 'varve' && peakBytes !== null) peaks.set(job, Math.max(peaks.get(job) ?? 0, peakBytes))
  return peaks
}
