import { spawnSync } from 'node:child_process'
import { plannedJobs } from './jobs.mjs'
import { probeOpens, probeRandomReads } from './probes.mjs'
import { startTrial } from './start-trial.mjs'
import { firstDifference, treeSize } from './tree.mjs'
import { checkClone, readTransfer } from '../network/results.mjs'
import { checkVarveSnapshot } from './varve-result.mjs'

/**
 * @typedef {object} Result one trial
 * @property {import('./jobs.mjs').JobName} job
 * @property {string} subject
 * @property {import('./subjects.mjs').Subject['kind']} kind
 * @property {number} run from 0
 * @property {number} seconds
 * @property {number | null} peakBytes
 * @property {number} [storedBytes] by which a snapshot that stores something made the repository's files larger
 * @property {string} [root] of varve's snapshots and clones
 * @property {import('../network/results.mjs').Transfer} [transfer] what varve moved to or from a server
 *
 * @typedef {object} Plan
 * @property {import('./subjects.mjs').Subject[]} subjects
 * @property {number} runs
 * @property {readonly string[]} jobs names
 * @property {boolean} randomReads whether to read at random offsets of a corpus of one file
 * @property {number} limitSeconds for one command
 * @property {import('./workspace.mjs').Workspace} workspace
 * @property {AbortSignal} signal
 * @property {(message: string) => void} report
 */

/**
 * All trials of one corpus. In each run every job is done by all subjects in turn, before the next job, so that what a shared machine does to one it does
 * to all; who begins changes from run to run.
 * @param {import('./corpora.mjs').Corpus} corpus
 * @param {Plan} plan
 * @returns {Promise<{ trials: Result[], probes: import('./probes.mjs').Probes, root: string | null, insertedRoot: string | null }>}
 * @throws Error if a command fails, restores other bytes than were stored, or if varve's root is not the same in all runs
 */
export async function measureCorpus(corpus, plan) {
  const { workspace, limitSeconds, signal, report } = plan
  /** @type {Result[]} */
  const trials = []
  /** Of jobs that others need. @type {Result[]} */
  const unrecorded = []
  /** @type {import('./probes.mjs').Probes} */
  const probes = { randomReads: [] }
  for (let run = 0; run < plan.runs; run++) {
    /** @type {Map<string, import('./subjects.mjs').Place>} */
    const places = new Map()
    for (const [index, { job, recorded }] of plannedJobs(corpus.name, plan.jobs).entries()) {
      for (const subject of rotated(plan.subjects, run + index)) {
        if (!recorded && subject.kind === 'native' && job.remote !== true) continue
        if (subject.jobs !== undefined && !subject.jobs.includes(job.name)) continue
        if (job.remote === true && workspace.server === undefined) continue
        const name = `${run}-${subject.name}-${job.repository}`
        const place = places.get(name) ?? newPlace(corpus, subject, name, plan)
        places.set(name, place)
        const command = subject.command(job.name, place)
        if (command === undefined) continue
        const sizeBefore = job.name === 'inserted' && subject.kind !== 'native' ? treeSize(place.repository, subject.uncounted) : 0
        const { seconds, peakBytes, stdout } = await startTrial(command, { scratch: workspace.scratch, limitSeconds, signal })
        report(`${corpus.name}, run ${run + 1} of ${plan.runs}, ${job.title}: ${subject.name} ${seconds.toFixed(2)} s${recorded ? '' : ', not recorded'}`)
        const found = checked(corpus, subject, job.name, place, run, stdout, [...unrecorded, ...trials], sizeBefore)
        const results = recorded ? trials : unrecorded
        results.push({ job: job.name, subject: subject.name, kind: subject.kind, run, seconds, peakBytes, ...found })
        const asked = { corpus, place, scratch: workspace.scratch, report }
        if (subject.kind !== 'varve') continue
        if (job.name === 'unchanged' && run === 0) probes.opens = probeOpens(asked)
        if (job.name === 'first' && corpus.name === 'C' && plan.randomReads) probes.randomReads.push(probeRandomReads(asked))
      }
    }
    workspace.finishRun(corpus, [...places.values()])
  }
  const rootOf = (/** @type {boolean} */ inserted) => [...trials, ...unrecorded].find(({ root, job }) => root !== undefined && (job === 'inserted') === inserted && job !== 'changed')?.root ?? null
  return { trials, probes, root: rootOf(false), insertedRoot: rootOf(true) }
}

/** @param {import('./corpora.mjs').Corpus} corpus @param {import('./subjects.mjs').Subject} subject @param {string} name @param {Plan} plan */
function newPlace(corpus, subject, name, { workspace, limitSeconds }) {
  const place = workspace.place(corpus, name)
  const command = subject.prepare(place)
  if (command !== undefined) {
    const [program = '', ...args] = command.argv
    const { status, stderr } = spawnSync(program, args, { cwd: command.cwd, env: { ...process.env, ...command.env }, encoding: 'utf8', timeout: limitSeconds * 1000 })
    if (status !== 0) throw new Error(`Exit code ${status}: ${command.argv.join(' ')}\n${stderr}`)
  }
  return place
}

/**
 * A fast wrong answer is no answer: what can be checked cheaply is, and restored bytes are compared once.
 * @param {import('./corpora.mjs').Corpus} corpus
 * @param {import('./subjects.mjs').Subject} subject
 * @param {import('./jobs.mjs').JobName} job
 * @param {import('./subjects.mjs').Place} place
 * @param {number} run
 * @param {string} stdout
 * @param {Result[]} earlier
 * @param {number} sizeBefore of the repository, bytes
 * @returns {Pick<Result, 'storedBytes' | 'root' | 'transfer'>}
 */
function checked(corpus, subject, job, place, run, stdout, earlier, sizeBefore) {
  if (job === 'checkout' && run === 0) {
    const path = firstDifference(corpus.folder, place.target)
    if (path !== undefined) throw new Error(`${subject.name} restored corpus ${corpus.name} with another ${path}`)
  }
  if (job === 'clone') checkClone(corpus, subject, place, run)
  if (subject.kind === 'varve' && (job === 'push' || job === 'clone' || job === 'push-changed')) return readTransfer(stdout, job, place, earlier)
  const stores = job === 'inserted' || job.startsWith('first')
  const stored = stores && subject.kind !== 'native' ? { storedBytes: treeSize(place.repository, subject.uncounted) - sizeBefore } : {}
  if (subject.kind !== 'varve' || !(stores || job === 'unchanged' || job === 'changed')) return stored
  const root = checkVarveSnapshot(stdout, corpus, job)
  const other = earlier.find((result) => result.root !== undefined && isOfCorpus(result.job) === isOfCorpus(job) && result.root !== root)
  if (other !== undefined) throw new Error(`varve gives corpus ${corpus.name} the root ${root}, and gave it ${other.root} in job ${other.job} of run ${other.run + 1}`)
  return { ...stored, root }
}

/** @template T @param {T[]} items @param {number} by */
function rotated(items, by) {
  return items.map((_, index) => items[(index + by) % items.length])
}

/** Whether the root of such a job is that of the corpus as it is. @param {import('./jobs.mjs').JobName} job */
const isOfCorpus = (job) => job !== 'inserted' && job !== 'changed'
