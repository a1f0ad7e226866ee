/**
 * @typedef {'first' | 'unchanged' | 'verify' | 'checkout' | 'first-uncompressed'} JobName
 *
 * @typedef {object} Job
 * @property {JobName} name
 * @property {string} title
 * @property {'main' | 'uncompressed'} repository jobs of one repository follow each other in it
 */

/** @type {readonly Job[]} */
const JOBS = [
  { name: 'first', title: 'first snapshot', repository: 'main' },
  { name: 'unchanged', title: 'unchanged snapshot', repository: 'main' },
  { name: 'verify', title: 'verify', repository: 'main' },
  { name: 'checkout', title: 'checkout', repository: 'main' },
]

/** @type {Job} */
const UNCOMPRESSED = { name: 'first-uncompressed', title: 'first snapshot, no compression', repository: 'uncompressed' }

/** The jobs of a corpus, in order. @param {string} corpus its name */
export function jobsOf(corpus) {
  return corpus === 'C' ? [...JOBS, UNCOMPRESSED] : JOBS
}
