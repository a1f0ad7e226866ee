import { measureCorpus } from './measure-corpus.mjs'

/** The jobs whose memory is compared; they are the ones that see all data. */
const JOBS = ['first', 'unchanged', 'verify', 'checkout', 'first-uncompressed']
/** The many files, and the large file. */
const COMPARED = ['A', 'C']
const PART = 0.1

/**
 * @typedef {object} MemoryGrowth bytes
 * @property {string} corpus
 * @property {string} job
 * @property {number} partBytes peak with a tenth of the data
 * @property {number} wholeBytes
 */

/** Corpora of a tenth, for those of the named ones that are compared. @param {readonly string[]} names @param {(name: string, part: number) => Promise<import('./corpora.mjs').Corpus>} prepare */
export async function prepareParts(names, prepare) {
  const parts = []
  for (const name of names.filter((name) => COMPARED.includes(name))) parts.push(await prepare(name, PART))
  return parts
}

/**
 * varve's peaks with a tenth of the data, beside those that were measured with all of it.
 * @param {import('./corpora.mjs').Corpus[]} parts
 * @param {readonly { name: string, trials: import('./measure-corpus.mjs').Result[] }[]} measured
 * @param {Omit<import('./measure-corpus.mjs').Plan, 'jobs' | 'runs' | 'randomReads'>} plan
 * @returns {Promise<MemoryGrowth[]>}
 */
export async function measureMemoryGrowth(parts, measured, plan) {
  const growth = []
  for (const corpus of parts) {
    const whole = largestPeaks(measured.find(({ name }) => name === corpus.name)?.trials ?? [])
    const jobs = JOBS.filter((job) => whole.has(job))
    const part = largestPeaks((await measureCorpus(corpus, { ...plan, jobs, runs: 1, randomReads: false })).trials)
    for (const job of jobs) growth.push({ corpus: corpus.name, job, partBytes: part.get(job) ?? 0, wholeBytes: whole.get(job) ?? 0 })
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
