import { selectedJobs } from './jobs.mjs'
import { median } from './median.mjs'

/** @typedef {import('./measure-corpus.mjs').Result} Result */

/**
 * @typedef {object} Comparison
 * @property {string} subject
 * @property {number} seconds median
 * @property {number | null} speedRatio how many times as fast as it varve is: the median of the runs' own ratios
 *
 * @typedef {object} Row
 * @property {string} corpus
 * @property {import('./jobs.mjs').JobName} name of the job
 * @property {string} job its title
 * @property {number | null} seconds varve's median
 * @property {number | null} megabytesPerSecond of the corpus, 10^6 bytes
 * @property {number | null} peakBytes varve's largest
 * @property {Comparison[]} peers fastest first
 * @property {Comparison[]} natives
 * @property {import('../network/results.mjs').Transfer | null} transfer what varve moved to or from a server, in the last run
 * @property {Record<string, number>} storedBytes by subject; what a snapshot added to the repository
 */

/**
 * One row for each job of a corpus.
 * @param {import('./corpora.mjs').Corpus} corpus
 * @param {Result[]} results all of that corpus
 * @param {readonly string[]} selected names of jobs
 * @returns {Row[]}
 */
export function summarize(corpus, results, selected) {
  return selectedJobs(corpus.name, selected).map((job) => {
    const ofJob = results.filter((result) => result.job === job.name)
    const varve = ofJob.filter(({ kind }) => kind === 'varve')
    const seconds = varve.length === 0 ? null : median(varve.map((result) => result.seconds))
    const peaks = varve.flatMap(({ peakBytes }) => (peakBytes === null ? [] : [peakBytes]))
    return {
      corpus: corpus.name,
      name: job.name,
      job: job.title,
      seconds,
      megabytesPerSecond: seconds === null ? null : corpus.bytes / 1e6 / seconds,
      peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
      peers: comparisons(varve, ofJob.filter(({ kind }) => kind === 'peer')).sort((a, b) => a.seconds - b.seconds),
      natives: comparisons(varve, ofJob.filter(({ kind }) => kind === 'native')),
      transfer: varve.findLast(({ transfer }) => transfer !== undefined)?.transfer ?? null,
      storedBytes: Object.fromEntries(ofJob.flatMap(({ subject, storedBytes }) => (storedBytes === undefined ? [] : [[subject, storedBytes]]))),
    }
  })
}

/** @param {Result[]} varve @param {Result[]} others @returns {Comparison[]} */
function comparisons(varve, others) {
  return [...new Set(others.map(({ subject }) => subject))].map((subject) => {
    const theirs = others.filter((result) => result.subject === subject)
    const ratios = theirs.flatMap((their) => varve.filter(({ run }) => run === their.run).map((own) => their.seconds / own.seconds))
    return { subject, seconds: median(theirs.map(({ seconds }) => seconds)), speedRatio: ratios.length === 0 ? null : median(ratios) }
  })
}
