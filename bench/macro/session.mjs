import { loadavg } from 'node:os'
import { measureGrowth, prepareGrowth } from '../growth/measure.mjs'
import { prepareCorpus, restCorpora } from './corpora.mjs'
import { hasServer, startServer } from '../network/server.mjs'
import { changeFiles } from './corpora/changed-files.mjs'
import { insertBytes } from './corpora/inserted-bytes.mjs'
import { onlyServed, plannedJobs, wantsServer } from './jobs.mjs'
import { describeMachine } from './machine.mjs'
import { measureCorpus } from './measure-corpus.mjs'
import { measureMemoryGrowth, prepareParts } from './memory-growth.mjs'
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
  const [load = 0] = loadavg()
  const { found, missing } = findSubjects(options.subjects)
  for (const name of missing) report(`${name} is not installed, and is left out`)
  const served = wantsServer(jobs) && hasServer()
  if (wantsServer(jobs) && !served) report('no server of S3 is installed: push and clone are left out')
  const subjects = found.map(({ subject }) => subject).filter((subject) => (subject.jobs === undefined ? subject.kind === 'varve' || !onlyServed(jobs) : served))
  const versions = Object.fromEntries(found.filter(({ subject }) => subjects.includes(subject)).map(({ subject, version }) => [subject.name, version]))
  const own = subjects.filter(({ kind }) => kind === 'varve')
  const wants = (/** @type {string} */ job) => own.length > 0 && jobs.includes(job)
  const shared = { subjects, limitSeconds: options.limitSeconds, signal, report }

  const prepare = (/** @type {string} */ name, part = 1) => prepareCorpus(name, scale * part, work, signal, report)
  const corpora = []
  for (const name of options.corpora.filter((name) => plannedJobs(name, jobs).length > 0)) corpora.push(await prepare(name))
  if (wants('inserted')) for (const { name, folder, inserted } of corpora) if (name === 'C') insertBytes(folder, inserted)
  if (wants('changed') || wants('push-changed')) for (const { name, folder, changed } of corpora) if (name !== 'C') changeFiles(folder, changed)
  const parts = wants('memory') ? await prepareParts(corpora.map(({ name }) => name), prepare) : []
  if (wants('growth')) await prepareGrowth({ scale, work, signal, report })

  const pieces = own.length === 0 ? {} : await measurePieces(jobs, { scale, runs, work, signal, report })
  if (wants('unchanged')) await restCorpora([...corpora, ...parts], signal, report)
  const measured = await inWorkspace(work, report, async (workspace) => {
    if (served) workspace.server = await startServer(workspace.serverFolder)
    const { program, version, stop } = workspace.server ?? {}
    if (program !== undefined && version !== undefined) versions[program] = version
    try {
      return await measureCorpora(corpora, { ...shared, runs, jobs, randomReads: jobs.includes('random-read'), workspace })
    } finally {
      await stop?.()
    }
  })
  const memory = parts.length === 0 ? [] : await inWorkspace(work, report, (workspace) => measureMemoryGrowth(parts, measured, { ...shared, subjects: own, workspace }))
  const growth = wants('growth') ? await measureGrowth({ scale, work, signal, report }) : null
  return {
    date: new Date().toISOString().slice(0, 10),
    scale,
    runs,
    machine: describeMachine(),
    load,
    versions,
    missing,
    corpora: measured.sort((a, b) => (a.name < b.name ? -1 : 1)),
    pieces,
    memory,
    growth,
  }
}

/** @param {import('./corpora.mjs').Corpus[]} corpora @param {import('./measure-corpus.mjs').Plan} plan */
async function measureCorpora(corpora, plan) {
  // Fewest files first: removing theirs slows nothing (see Workspace).
  const ordered = [...corpora].sort((a, b) => a.files - b.files)
  plan.workspace.assertRoom(ordered, plan.runs)
  const measured = []
  for (const corpus of ordered) {
    const { name, title, files, bytes } = corpus
    const results = await measureCorpus(corpus, plan)
    measured.push({ name, title, files, bytes, ...results, rows: summarize(corpus, results.trials, plan.jobs) })
  }
  return measured
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
