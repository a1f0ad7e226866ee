/**
 * @typedef {'first' | 'unchanged' | 'verify' | 'checkout' | 'inserted' | 'first-uncompressed' | 'verify-uncompressed' | 'first-unsynced'} JobName
 *
 * @typedef {object} Job
 * @property {JobName} name
 * @property {string} title
 * @property {'main' | 'uncompressed' | 'unsynced'} repository jobs of one repository follow each other in it
 * @property {JobName} [needs] must have been done in that repository before
 */

/** @type {readonly Job[]} */
const JOBS = [
  { name: 'first', title: 'first snapshot', repository: 'main' },
  { name: 'unchanged', title: 'unchanged snapshot', repository: 'main', needs: 'first' },
  { name: 'verify', title: 'verify', repository: 'main', needs: 'first' },
  { name: 'checkout', title: 'checkout', repository: 'main', needs: 'first' },
]

/** What only the large file is asked. @type {readonly Job[]} */
const JOBS_OF_ONE_FILE = [
  { name: 'inserted', title: 'snapshot after 100 bytes were inserted', repository: 'main', needs: 'first' },
  { name: 'first-uncompressed', title: 'first snapshot, no compression', repository: 'uncompressed' },
  { name: 'verify-uncompressed', title: 'verify, no compression', repository: 'uncompressed', needs: 'first-uncompressed' },
  { name: 'first-unsynced', title: 'first snapshot, no compression, before fsync', repository: 'unsynced' },
]

/** The jobs of a corpus, in order. @param {string} corpus its name */
function jobsOf(corpus) {
  return corpus === 'C' ? [...JOBS, ...JOBS_OF_ONE_FILE] : JOBS
}

/** The names that `--jobs` takes for the command line. */
export const JOB_NAMES = [...JOBS, ...JOBS_OF_ONE_FILE].map(({ name }) => name)

/** The jobs of a corpus that were asked for, in order. @param {string} corpus @param {readonly string[]} selected names */
export function selectedJobs(corpus, selected) {
  return jobsOf(corpus).filter(({ name }) => selected.includes(name))
}

/**
 * The same with the jobs that they need, which are done but not recorded.
 * @param {string} corpus
 * @param {readonly string[]} selected
 */
export function plannedJobs(corpus, selected) {
  const needed = selectedJobs(corpus, selected).map(({ needs }) => needs)
  if (corpus === 'C' && selected.includes('random-read')) needed.push('first')
  return jobsOf(corpus)
    .filter(({ name }) => selected.includes(name) || needed.includes(name))
    .map((job) => ({ job, recorded: selected.includes(job.name) }))
}
