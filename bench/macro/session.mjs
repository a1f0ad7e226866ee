import { measureGrowth } from '../growth/measure.mjs'
import { prepareCorpus, prepareInserted } from './corpora.mjs'
import { plannedJobs } from './jobs.mjs'
import { describeMachine } from './machine.mjs'
import { measureCorpus } from './measure-corpus.mjs'
import { measureMemoryGrowth } from './memory-growth.mjs'
import { measurePieces } from './pieces.mjs'
import { findSubjects } from './subjects.mjs'
import { summarize } from './summary.mjs'
import { Workspace } from './workspace.mjs'

/** @typedef {Awaited<ReturnType<typeof runSession>>} Session */

/**
 * Runs the whole bench, and removes what it made but for the corpora.
 * @param {import('./options.mjs').Options} options
 * @param {AbortSignal} signal
 * @param {(message: string) => void} report
 */
export async function runSession(options, signal, report) {
  const { scale, runs, jobs, work } = options
  const { found, missing } = findSubjects(options.subjects)
  for (const name of missing) report(`${name} is not installed, and is left out`)
  const subjects = found.map(({ subject }) => subject)
  const withVarve = subjects.some(({ kind }) => kind === 'varve')
  const shared = { subjects, limitSeconds: options.limitSeconds, signal, report }
  const pieces = withVarve ? await measurePieces(jobs, { scale, runs, work, signal, report }) : {}
  const corpora = await measureCorpora(options, shared)
  const memory = withVarve && jobs.includes('memory') ? await inWorkspace(work, report, (workspace) => measureMemoryGrowth(corpora, scale, work, { ...shared, workspace, subjects: subjects.filter(({ kind }) => kind === 'varve'), randomReads: false })) : []
  // Last, because it makes the most files.
  const growth = withVarve && jobs.includes('growth') ? await measureGrowth({ scale, work, signal, report }) : null
  return {
    date: new Date().toISOString().slice(0, 10),
    scale,
    runs,
    machine: describeMachine(),
    versions: Object.fromEntries(found.map(({ subject, version }) => [subject.name, version])),
    missing,
    corpora: corpora.sort((a, b) => (a.name < b.name ? -1 : 1)),
    pieces,
    memory,
    growth,
  }
}

/**
 * @param {import('./options.mjs').Options} options
 * @param {Pick<import('./measure-corpus.mjs').Plan, 'subjects' | 'limitSeconds' | 'signal' | 'report'>} shared
 */
async function measureCorpora({ scale, runs, jobs, work, corpora: names }, shared) {
  const { signal, report } = shared
  const corpora = []
  for (const name of names.filter((name) => plannedJobs(name, jobs).length > 0)) {
    const corpus = await prepareCorpus(name, scale, work, signal, report)
    if (name === 'C' && jobs.includes('inserted')) await prepareInserted(corpus, signal)
    corpora.push(corpus)
  }
  return inWorkspace(work, report, async (workspace) => {
    workspace.assertRoom(corpora, runs)
    const measured = []
    // Fewest files first: removing theirs slows nothing (see Workspace).
    for (const corpus of [...corpora].sort((a, b) => a.files - b.files)) {
      const { name, title, files, bytes } = corpus
      const { trials, probes } = await measureCorpus(corpus, { ...shared, runs, jobs, randomReads: jobs.includes('random-read'), workspace })
      const rootOf = (/** @type {boolean} */ inserted) => trials.find(({ root, job }) => root !== undefined && (job === 'inserted') === inserted)?.root ?? null
      measured.push({ name, title, files, bytes, root: rootOf(false), insertedRoot: rootOf(true), rows: summarize(corpus, trials, jobs), probes, trials })
    }
    return measured
  })
}

/**
 * @template T
 * @param {string} work
 * @param {(message: string) => void} report
 * @param {(workspace: Workspace) => Promise<T>} use
 */
async function inWorkspace(work, report, use) {
  const workspace = new Workspace(work)
  try {
    return await use(workspace)
  } finally {
    report('removing the repositories')
    workspace.remove()
  }
}
