import { spawnSync } from 'node:child_process'
import { dvc, rclone, rcloneFile } from '../network/subjects.mjs'
import { borg } from './subjects/borg.mjs'
import { cp, find, node, openssl, tar } from './subjects/native.mjs'
import { restic } from './subjects/restic.mjs'
import { varve } from './subjects/varve.mjs'

/**
 * @typedef {object} Place the folders of one subject in one run; all but `corpus` and `inserted` are its own
 * @property {string} corpus
 * @property {string} inserted the corpus with 100 bytes inserted into its file; only of C
 * @property {string} changed the corpus with a small change; only of A and B
 * @property {string} repository not there before `prepare`
 * @property {string} cache exists; for caches and settings
 * @property {string} target for checkout; exists and is empty
 * @property {string} clone for what comes back from a server; not there
 * @property {{ endpoint: string, bucket: string, prefix: string } | undefined} remote a place of its own at the server, if there is one
 *
 * @typedef {object} Command
 * @property {string[]} argv
 * @property {string} warm folder or file to read before the clock starts
 * @property {string} [cwd]
 * @property {Record<string, string>} [env] added to the environment
 *
 * @typedef {object} Subject
 * @property {string} name
 * @property {'varve' | 'peer' | 'native'} kind
 * @property {readonly string[]} [jobs] names of those that it takes part in; absent: `command` says
 * @property {string[]} versionArgv
 * @property {(place: Place) => Omit<Command, 'warm'> | undefined} prepare what must be done before the first job, unmeasured
 * @property {(job: import('./jobs.mjs').JobName, place: Place) => Command | undefined} command undefined where it takes no part in a job
 * @property {string[]} [uncounted] folders of the repository that are caches
 */

/** @type {Record<string, Subject[]>} */
const GROUPS = { varve: [varve], restic: [restic], borg: [borg], native: [openssl, tar, find, node, cp], network: [rclone, dvc, rcloneFile] }

const VERSION = /\d+(\.\d+)+\S*/

/** The names that `--subjects` takes. */
export const SUBJECT_GROUPS = Object.keys(GROUPS)

/**
 * Splits the subjects of the named groups into those that are installed, with their versions, and the names of those that are not.
 * @param {string[]} groups
 * @throws Error if varve does not start
 */
export function findSubjects(groups) {
  /** @type {{ subject: Subject, version: string }[]} */
  const found = []
  /** @type {string[]} */
  const missing = []
  for (const subject of groups.flatMap((group) => GROUPS[group] ?? [])) {
    const [program = '', ...args] = subject.versionArgv
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 })
    if (status === 0) found.push({ subject, version: VERSION.exec(stdout)?.[0] ?? 'of unknown version' })
    else if (subject.kind === 'varve') throw new Error(`varve --version ended with exit code ${status}: ${stderr}`)
    else missing.push(subject.name)
  }
  return { found, missing }
}
