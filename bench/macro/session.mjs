import { cpus, totalmem } from 'node:os'
import { prepareCorpus } from './corpora.mjs'
import { measureCorpus } from './measure-corpus.mjs'
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
  const { scale, runs, limitSeconds, work } = options
  const { found, missing } = findSubjects(options.subjects)
  for (const name of missing) report(`${name} is not installed, and is left out`)
  const workspace = new Workspace(work)
  try {
    const corpora = []
    for (const name of options.corpora) {
      corpora.push(await prepareCorpus(name, scale, work, signal, report))
    }
    workspace.assertRoom(corpora, runs)
    const measured = []
    // Fewest files first: their folders can be removed before the next corpus (see Workspace).
    for (const corpus of [...corpora].sort((a, b) => a.files - b.files)) {
      const { name, title, files, bytes } = corpus
      const trials = await measureCorpus(corpus, { subjects: found.map(({ subject }) => subject), runs, limitSeconds, workspace, signal, report })
      const root = trials.find((trial) => trial.root !== undefined)?.root ?? null
      measured.push({ name, title, files, bytes, root, rows: summarize(corpus, trials), trials })
      workspace.finish(corpus)
    }
    return {
      date: new Date().toISOString().slice(0, 10),
      scale,
      runs,
      machine: describeMachine(),
      versions: Object.fromEntries(found.map(({ subject, version }) => [subject.name, version])),
      missing,
      corpora: measured.sort((a, b) => (a.name < b.name ? -1 : 1)),
    }
  } finally {
    report('removing the repositories')
    workspace.remove()
  }
}

function describeMachine() {
  const processors = cpus()
  return `${processors[0]?.model.trim() ?? process.arch}, ${processors.length} threads, ${Math.round(totalmem() / 1e9)} GB, ${process.platform}, Node ${process.versions.node}`
}
