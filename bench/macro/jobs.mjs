/**
 * @typedef {'first' | 'unchanged' | 'verify' | 'checkout' | 'inserted' | 'first-uncompressed' | 'verify-uncompressed' | 'first-unsynced' | 'push' | 'clone' | 'changed' | 'push-changed'} JobName
 *
 * @typedef {object} Job
 * @property {JobName} name
 * @property {string} title
 * @property {'main' | 'uncompressed' | 'unsynced'} repository jobs of one repository follow each other in it
 * @property {JobName} [needs] must have been done in that repository before
 * @property {boolean} [remote] to or from a server
 */

/** @type {readonly Job[]} */
const JOBS = [
  { name: 'first', title: 'first snapshot', repository: 'main' },
  { name: 'unchanged', title: 'unchanged snapshot', repository: 'main', needs: 'first' },
  { name: 'verify', title: 'verify', repository: 'main', needs: 'first' },
  { name: 'checkout', title: 'checkout', repository: 'main', needs: 'first' },
]

/** What only the corpora of many files are asked, of which a server has copies then. @type {readonly Job[]} */
const JOBS_OF_MANY_FILES = [
  { name: 'push', title: 'push', repository: 'main', needs: 'first', remote: true },
  { name: 'clone', title: 'clone', repository: 'main', needs: 'push', remote: true },
  { name: 'changed', title: 'snapshot of a small change', repository: 'main', needs: 'first' },
  { name: 'push-changed', title: 'push of a small change', repository: 'main', needs: 'changed', remote: true },
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
  return [...JOBS, ...(corpus === 'C' ? JOBS_OF_ONE_FILE : JOBS_OF_MANY_FILES)]
}

/** Whether any of these jobs wants a server. @param {readonly string[]} selected names */
export function wantsServer(selected) {
  return JOBS_OF_MANY_FILES.some(({ name, remote }) => remote === true && selected.includes(name))
}

/** Whether all of these jobs are done with a server, or for one. @param {readonly string[]} selected names */
export function onlyServed(selected) {
  return selected.every((job) => JOBS_OF_MANY_FILES.some(({ name }) => name === job))
}

/** The names that `--jobs` takes for the command line. */
export const JOB_NAMES = [...JOBS, ...JOBS_OF_ONE_FILE, ...JOBS_OF_MANY_FILES].map(({ name }) => name)

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
  const jobs = jobsOf(corpus)
  const needed = new Set(selectedJobs(corpus, selected).map(({ name }) => name))
  // A job that is needed may need others; each comes before those that need it.
  for (const { name, needs, remote } of jobs.toReversed()) {
    if (!needed.has(name)) continue
    if (needs !== undefined) needed.add(needs)
    if (remote === true) needed.add('push')
  }
  if (needed.has('push')) needed.add('first')
  if (corpus === 'C' && selected.includes('random-read')) needed.add('first')
  return jobs.filter(({ name }) => needed.has(name)).map((job) => ({ job, recorded: selected.includes(job.name) }))
}
